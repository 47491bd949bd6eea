package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// maxSampleBars bounds the memory of a sample market.
const maxSampleBars = 5_000_000

// A sampleRequest is what the flags of data sample ask for.
type sampleRequest struct {
	symbol, timeframe, start, output string
	seed                             uint64
	bars                             int
	load, quotes                     bool
}

// A sampleReport is the JSON of data sample.
type sampleReport struct {
	Symbol    market.Symbol      `json:"symbol"`
	Timeframe market.Timeframe   `json:"timeframe"`
	Seed      uint64             `json:"seed"`
	Bars      int                `json:"bars"`
	First     string             `json:"first"`
	Last      string             `json:"last"`
	File      string             `json:"file,omitempty"`
	Import    *wire.ImportReport `json:"import,omitempty"`
}

func newDataSample(c *command.Console) *cobra.Command {
	var r sampleRequest
	cmd := &cobra.Command{
		Use: "sample --symbol SYMBOL --timeframe TF", Short: "Make up a market, for trying the system without data",
		Long: `Make up a market, for trying the system without data.

The market is drawn from a seed: the same seed gives the same bars on every
machine. Volatility and drift switch between regimes; the drift lasts long enough
for a network that is shown momentum to learn it. That edge is there by
construction and says nothing about any real market.

The bars are written as CSV to stdout, to the file of --output, or with --import
straight into the backend's store.`,
		Example: "  ktrdr data sample --symbol SAMPLE --timeframe 1h --bars 20000 -o sample.csv\n  ktrdr data sample --symbol SAMPLE --timeframe 1h --import",
		Args:    command.Arguments(0, 0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return makeSample(c, cmd, r) },
	}
	f := cmd.Flags()
	f.StringVarP(&r.symbol, "symbol", "s", "SAMPLE", "symbol; it takes part in the seed")
	f.StringVarP(&r.timeframe, "timeframe", "t", "1h", "timeframe")
	f.Uint64Var(&r.seed, "seed", 1, "seed of the market")
	f.IntVar(&r.bars, "bars", 10_000, "number of bars")
	f.StringVar(&r.start, "start", "", "first day, as 2006-01-02 (default 2015-01-05)")
	f.StringVarP(&r.output, "output", "o", "", "write CSV to this file")
	f.BoolVar(&r.quotes, "quotes", false, "with bid and ask, of which a backtest can take its spread")
	f.BoolVar(&r.load, "import", false, "import the bars into the backend")
	return cmd
}

func makeSample(c *command.Console, cmd *cobra.Command, r sampleRequest) error {
	bars, err := r.generate()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := tabular.WriteCSV(&text, bars); err != nil {
		return err
	}
	report := sampleReport{
		Symbol: bars.Symbol, Timeframe: bars.Timeframe, Seed: r.seed, Bars: bars.Len(),
		First: market.Stamp(bars.Time[0]), Last: market.Stamp(bars.Time[bars.Len()-1]), File: r.output,
	}
	if r.output != "" {
		if err := os.WriteFile(r.output, text.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if r.load {
		imported, err := importSample(c, cmd, report, text.Bytes())
		if err != nil {
			return err
		}
		report.Import = &imported
	}
	return c.Show(report, func(w io.Writer) { printSample(w, report, text.Bytes()) })
}

// generate draws the market that the flags ask for.
func (r sampleRequest) generate() (market.Series, error) {
	symbol, tf, err := command.ParsePair(r.symbol, r.timeframe)
	if err != nil {
		return market.Series{}, err
	}
	if r.bars < 1 || r.bars > maxSampleBars {
		return market.Series{}, exit.Usagef("--bars %d: want 1 to %s", r.bars, display.Integer(maxSampleBars))
	}
	span, err := market.ParseSpan(r.start, "")
	if err != nil {
		return market.Series{}, exit.Usagef("--%w", err)
	}
	return sample.Generate(sample.Options{Symbol: symbol, Timeframe: tf, Seed: r.seed, Start: span.From, Bars: r.bars, Quotes: r.quotes}), nil
}

func importSample(c *command.Console, cmd *cobra.Command, report sampleReport, text []byte) (wire.ImportReport, error) {
	client, err := c.Client(cmd)
	if err != nil {
		return wire.ImportReport{}, err
	}
	o := wire.ImportOptions{
		File: fmt.Sprintf("sample-%d.csv", report.Seed), Format: "csv",
		Symbol: string(report.Symbol), Timeframe: report.Timeframe.String(),
	}
	return client.ImportBars(cmd.Context(), o, bytes.NewReader(text))
}

func printSample(w io.Writer, r sampleReport, text []byte) {
	if r.File == "" && r.Import == nil {
		_, _ = w.Write(text) // w is a buffer: it does not fail
		return
	}
	fmt.Fprintf(w, "Sample market %s %s, seed %d: %s bars, %s to %s.\n", r.Symbol, r.Timeframe, r.Seed, display.Integer(r.Bars), r.First, r.Last)
	if r.File != "" {
		fmt.Fprintf(w, "Written to %s.\n", r.File)
	}
	if r.Import != nil {
		printImport(w, *r.Import)
	}
}
