package spell_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

func TestNearest(t *testing.T) {
	names := []string{"rsi", "rsi_14", "macd", "bollinger_bands", "EMA", "sma"}
	for _, tc := range []struct{ name, want string }{
		{"rsi", "rsi"},
		{"rsi_41", "rsi_14"},
		{"macdd", "macd"},
		{"bolinger_band", "bollinger_bands"},
		{"RSI", "rsi"},
		{"ema", "EMA"},
		{"xma", "EMA"}, // as near as sma, and first
		{"stochastic", ""},
		{"", ""},
		{"zz", ""},
	} {
		if got := spell.Nearest(tc.name, names); got != tc.want {
			t.Errorf("Nearest(%q) = %q, want %q", tc.name, got, tc.want)
		}
	}
	if got := spell.Nearest("x", nil); got != "" {
		t.Errorf("Nearest without candidates = %q", got)
	}
}

// The nearest name must be as near as the slow, obvious count of edits says.
func TestNearest_like_the_definition(t *testing.T) {
	word := rapid.StringMatching(`[ab]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		name, candidates := word.Draw(t, "name"), rapid.SliceOfN(word, 1, 5).Draw(t, "candidates")
		want, best := "", -1
		for _, c := range candidates {
			if d := edits(name, c); d <= max(1, max(len(name), len(c))/3) && (best < 0 || d < best) {
				want, best = c, d
			}
		}
		if got := spell.Nearest(name, candidates); got != want {
			t.Fatalf("Nearest(%q, %q) = %q, want %q", name, candidates, got, want)
		}
	})
}

// edits is the Levenshtein distance by its recursive definition.
func edits(a, b string) int {
	switch {
	case a == "" || b == "":
		return len(a) + len(b)
	case a[0] == b[0]:
		return edits(a[1:], b[1:])
	}
	return 1 + min(edits(a[1:], b), edits(a, b[1:]), edits(a[1:], b[1:]))
}

func TestHint(t *testing.T) {
	if got := spell.Hint("opne", []string{"high", "open_price"}); got != "" {
		t.Errorf("Hint of something far = %q", got)
	}
	if got := spell.Hint("hihg", []string{"hig"}); !strings.Contains(got, "hig?") {
		t.Errorf("Hint = %q", got)
	}
}

func ExampleHint() {
	fmt.Printf("unknown indicator %q%s\n", "bolinger", spell.Hint("bolinger", []string{"rsi", "bollinger"}))
	// Output:
	// unknown indicator "bolinger" (did you mean bollinger?)
}
