package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// A console is where a command reads and writes, and how. Data goes to out, talk
// to err.
type console struct {
	in       io.Reader
	out, err io.Writer
	json     bool
	backend  string // address that the command talks to, once it does
	live     bool   // err is a terminal: lines may be redrawn
	color    bool   // err and out are terminals that want colour
	width    int    // of the terminal in columns; 0: not one
}

func newConsole(in io.Reader, out, err io.Writer) *console {
	c := &console{in: in, out: out, err: err}
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

// say writes one line for a person to stderr.
func (c *console) say(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }

// show writes what a command has to give: value as JSON with --json, else what
// human writes.
func (c *console) show(value any, human func(w io.Writer)) error {
	if c.json {
		return c.writeJSON(value)
	}
	var b bytes.Buffer
	human(&b)
	_, err := c.out.Write(b.Bytes())
	return err
}

func (c *console) writeJSON(value any) error {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func (c *console) paint(color text.Color, s string) string {
	if !c.color {
		return s
	}
	return color.EscapeSeq() + s + text.Reset.EscapeSeq()
}

func (c *console) red(s string) string    { return c.paint(text.FgRed, s) }
func (c *console) green(s string) string  { return c.paint(text.FgGreen, s) }
func (c *console) yellow(s string) string { return c.paint(text.FgYellow, s) }

// status paints the word of a status.
func (c *console) status(s string) string {
	switch s {
	case "completed", "available", "running":
		return c.green(s)
	case "failed", "temporarily_unavailable":
		return c.red(s)
	case "cancelled", "busy", "resuming":
		return c.yellow(s)
	default:
		return s
	}
}
