package command_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
)

func at(status operation.Status, percent float64, phase, step string) wire.Operation {
	var op wire.Operation
	op.ID, op.Status = "op_1", status
	op.Progress.Percentage, op.Progress.Phase, op.Progress.CurrentStep = percent, phase, step
	return op
}

// TestLine/terminal redraws one line; TestLine/pipe writes a line when something
// has changed enough.
func TestLine(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	updates := []wire.Operation{
		at(operation.Pending, 0, "", ""),
		at(operation.Running, 0, "data", "Loading bars"),
		at(operation.Running, 4, "training", "Epoch 2/50"),
		at(operation.Running, 5, "training", "Epoch 3/50"),
		at(operation.Running, 50, "training", "Epoch 25/50"),
		at(operation.Completed, 100, "", ""),
	}
	show := func(width int) string {
		var out strings.Builder
		line := command.NewLine(&out, width)
		for i, op := range updates {
			line.Update(begin.Add(time.Duration(i)*10*time.Second), op)
		}
		line.Clear()
		return out.String()
	}

	t.Run("terminal", func(t *testing.T) {
		got := show(100)
		if strings.Contains(got, "\n") || !strings.HasSuffix(got, "\r\x1b[K") {
			t.Errorf("a terminal gets one line, redrawn and cleared at the end; have %q", got)
		}
		frames := strings.Split(got, "\r\x1b[K")
		for i, want := range map[int]string{
			1: "0 %  pending",
			4: "5 %  training  Epoch 3/50  ETA 6m20s",
			5: "████████████░░░░░░░░░░░░  50 %  training  Epoch 25/50  ETA 30s",
			6: "████████████████████████ 100 %  completed",
		} {
			if !strings.Contains(frames[i], want) {
				t.Errorf("frame %d = %q, want %q", i, frames[i], want)
			}
		}
	})
	t.Run("narrow_terminal", func(t *testing.T) {
		for _, frame := range strings.Split(show(40), "\r\x1b[K") {
			if n := len([]rune(frame)); n > 39 {
				t.Errorf("frame %q has %d columns, want at most 39", frame, n)
			}
		}
	})
	t.Run("pipe", func(t *testing.T) {
		want := "op_1 0 %  pending\nop_1 0 %  data  Loading bars\nop_1 4 %  training  Epoch 2/50\nop_1 50 %  training  Epoch 25/50\nop_1 100 %  completed\n"
		if got := show(0); got != want {
			t.Errorf("have %q, want %q", got, want)
		}
	})
}

func TestTruncate(t *testing.T) {
	for name, tc := range map[string]struct {
		line  string
		width int
		want  string
	}{
		"short":         {"abc", 5, "abc"},
		"exact":         {"abcde", 5, "abcde"},
		"long":          {"abcdef", 5, "abcde"},
		"wide_runes":    {"░░░░░░", 3, "░░░"},
		"colour":        {"\x1b[32mabcdef\x1b[0m", 3, "\x1b[32mabc\x1b[0m"},
		"lone_escape":   {"ab\x1b", 9, "ab\x1b"},
		"not_a_width":   {"abc", 0, "abc"},
		"invalid_bytes": {"a\xffb", 2, "a\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := command.Truncate(tc.line, tc.width); got != tc.want {
				t.Errorf("Truncate(%q, %d) = %q, want %q", tc.line, tc.width, got, tc.want)
			}
		})
	}
}
