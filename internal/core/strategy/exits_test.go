package strategy_test

import (
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func TestClock(t *testing.T) {
	for text, want := range map[string]strategy.Clock{"00:01": 1, "09:30": 570, "21:00": 1260, "24:00": 1440} {
		got, err := strategy.ParseClock(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("ParseClock(%q) = %d (%v), %v, want %d", text, got, got, err, want)
		}
	}
	for _, text := range []string{"", "00:00", "24:01", "9:30", "12:60", "12.30", "ab:cd", "12:3٣", "-1:00", "12:000"} {
		if got, err := strategy.ParseClock(text); err == nil {
			t.Errorf("ParseClock(%q) = %v, want an error", text, got)
		}
	}
}
