package train

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A table is the rows to learn from: features and labels that met by their key
// (symbol, time), of all symbols, in the order of time and then of the
// strategy's symbols. Its columns have one length.
//
// For a recurrent network x holds all rows of one symbol after those of the
// other, and at says where the window of each row of the table ends; otherwise at
// is nil, and x has one row for each of the table.
type table struct {
	width   int
	window  int      // rows that a recurrent network reads at a time; 0 for a perceptron
	classes []string // nil for a regression
	scaling feature.Scaling
	x       []float32
	at      []int32
	begin   []int64 // when the first bar of the window opens
	time    []int64 // when the decision bar opens
	end     []int64 // when the label is known
	class   []int32
	target  []float32
	weight  []float32
	counts  counts
}

// counts tells what became of the bars.
type counts struct {
	bars       int // in the span, of all symbols
	incomplete int // dropped: some feature of the row or its window is not known
	unlabelled int // dropped: complete, but without a label
	eventless  int // dropped: labelled, but nothing happened at their bar
	horizon    int // most bars that a label looks ahead

	history []feature.Shortage // of bars to warm up on, where that dropped rows
}

func (t *table) len() int { return len(t.time) }

// data returns rows from to to-1 for nn, sharing memory.
func (t *table) data(p part) nn.Data {
	d := nn.Data{Weight: t.weight[p.from:p.to]}
	if t.at != nil {
		d.X, d.At = t.x, t.at[p.from:p.to]
	} else {
		d.X = t.x[p.from*t.width : p.to*t.width]
	}
	if t.classes != nil {
		d.Class = t.class[p.from:p.to]
	} else {
		d.Target = t.target[p.from:p.to]
	}
	return d
}

// A pair is a row of features and the label with the same key.
type pair struct {
	time              int64
	symbol, row, mark int32 // index of the symbol, of the row, of the label
}

// A source is what one symbol contributes.
type source struct {
	matrix   feature.Matrix
	readable []bool // at which rows the network can be asked
	labels   label.Labels
}

// collect computes features and labels of every symbol and joins them.
func collect(ctx context.Context, in Input, report func(Progress)) (*table, error) {
	frames, err := order(in.Strategy, in.Frames)
	if err != nil {
		return nil, err
	}
	t := &table{width: len(in.Strategy.Features()), window: in.Strategy.Model.Sequence}
	sources, err := in.sources(ctx, frames, report)
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for i, f := range frames {
		if t.counts.history == nil && slices.Contains(sources[i].readable, false) {
			t.counts.history = feature.Shortages(in.Strategy, f, in.Span)
		}
		pairs = t.join(pairs, int32(i), sources[i])
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.symbol, b.symbol))
	})
	t.fill(sources, pairs)
	return t, nil
}

// sources computes features and labels of every symbol, of as many at a time as there
// are threads.
func (in Input) sources(ctx context.Context, frames []feature.Frame, report func(Progress)) ([]source, error) {
	all, failures := make([]source, len(frames)), make([]error, len(frames))
	turn, hasFailed, tenths := make(turns, 1), false, 0
	tell := func(phase string, done int) {
		tenths += done
		report(Progress{Phase: phase, Percent: featurePercent * float64(tenths) / float64(10*len(frames))})
	}
	nn.Lanes(max(1, in.Threads), len(frames), func(i int) {
		skip := false
		turn.take(func() {
			if skip = hasFailed; !skip {
				tell(PhaseFeatures, 0)
			}
		})
		if skip {
			return
		}
		all[i], failures[i] = in.source(ctx, frames[i], func() { turn.take(func() { tell(PhaseLabels, 8) }) })
		turn.take(func() {
			tenths += 2
			hasFailed = hasFailed || failures[i] != nil
		})
	})
	return all, cmp.Or(failures...)
}

// source computes features, and then, after it has called next, labels of a symbol.
func (in Input) source(ctx context.Context, f feature.Frame, next func()) (s source, err error) {
	if s.matrix, err = feature.BuildUnscaled(ctx, in.Strategy, f, in.Span); err != nil {
		return s, err
	}
	s.readable = model.Readable(s.matrix, max(1, in.Strategy.Model.Sequence))
	next()
	// Bars from the end of the span on are nobody's business, not even a label's.
	bars := f.Series[in.Strategy.Base].Within(market.Span{To: in.Span.To})
	if s.labels, err = in.labels(bars); err != nil {
		return s, fmt.Errorf("%s: %w", f.Symbol, err)
	}
	return s, context.Cause(ctx)
}

// turns are taken one after the other; they hold one element while one is taken.
type turns chan struct{}

// take calls f while nobody else has a turn.
func (t turns) take(f func()) {
	t <- struct{}{}
	defer func() { <-t }()
	f()
}

