package command

import (
	"io"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// A Line is the progress line of a terminal of the given width.
type Line struct{ p *progressLine }

// NewLine returns a progress line that writes to w.
func NewLine(w io.Writer, width int) Line {
	return Line{newProgressLine(&Console{Err: w, live: width > 0, width: width})}
}

// Update shows the state of op.
func (l Line) Update(now time.Time, op wire.Operation) { l.p.update(now, op) }

// Clear removes the line.
func (l Line) Clear() { l.p.clear() }

// Truncate is what lines are printed with.
var Truncate = truncate
