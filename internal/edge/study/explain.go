package study

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// An explanation is what a strategy comes to.
type explanation struct {
	Strategy string             `json:"strategy"`
	Hash     string             `json:"hash"`
	Base     market.Timeframe   `json:"base_timeframe"`
	Period   string             `json:"date_range,omitempty"`          // of the bars that are trained on, in words
	Backtest string             `json:"backtest_date_range,omitempty"` // of those of a backtest
	MeantFor string             `json:"meant_for,omitempty"`           // what its models are for, in words; absent: everything
	Features []printedFeature   `json:"features"`
	WarmUp   []warmUp           `json:"warm_up"`
	Symbol   market.Symbol      `json:"symbol,omitempty"` // whose bars were looked at
	Bars     int                `json:"bars,omitempty"`   // of the base timeframe
	Coverage []feature.Coverage `json:"coverage,omitempty"`
	Cost     cost               `json:"cost"`
}

// A warmUp is what the indicators of one timeframe or data source need before a
// row is complete.
type warmUp struct {
	Timeframe  market.Timeframe `json:"timeframe"`
	DataSource string           `json:"data_source,omitempty"`
	Lookback   int              `json:"lookback"` // bars before the first value
	Settled    int              `json:"settled"`  // bars until the beginning of the bars does not matter
}

// A cost is what a training computes, roughly.
type cost struct {
	Parameters   int      `json:"parameters"`
	Epochs       int      `json:"epochs"`
	MultiplyAdds *float64 `json:"multiply_adds,omitempty"` // of all epochs over the training share of the bars
	Seconds      *float64 `json:"seconds,omitempty"`       // of one core
}

// coreRate is how many multiply-adds of a training one core makes in a second, of
// the order of what small networks were measured to reach.
const coreRate = 2e9

// passes is how often a training step visits each weight: forward, and twice
// backward.
const passes = 3

// Explain is the command that says what a strategy comes to.
func Explain(c *command.Console) *cobra.Command {
	var source barSource
	cmd := &cobra.Command{
		Use: "explain FILE|NAME", Short: "Say what a strategy comes to: inputs, warm-up, coverage, cost",
		Long: `Say what a strategy comes to: the inputs of its network in their order, the bars
that its indicators need, and what a training costs. With bars (--data, or --symbol
for those that the backend holds) also how far the fuzzy sets cover them: an input
is blind at a bar where no degree is above 0.05, and the network then learns
nothing from it. The bars are those of the date_range, where the strategy has one.
Sets that a training places on its rows (place) stand where a
training over these bars would place them; without bars they stand nowhere yet. A name means a strategy that the backend holds.`,
		Example: "  ktrdr strategies explain my.yaml --data EURUSD_1h.csv\n  ktrdr strategies explain my.yaml --symbol EURUSD",
		Args:    command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.OpenStrategy(cmd, args[0])
			if err != nil {
				return err
			}
			x, err := explain(c, cmd, s, source)
			if err != nil {
				return err
			}
			return c.Show(x, func(w io.Writer) { printExplanation(w, x) })
		},
	}
	source.bind(cmd)
	return cmd
}

func explain(c *command.Console, cmd *cobra.Command, s *strategy.Strategy, source barSource) (explanation, error) {
	x := explanation{Strategy: s.Name, Hash: s.Hash(), Base: s.Base, Period: strategy.PeriodText(s.Period), Backtest: strategy.PeriodText(s.BacktestPeriod), MeantFor: s.Deployment.String(),
		Features: features(s), WarmUp: warmUps(s)}
	none, err := label.Make(s.Training.Labels, market.NewSeries(s.Symbols[0], s.Base, 0))
	if err != nil {
		return x, err
	}
	shape, err := model.Config(s, none.Classes)
	if err != nil {
		return x, err
	}
	x.Cost = cost{Parameters: shape.Parameters(), Epochs: s.Training.Epochs}
	f, ok, err := source.frame(c, cmd, s)
	if err != nil || !ok {
		return x, err
	}
	bars := f.Series[s.Base].Len()
	if x.Bars = f.Series[s.Base].Within(s.Period).Len(); x.Bars == 0 {
		return x, exit.NotFoundf("none of the %d bars of %s %s lies in training_data.date_range, %s", bars, f.Symbol, s.Base, strategy.PeriodText(s.Period))
	}
	scaling, err := x.place(cmd.Context(), s, f)
	if err != nil {
		return x, err
	}
	if x.Coverage, err = feature.Cover(cmd.Context(), s, f, s.Period, scaling); err != nil {
		return x, err
	}
	x.Symbol = f.Symbol
	work := passes * float64(x.Cost.Parameters) * float64(x.Cost.Epochs) * s.Training.Split.Train * float64(x.Bars)
	seconds := work / coreRate
	x.Cost.MultiplyAdds, x.Cost.Seconds = &work, &seconds
	return x, nil
}