// order returns the frames in the order of the strategy's symbols, each there
// once and none besides.
func order(s *strategy.Strategy, frames []feature.Frame) ([]feature.Frame, error) {
	var sorted []feature.Frame
	for _, symbol := range s.Symbols {
		found := slices.IndexFunc(frames, func(f feature.Frame) bool { return f.Symbol == symbol })
		if found < 0 {
			return nil, fmt.Errorf("there are no bars of %s, which strategy %s names", symbol, s.Name)
		}
		sorted = append(sorted, frames[found])
	}
	if len(sorted) != len(frames) {
		return nil, fmt.Errorf("there are bars of %d symbols for a strategy of %d", len(frames), len(sorted))
	}
	return sorted, nil
}

// join appends the pairs of one symbol. Rows and labels are in the order of
// time; a row without a label, a label without a row, and rows that the event
// filter of the labels does not count are left out.
func (t *table) join(pairs []pair, symbol int32, s source) []pair {
	mark := 0
	t.counts.bars += s.matrix.Len()
	t.counts.horizon = max(t.counts.horizon, s.labels.Horizon())
	for row, at := range s.matrix.Time {
		for mark < s.labels.Len() && s.labels.Time[mark] < at {
			mark++
		}
		switch {
		case !s.readable[row]:
			t.counts.incomplete++
		case mark == s.labels.Len() || s.labels.Time[mark] != at:
			t.counts.unlabelled++
		case s.labels.Event != nil && !s.labels.Event[mark]:
			t.counts.eventless++
		default:
			pairs = append(pairs, pair{time: at, symbol: symbol, row: int32(row), mark: int32(mark)})
		}
	}
	return pairs
}

// fill copies the pairs into columns.
func (t *table) fill(sources []source, pairs []pair) {
	t.classes = sources[0].labels.Classes
	first := t.store(sources, len(pairs))
	for _, p := range pairs {
		s := &sources[p.symbol]
		if first != nil {
			t.at = append(t.at, first[p.symbol]+p.row)
		} else {
			t.x = append(t.x, s.matrix.Row(int(p.row))...)
		}
		t.begin = append(t.begin, s.matrix.Time[int(p.row)-max(1, t.window)+1])
		t.time = append(t.time, p.time)
		t.end = append(t.end, s.labels.End[p.mark])
		t.weight = append(t.weight, float32(s.labels.Weight[p.mark]))
		if t.classes != nil {
			t.class = append(t.class, s.labels.Class[p.mark])
		} else {
			t.target = append(t.target, float32(s.labels.Target[p.mark]))
		}
	}
}

// store makes room for the features of so many pairs. For a recurrent network it
// copies all rows of all symbols and returns where each symbol's begin.
func (t *table) store(sources []source, pairs int) (first []int32) {
	if t.window > 0 {
		for _, s := range sources {
			first = append(first, int32(len(t.x)/t.width))
			t.x = append(t.x, s.matrix.Data...)
		}
		t.at = make([]int32, 0, pairs)
		return first
	}
	t.x = make([]float32, 0, pairs*t.width)
	return nil
}

// keep drops the rows for which kept is false and closes the gaps.
func (t *table) keep(kept []bool) {
	n := 0
	for i, k := range kept {
		if !k {
			continue
		}
		if t.at != nil {
			t.at[n] = t.at[i]
		} else {
			copy(t.x[n*t.width:(n+1)*t.width], t.x[i*t.width:(i+1)*t.width])
		}
		t.begin[n], t.time[n], t.end[n], t.weight[n] = t.begin[i], t.time[i], t.end[i], t.weight[i]
		if t.classes != nil {
			t.class[n] = t.class[i]
		} else {
			t.target[n] = t.target[i]
		}
		n++
	}
	if t.at != nil {
		t.at = t.at[:n]
	} else {
		t.x = t.x[:n*t.width]
	}
	t.begin, t.time, t.end, t.weight = t.begin[:n], t.time[:n], t.end[:n], t.weight[:n]
	if t.classes != nil {
		t.class = t.class[:n]
	} else {
		t.target = t.target[:n]
	}
}

// scale fits the scaling of s to the training rows alone, and applies it to all.
func (t *table) scale(s *strategy.Strategy, training part) (err error) {
	rows := t.x
	if t.at != nil {
		rows = nil
		for _, i := range t.at[training.from:training.to] {
			rows = append(rows, t.x[int(i)*t.width:int(i+1)*t.width]...)
		}
	} else {
		rows = rows[training.from*t.width : training.to*t.width]
	}
	if t.scaling, err = feature.Fit(s, rows); err != nil {
		return err
	}
	t.scaling.Apply(s, t.x)
	return nil
}
