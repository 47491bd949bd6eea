package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
)

func newDataImport(c *command.Console) *cobra.Command {
	var o wire.ImportOptions
	cmd := &cobra.Command{
		Use: "import FILE --symbol SYMBOL --timeframe TF", Short: "Import bars from a CSV or Parquet file",
		Long: `Import bars from a CSV or Parquet file into the backend's store.

The layout is recognised: with or without a header, dates and times in one or two
columns or as Unix seconds, as MetaTrader, Yahoo and KTRDR write them. Columns bid
and ask, or the prices of both sides (bid_open to ask_close), are the quotes of
bars, of which a backtest can take its spread (--spread quotes). A file
with a bad row is refused as a whole, naming line, column and rule; --skip-bad
leaves bad rows out and reports them. Importing again changes nothing; an
overlapping file adds to what is held and never removes.`,
		Example: "  ktrdr data import GBPUSD_1h.csv --symbol GBPUSD --timeframe 1h",
		Args:    command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			if _, _, err := command.ParsePair(o.Symbol, o.Timeframe); err != nil {
				return err
			}
			report, err := importFile(c, cmd, client, args[0], o)
			if err != nil {
				return err
			}
			return c.Show(report, func(w io.Writer) { printImport(w, report) })
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.Symbol, "symbol", "s", "", "symbol of the bars, for example EURUSD")
	f.StringVarP(&o.Timeframe, "timeframe", "t", "", "timeframe of the bars, for example 1h")
	f.StringVar(&o.Format, "format", "", "csv or parquet (default: by the name of the file)")
	f.StringVar(&o.Timezone, "timezone", "", "time zone of times that carry none (default UTC)")
	f.BoolVar(&o.SkipBad, "skip-bad", false, "leave bad rows out and report them")
	for _, required := range []string{"symbol", "timeframe"} {
		_ = cmd.MarkFlagRequired(required)
	}
	return cmd
}

// importFile sends one file to the backend.
func importFile(c *command.Console, cmd *cobra.Command, client *wire.Client, path string, o wire.ImportOptions) (wire.ImportReport, error) {
	f, err := command.Open(path)
	if err != nil {
		return wire.ImportReport{}, err
	}
	defer f.Close()
	o.File = filepath.Base(path)
	return client.ImportBars(cmd.Context(), o, f)
}

func printImport(w io.Writer, r wire.ImportReport) {
	quotes := ""
	if r.Quotes {
		quotes = " with bid and ask"
	}
	fmt.Fprintf(w, "Imported %s %s from %s: %s rows%s, %s added, %s changed, %s already held.\n", r.Symbol, r.Timeframe, r.File,
		display.Integer(r.Rows), quotes, display.Integer(r.Added), display.Integer(r.Changed), display.Integer(r.Same))
	fmt.Fprintf(w, "Held now: %s bars, %s to %s.\n", display.Integer(r.Held.Bars), display.Moment(r.Held.First), display.Moment(r.Held.Last))
	if len(r.Ignored) > 0 {
		fmt.Fprintf(w, "Not used: %s.\n", strings.Join(r.Ignored, ", "))
	}
	if r.Skipped > 0 {
		fmt.Fprintf(w, "Left out %s bad rows:\n", display.Integer(r.Skipped))
		for _, p := range r.Problems {
			fmt.Fprintf(w, "  %s\n", p)
		}
	}
}