// place gives the features whose sets a training places the parameters that one
// over these bars would give them.
func (x *explanation) place(ctx context.Context, s *strategy.Strategy, f feature.Frame) (feature.Scaling, error) {
	if !slices.ContainsFunc(x.Features, func(p printedFeature) bool { return p.Place != "" }) {
		return nil, nil
	}
	alone, err := s.With([]market.Symbol{f.Symbol}, nil)
	if err != nil {
		return nil, err
	}
	scaling, err := train.Scaling(ctx, train.Input{Strategy: alone, Frames: []feature.Frame{f}, Span: s.Period})
	if err != nil {
		return nil, err
	}
	for i, p := range x.Features {
		for _, r := range scaling {
			if r.Feature == p.FeatureID && p.Place != "" {
				x.Features[i].Parameters = r.Parameters
			}
		}
	}
	return scaling, nil
}

// warmUps returns what each timeframe and data source needs, in the order of the
// strategy.
func warmUps(s *strategy.Strategy) []warmUp {
	var all []warmUp
	for _, tf := range s.Timeframes {
		all = append(all, warmUp{Timeframe: tf})
	}
	for _, source := range s.Context {
		all = append(all, warmUp{Timeframe: source.Timeframe, DataSource: source.ID})
	}
	for i, one := range all {
		for _, f := range s.Features() {
			if in := s.Indicators[f.Indicator].Indicator; f.Timeframe == one.Timeframe && f.Source == one.DataSource {
				all[i].Lookback, all[i].Settled = max(all[i].Lookback, in.Lookback()), max(all[i].Settled, in.WarmUp())
			}
		}
	}
	return all
}

func printExplanation(w io.Writer, x explanation) {
	fmt.Fprintf(w, "Strategy %s decides on %s.\n", x.Strategy, x.Base)
	if x.Period != "" {
		fmt.Fprintf(w, "It is trained on bars from %s, where a request names no other dates in this range.\n", x.Period)
	}
	if x.Backtest != "" {
		fmt.Fprintf(w, "A backtest is of bars from %s, where a request names no other dates in this range.\n", x.Backtest)
	}
	if x.MeantFor != "" {
		fmt.Fprintf(w, "Its models are meant for %s.\n", x.MeantFor)
	}
	fmt.Fprintf(w, "Its network reads %s:\n", display.Count(len(x.Features), "input"))
	var rows [][]string
	for i, f := range x.Features {
		rows = append(rows, []string{strconv.Itoa(i + 1), f.FeatureID, f.origin(), f.lastStep(), f.parameters()})
	}
	display.Columns(w, []string{"#", "input", "of", "function", "parameters"}, rows, 1)

	rows = nil
	for _, u := range x.WarmUp {
		length := time.Duration(int64(u.Settled)*u.Timeframe.Seconds()) * time.Second
		rows = append(rows, []string{strings.TrimSpace(u.Timeframe.String() + " " + u.DataSource), display.Integer(u.Lookback), display.Integer(u.Settled), fmt.Sprintf("%.1f days", length.Hours()/24)})
	}
	fmt.Fprintln(w, "\nBars before the first value, and until the beginning of the bars does not matter:")
	display.Columns(w, []string{"timeframe", "first value", "settled", "without gaps"}, rows, 2, 3, 4)

	if x.Coverage == nil {
		fmt.Fprintln(w, "\nCoverage: name bars with --data FILE or --symbol SYMBOL.")
	} else {
		printCoverage(w, x)
	}
	fmt.Fprintf(w, "\nThe network has %s parameters; a training has at most %s", display.Integer(x.Cost.Parameters), display.Count(x.Cost.Epochs, "epoch"))
	if x.Cost.Seconds != nil {
		fmt.Fprintf(w, " and makes about %.2g multiply-adds, some %.2g s of one core", *x.Cost.MultiplyAdds, *x.Cost.Seconds)
	}
	fmt.Fprintln(w, ".")
}

func printCoverage(w io.Writer, x explanation) {
	fmt.Fprintf(w, "\nOver %s bars of %s %s (blind: no degree above %v):\n", display.Integer(x.Bars), x.Symbol, x.Base, feature.Blind)
	var rows [][]string
	for _, c := range x.Coverage {
		blind := ""
		if c.Blind != nil {
			blind = fmt.Sprintf("%.1f%%", 100**c.Blind)
		}
		for i, f := range c.Features {
			row := []string{"", "", "", f.Name, "", "", ""}
			if i == 0 {
				row[0], row[1], row[2] = c.Input+" "+c.Timeframe.String(), display.Integer(c.Known), blind
			}
			if f.Mean != nil {
				row[4], row[5], row[6] = fmt.Sprintf("%.4g", *f.Mean), fmt.Sprintf("%.4g", *f.Min), fmt.Sprintf("%.4g", *f.Max)
			}
			rows = append(rows, row)
		}
	}
	display.Columns(w, []string{"input", "known", "blind", "feature", "mean", "least", "largest"}, rows, 2, 3, 5, 6, 7)
}
