package leak

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// The checks, by the names that a report has for them.
const (
	CheckKeys     = "keys"     // rows and labels belong to base bars, in their order
	CheckCut      = "cut"      // taking later bars away changes no row
	CheckChange   = "change"   // changing later bars changes no row
	CheckUnknown  = "unknown"  // what cannot be known yet, or any more, is not known
	CheckLabelEnd = "label"    // a label reads no bar beyond the end that it states
	CheckJoin     = "join"     // a sample is the features and the label of its own bar
	CheckPurge    = "purge"    // labels of a part are known before the next part begins
	CheckFit      = "constant" // constants come from training samples only
	CheckPrimary  = "primary"  // a primary model decides by what it knows, at bars that it was not trained on
)

// A Pipeline is how bars become what a network learns from.
type Pipeline struct {
	Strategy *strategy.Strategy
	Features func(ctx context.Context, f feature.Frame) (feature.Matrix, error) // before scaling
	Labels   func(ctx context.Context, f feature.Frame) (label.Labels, error)
	Samples  func(ctx context.Context, f feature.Frame) ([]train.Sample, error)
	Parts    func(samples []train.Sample) (training, validation, test []int)
	Fit      func(samples []train.Sample, training []int) (feature.Scaling, error)
	Primary  *Primary // nil where the labels are of bars

	reads *strategy.Strategy // of the primary model
}

// Of returns the pipeline of s as trainings and backtests run it; OfMeta that of a
// strategy that learns from the decisions of another model.
func Of(s *strategy.Strategy) Pipeline {
	return Pipeline{
		Strategy: s,
		Features: func(ctx context.Context, f feature.Frame) (feature.Matrix, error) {
			return feature.BuildUnscaled(ctx, s, f, market.Span{})
		},
		Labels: func(_ context.Context, f feature.Frame) (label.Labels, error) {
			return label.Make(s.Training.Labels, f.Series[s.Base])
		},
		Samples: func(ctx context.Context, f feature.Frame) ([]train.Sample, error) {
			return samples(ctx, s, f, train.Input{})
		},
		Parts: func(samples []train.Sample) (training, validation, test []int) { return train.Parts(s, samples) },
		Fit: func(samples []train.Sample, training []int) (feature.Scaling, error) {
			var rows []float32
			for _, i := range training {
				rows = append(rows, samples[i].X...)
			}
			return feature.Fit(s, rows)
		},
	}
}

// samples returns what a training of s on the bars of f alone learns from; in has
// what else it is given.
func samples(ctx context.Context, s *strategy.Strategy, f feature.Frame, in train.Input) ([]train.Sample, error) {
	alone, err := s.With([]market.Symbol{f.Symbol}, nil)
	if err != nil {
		return nil, err
	}
	in.Strategy, in.Frames = alone, []feature.Frame{f}
	return train.Samples(ctx, in)
}

// A Finding is one leak.
type Finding struct {
	Check string `json:"check"`
	Where string `json:"where"` // a feature, labels or a part
	Time  string `json:"time,omitempty"`
	What  string `json:"what"`
}

func (f Finding) String() string {
	if f.Time == "" {
		return fmt.Sprintf("%s: %s: %s", f.Check, f.Where, f.What)
	}
	return fmt.Sprintf("%s: %s at %s: %s", f.Check, f.Where, f.Time, f.What)
}

// A Report is what was looked at and what was found.
type Report struct {
	Looks    map[string]int `json:"looks"` // comparisons made by each check
	Findings []Finding      `json:"findings"`
}

// MinBars is the fewest base bars that can be examined.
const MinBars = 200

// maxPerPlace bounds the findings of one check about one place: one leak shows
// at every bar.
const maxPerPlace = 1

// Examine looks for leaks in p on the bars of one symbol, at moments that seed
// draws. It calls the functions of p a few times per moment.
func Examine(ctx context.Context, p Pipeline, f feature.Frame, moments int, seed uint64) (Report, error) {
	base := f.Series[p.Strategy.Base]
	if base.Len() < MinBars {
		return Report{}, fmt.Errorf("examine %s: %d bars of %s say nothing: want at least %d", f.Symbol, base.Len(), p.Strategy.Base, MinBars)
	}
	e := &examination{Pipeline: p, frame: f, base: base, random: rand.New(rand.NewPCG(seed, 1)), moments: moments,
		report: Report{Looks: map[string]int{}, Findings: []Finding{}}}
	for _, step := range []func(context.Context) error{e.features, e.holes, e.calls, e.labels, e.samples} {
		if err := step(ctx); err != nil {
			return Report{}, fmt.Errorf("examine %s: %w", f.Symbol, err)
		}
	}
	return e.report, nil
}

// An examination is one call of Examine.
type examination struct {
	Pipeline
	frame   feature.Frame
	base    market.Series
	random  *rand.Rand
	moments int
	matrix  feature.Matrix // of the whole frame
	marks   label.Labels   // of the whole base series
	report  Report
}

func (e *examination) looked(check string) { e.report.Looks[check]++ }

// found adds a finding, unless the place has enough of them.
func (e *examination) found(check, where string, at int64, format string, args ...any) {
	same := 0
	for _, f := range e.report.Findings {
		if f.Check == check && f.Where == where {
			same++
		}
	}
	if same < maxPerPlace {
		e.report.Findings = append(e.report.Findings, Finding{Check: check, Where: where, Time: market.Stamp(at), What: fmt.Sprintf(format, args...)})
	}
}

// known returns the bars of f that are available at closed; ok is false when a
// timeframe has none.
func known(f feature.Frame, closed int64) (cut feature.Frame, ok bool) {
	ok = true
	cut = each(f, func(s market.Series) market.Series {
		n := available(s, closed)
		ok = ok && n > 0
		return s.Slice(0, n)
	})
	return cut, ok
}

// each returns f with what change makes of every series.
func each(f feature.Frame, change func(s market.Series) market.Series) feature.Frame {
	other := feature.Frame{Symbol: f.Symbol, Series: make(map[market.Timeframe]market.Series, len(f.Series)),
		Context: make(map[string]market.Series, len(f.Context))}
	for tf, s := range f.Series {
		other.Series[tf] = change(s)
	}
	for id, s := range f.Context {
		other.Context[id] = change(s)
	}
	return other
}

// available returns how many bars of s are available at closed.
func available(s market.Series, closed int64) int {
	n := s.Len()
	for n > 0 && s.Available(n-1) > closed {
		n--
	}
	return n
}

// changed returns f with other prices in every bar that is not available at
// closed.
func changed(f feature.Frame, closed int64) feature.Frame {
	return each(f, func(s market.Series) market.Series { return changedSeries(s, available(s, closed)) })
}

// changedSeries returns s with other prices from bar n on.
func changedSeries(s market.Series, n int) market.Series {
	other := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
	for i := range s.Len() {
		b := s.Bar(i)
		if i >= n {
			factor := 1.4
			if i%2 == 0 {
				factor = 0.7
			}
			b.Open, b.High, b.Low, b.Close, b.Volume = b.Open*factor, b.High*factor*1.01, b.Low*factor*0.99, b.Close*factor, b.Volume*3
		}
		other.Append(b)
	}
	return other
}
