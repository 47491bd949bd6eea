package display

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// Columns writes a table with a heading for each column. Columns whose number is
// in right are aligned to the right.
func Columns(w io.Writer, headings []string, rows [][]string, right ...int) {
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

// A Fact is one line of a report: a name and its value.
type Fact [2]string

// Facts writes a title and below it one aligned line per fact, leaving out those
// without a value.
func Facts(w io.Writer, title string, all []Fact) {
	longest := 0
	for _, f := range all {
		longest = max(longest, len(f[0]))
	}
	fmt.Fprintln(w, title)
	for _, f := range all {
		if f[1] != "" {
			fmt.Fprintf(w, "  %-*s  %s\n", longest, f[0], f[1])
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

// Percent prints a fraction of 1 as per cent.
func Percent(x *float64, digits int) string {
	if x == nil {
		return "–"
	}
	scaled := *x * 100
	return number(&scaled, digits) + " %"
}

// Integer prints n with thousands apart.
func Integer(n int) string { return group3(strconv.Itoa(n)) }

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

// Moment prints a time in UTC to the second.
func Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// Duration prints d as people say it: 0.4s, 12s, 3m05s, 2h10m.
func Duration(d time.Duration) string {
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

// OrDash returns s, or a dash for nothing.
func OrDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// money prints an amount to the hundredth.
func money(x float64) string { return number(&x, 2) }

// Joined prints values between spaces.
func Joined[T any](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, " ")
}

// Size prints a number of bytes as people say it.
func Size(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	default:
		return fmt.Sprintf("%d MB", n/1_000_000)
	}
}

// Count says how many of something there are.
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Optional prints a text that may be missing or empty.
func Optional(s *string) string {
	if s == nil {
		return OrDash("")
	}
	return OrDash(*s)
}

// Waiting tells the place in the queue, or that a cancel is under way.
func Waiting(op wire.Operation) string {
	switch {
	case op.Status.Terminal():
		return ""
	case op.CancelRequested:
		return " (cancel requested; the worker is stopping)"
	case op.QueuePosition > 0:
		return fmt.Sprintf(" (place %d in the queue)", op.QueuePosition)
	default:
		return ""
	}
}
