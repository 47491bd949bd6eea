package command

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/display"
)

// A progressLine shows how far an operation is: one line that is redrawn on a
// terminal, elsewhere a new line when something has changed enough.
type progressLine struct {
	c     *Console
	first struct { // the first sign of progress, from which the end is guessed
		at      time.Time
		percent float64
	}
	last  string  // what was printed last, without its time
	shown float64 // percentage that was printed last
	drawn bool    // a line stands on the terminal
}

func newProgressLine(c *Console) *progressLine { return &progressLine{c: c} }

// stepPercent is how far an operation must have come for another plain line.
const stepPercent = 10

// update shows the state of the operation.
func (p *progressLine) update(now time.Time, op wire.Operation) {
	if op.Status == operation.Running && p.first.at.IsZero() {
		p.first.at, p.first.percent = now, op.Progress.Percentage
	}
	if p.c.live {
		p.draw(p.line(now, op))
		return
	}
	state := string(op.Status) + display.Waiting(op) + " " + op.Progress.Phase
	if state == p.last && op.Progress.Percentage < p.shown+stepPercent {
		return
	}
	p.last, p.shown = state, op.Progress.Percentage
	p.c.Say("%s %s", op.ID, strings.TrimSpace(describe(op)))
}

// notice shows a sentence in place of progress.
func (p *progressLine) notice(sentence string) {
	if p.c.live {
		p.draw(sentence)
	} else if p.last != sentence {
		p.last = sentence
		p.c.Say("%s", sentence)
	}
}

// clear removes the line from the terminal.
func (p *progressLine) clear() {
	if p.drawn {
		fmt.Fprint(p.c.Err, "\r\x1b[K")
		p.drawn = false
	}
}

func (p *progressLine) draw(line string) {
	fmt.Fprintf(p.c.Err, "\r\x1b[K%s", truncate(line, p.c.width-1))
	p.drawn = true
}

const barWidth = 24

// line is one line for a terminal: bar, percent, phase, time to go.
func (p *progressLine) line(now time.Time, op wire.Operation) string {
	percent := min(max(op.Progress.Percentage, 0), 100)
	full := int(percent / 100 * barWidth)
	bar := strings.Repeat("█", full) + strings.Repeat("░", barWidth-full)
	return strings.TrimSpace(p.c.Green(bar) + " " + describe(op) + p.remaining(now, percent))
}

// describe says in words how far the operation is.
func describe(op wire.Operation) string {
	parts := []string{fmt.Sprintf("%3.0f %%", op.Progress.Percentage)}
	if op.Status != operation.Running {
		parts = append(parts, string(op.Status)+display.Waiting(op))
	} else if op.CancelRequested {
		parts = append(parts, "cancelling")
	}
	if op.Progress.Phase != "" {
		parts = append(parts, op.Progress.Phase)
	}
	if op.Progress.CurrentStep != "" && op.Progress.CurrentStep != op.Progress.Phase {
		parts = append(parts, op.Progress.CurrentStep)
	}
	return strings.Join(parts, "  ")
}

// remaining guesses the time to go from the pace so far.
func (p *progressLine) remaining(now time.Time, percent float64) string {
	done := percent - p.first.percent
	elapsed := now.Sub(p.first.at)
	if p.first.at.IsZero() || done < 1 || elapsed < time.Second || percent >= 100 {
		return ""
	}
	return "  ETA " + display.Duration(time.Duration(float64(elapsed)*(100-percent)/done))
}

// truncate shortens a line to the width of a terminal, so that redrawing it does
// not leave wrapped pieces behind. Colour codes take no width.
func truncate(line string, width int) string {
	if width <= 0 {
		return line
	}
	var b strings.Builder
	columns := 0
	for i := 0; i < len(line); {
		if line[i] == '\x1b' {
			end := i + 1 + strings.IndexByte(line[i+1:], 'm')
			b.WriteString(line[i : end+1])
			i = end + 1
			continue
		}
		r, size := utf8.DecodeRuneInString(line[i:])
		if columns < width {
			b.WriteRune(r)
		}
		columns++
		i += size
	}
	return b.String()
}
