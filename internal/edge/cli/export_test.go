package cli

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// Commands is the tree of commands, for the generated reference.
func Commands() *cobra.Command { return newRoot(newConsole(nil, io.Discard, io.Discard)) }

// A Line is the progress line of a terminal of the given width.
type Line struct{ p *progressLine }

// NewLine returns a progress line that writes to w.
func NewLine(w io.Writer, width int) Line {
	return Line{newProgressLine(&console{err: w, live: width > 0, width: width})}
}

// Update shows the state of op.
func (l Line) Update(now time.Time, op wire.Operation) { l.p.update(now, op) }

// Clear removes the line.
func (l Line) Clear() { l.p.clear() }

// Truncate is what lines are printed with.
var Truncate = truncate
