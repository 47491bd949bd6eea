package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// A Console is where a command reads and writes, and how. Data goes to Out, talk
// to Err. Make one with New.
type Console struct {
	Out, Err io.Writer
	JSON     bool // one JSON value goes to Out instead of text

	in      io.Reader
	backend string // address that the command talks to, once it does
	live    bool   // Err is a terminal: lines may be redrawn
	color   bool   // Err and Out are terminals that want colour
	width   int    // of the terminal in columns; 0: not one
}

// New returns a console of these streams, which looks whether they are terminals.
func New(in io.Reader, out, err io.Writer) *Console {
	c := &Console{in: in, Out: out, Err: err}
	if width, ok := terminalWidth(err); ok {
		c.live = os.Getenv("TERM") != "dumb"
		c.width = width
	}
	_, outIsTerminal := terminalWidth(out)
	c.color = c.live && outIsTerminal && os.Getenv("NO_COLOR") == ""
	return c
}

func terminalWidth(w io.Writer) (int, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	return width, true
}

// Say writes one line for a person to stderr.
func (c *Console) Say(format string, args ...any) { fmt.Fprintf(c.Err, format+"\n", args...) }

// Show writes what a command has to give: value as JSON with --json, else what
// human writes.
func (c *Console) Show(value any, human func(w io.Writer)) error {
	if c.JSON {
		return c.WriteJSON(value)
	}
	var b bytes.Buffer
	human(&b)
	_, err := c.Out.Write(b.Bytes())
	return err
}

// WriteJSON writes one JSON value for programs.
func (c *Console) WriteJSON(value any) error {
	encoder := json.NewEncoder(c.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func (c *Console) paint(color text.Color, s string) string {
	if !c.color {
		return s
	}
	return color.EscapeSeq() + s + text.Reset.EscapeSeq()
}

// Red paints s where the console has colours.
func (c *Console) Red(s string) string { return c.paint(text.FgRed, s) }

// Green is Red in another colour.
func (c *Console) Green(s string) string { return c.paint(text.FgGreen, s) }

// Yellow is Red in another colour.
func (c *Console) Yellow(s string) string { return c.paint(text.FgYellow, s) }

// Status paints the word of a status.
func (c *Console) Status(s string) string {
	switch s {
	case "completed", "available", "running":
		return c.Green(s)
	case "failed", "temporarily_unavailable":
		return c.Red(s)
	case "cancelled", "busy", "resuming":
		return c.Yellow(s)
	default:
		return s
	}
}
