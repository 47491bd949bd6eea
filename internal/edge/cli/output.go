package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// A console is where a command reads and writes, and how. Data goes to out, talk
// to err.
type console struct {
	in         io.Reader
	out, err   io.Writer
	json       bool
	configFile string
	backend    string // address that the command talks to, once it does
	live       bool   // err is a terminal: lines may be redrawn
	color      bool   // err and out are terminals that want colour
	width      int    // of the terminal in columns; 0: not one
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

// columns writes a table with a heading for each column. Columns whose number is
// in right are aligned to the right.
func columns(w io.Writer, headings []string, rows [][]string, right ...int) {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.Options{SeparateColumns: false, SeparateHeader: true}
	style.Format.Header = text.FormatUpper
	t.SetStyle(style)
	t.AppendHeader(cells(headings))
	for _, row := range rows {
		t.AppendRow(cells(row))
	}
	var configs []table.ColumnConfig
	for _, n := range right {
		configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	fmt.Fprintln(w, t.Render())
}

func cells(values []string) table.Row {
	row := make(table.Row, len(values))
	for i, v := range values {
		row[i] = v
	}
	return row
}

// A fact is one line of a report: a name and its value.
type fact struct{ name, value string }

// facts writes a title and below it one aligned line per fact, leaving out those
// without a value.
func facts(w io.Writer, title string, all []fact) {
	longest := 0
	for _, f := range all {
		longest = max(longest, len(f.name))
	}
	fmt.Fprintln(w, title)
	for _, f := range all {
		if f.value != "" {
			fmt.Fprintf(w, "  %-*s  %s\n", longest, f.name, f.value)
		}
	}
}

// number prints x with the given digits after the point and thousands apart; a
// value that is not defined is a dash.
func number(x *float64, digits int) string {
	if x == nil || math.IsNaN(*x) || math.IsInf(*x, 0) {
		return "–"
	}
	return group3(strconv.FormatFloat(*x, 'f', digits, 64))
}

// percent prints a fraction of 1 as per cent.
func percent(x *float64, digits int) string {
	if x == nil {
		return "–"
	}
	scaled := *x * 100
	return number(&scaled, digits) + " %"
}

func integer(n int) string { return group3(strconv.Itoa(n)) }

// group3 puts commas between thousands: 1234567.8 becomes 1,234,567.8.
func group3(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, fraction, hasFraction := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasFraction {
		whole += "." + fraction
	}
	return sign + whole
}

// moment prints a time in UTC to the second.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// duration prints d as people say it: 0.4s, 12s, 3m05s, 2h10m.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
