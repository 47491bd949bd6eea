package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

func newDataShow(c *command.Console) *cobra.Command {
	var (
		timeframe, format string
		rows              int
		span              command.Period
	)
	cmd := &cobra.Command{
		Use: "show SYMBOL [TIMEFRAME]", Short: "Show held bars, the newest by default",
		Example: "  ktrdr data show GBPUSD 1h --rows 5\n  ktrdr data show GBPUSD -t 1h --start-date 2020-01-01 --format csv",
		Args:    command.Arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			if err := checkShow(span, rows, format); err != nil {
				return err
			}
			symbol, tf, err := pairOf(args, timeframe)
			if err != nil {
				return err
			}
			bars, err := client.Bars(cmd.Context(), symbol, tf, wire.BarsQuery{StartDate: span.Start, EndDate: span.End, Limit: rows})
			if err != nil {
				return err
			}
			if len(bars.Dates) == 0 {
				return exit.NotFoundf("no bars of %s %s are held in this period; see: ktrdr data list", symbol, tf)
			}
			if format == "json" {
				return c.WriteJSON(bars)
			}
			return c.Show(bars, func(w io.Writer) { printBars(w, bars, format) })
		},
	}
	f := cmd.Flags()
	f.StringVarP(&timeframe, "timeframe", "t", "", "timeframe, instead of the second argument")
	f.IntVarP(&rows, "rows", "r", 10, "show the newest so many, up to 100000")
	f.StringVarP(&format, "format", "f", "table", "table, json or csv")
	span.Bind(cmd)
	command.RenameFlags(cmd, map[string]string{"start": "start-date", "end": "end-date"})
	return cmd
}

func checkShow(span command.Period, rows int, format string) error {
	if err := span.Check(); err != nil {
		return err
	}
	if rows < 1 || rows > 100_000 {
		return exit.Usagef("--rows %d: want 1 to 100000", rows)
	}
	if !slices.Contains([]string{"table", "json", "csv"}, format) {
		return exit.Usagef("--format %q: want one of table, json, csv", format)
	}
	return nil
}

func printBars(w io.Writer, bars wire.Bars, format string) {
	headings := []string{"timestamp", "open", "high", "low", "close", "volume"}
	if bars.Quotes != nil {
		headings = append(headings, "bid", "ask")
	}
	rows := make([][]string, len(bars.Dates))
	for i, date := range bars.Dates {
		row := []string{date + "Z"}
		values := bars.OHLCV[i][:]
		if bars.Quotes != nil {
			values = append(slices.Clone(values), bars.Quotes[i][:]...)
		}
		for _, x := range values {
			text := ""
			if x != nil {
				text = strconv.FormatFloat(*x, 'f', -1, 64)
			}
			row = append(row, text)
		}
		rows[i] = row
	}
	if format == "csv" {
		out := csv.NewWriter(w)
		_ = out.WriteAll(append([][]string{headings}, rows...)) // w is a buffer: it does not fail
		return
	}
	display.Columns(w, headings, rows, 2, 3, 4, 5, 6, 7, 8)
	fmt.Fprintf(w, "%s %s, %s of %s bars\n", bars.Metadata.Symbol, bars.Metadata.Timeframe, display.Integer(len(rows)), display.Integer(max(bars.Metadata.OriginalPoints, len(rows))))
}
