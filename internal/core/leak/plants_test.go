package leak_test

import (
	"context"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/leak"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// plants are the leaks that people have built, one each.
var plants = map[string]planted{
	// Statistics of the whole sample.
	"full_sample_scaling": rows(leak.CheckCut, func(_ feature.Frame, m feature.Matrix) {
		eachColumn(m, func(_ int, x []float64) {
			mean, deviation := moments(x)
			for i := range x {
				x[i] = (x[i] - mean) / deviation
			}
		})
	}),
	"full_sample_range": rows(leak.CheckChange, func(_ feature.Frame, m feature.Matrix) {
		eachColumn(m, func(_ int, x []float64) {
			low, high := math.Inf(1), math.Inf(-1)
			for _, v := range x {
				if v == v {
					low, high = min(low, v), max(high, v)
				}
			}
			for i := range x {
				x[i] = (x[i] - low) / (high - low)
			}
		})
	}),
	"full_sample_rank": rows(leak.CheckCut, func(_ feature.Frame, m feature.Matrix) {
		eachColumn(m, func(_ int, x []float64) {
			sorted := slices.Clone(x)
			slices.Sort(sorted)
			for i, v := range x {
				if v == v {
					at, _ := slices.BinarySearch(sorted, v)
					x[i] = float64(at) / float64(len(x))
				}
			}
		})
	}),
	"detrended_by_first_and_last": column(leak.CheckChange, func(s market.Series, row int) float64 {
		n := s.Len() - 1
		return s.Close[row] - s.Close[0] - (s.Close[n]-s.Close[0])*float64(row)/float64(n)
	}),

	// Bars that are later.
	"centred_window": column(leak.CheckChange, func(s market.Series, row int) float64 {
		sum, n := 0.0, 0.0
		for i := max(0, row-3); i <= min(s.Len()-1, row+3); i++ {
			sum, n = sum+s.Close[i], n+1
		}
		return sum / n
	}),
	"next_open":  column(leak.CheckChange, func(s market.Series, row int) float64 { return s.Open[min(row+1, s.Len()-1)] }),
	"next_close": column(leak.CheckChange, func(s market.Series, row int) float64 { return s.Close[min(row+1, s.Len()-1)] / s.Close[row] }),
	"rows_shifted_back": rows(leak.CheckChange, func(_ feature.Frame, m feature.Matrix) {
		copy(m.Data, m.Data[m.Width:])
	}),
	"smoothed_backward": rows(leak.CheckChange, func(_ feature.Frame, m feature.Matrix) {
		eachColumn(m, func(_ int, x []float64) {
			for i := len(x) - 2; i >= 0; i-- {
				if x[i] == x[i] && x[i+1] == x[i+1] {
					x[i] = 0.7*x[i] + 0.3*x[i+1]
				}
			}
		})
	}),
	"repainted_extreme": column(leak.CheckChange, func(s market.Series, row int) float64 {
		window := s.High[max(0, row-5):min(s.Len(), row+6)]
		if s.High[row] == slices.Max(window) {
			return 1
		}
		return 0
	}),
	"distance_to_the_last_bar": column(leak.CheckCut, func(s market.Series, row int) float64 { return float64(s.Len() - row) }),
	"price_of_the_whole_week": column(leak.CheckChange, func(s market.Series, row int) float64 {
		const week = 7 * 24 * 3600
		last := row
		for last+1 < s.Len() && s.Time[last+1]/week == s.Time[row]/week {
			last++
		}
		return s.Close[last]
	}),

	// Bars of another timeframe that are not closed.
	"join_on_the_open_stamp": joined(func(base, long market.Series, row int) int {
		bar := -1
		for bar+1 < long.Len() && long.Time[bar+1] <= base.Time[row] {
			bar++
		}
		return bar
	}),
	"forming_bar": joined(func(base, long market.Series, row int) int {
		return int((base.Available(row) - 1 - long.Time[0]) / long.Timeframe.Seconds())
	}),
	"shifted_join": joined(func(base, long market.Series, row int) int {
		return int((base.Available(row)-long.Time[0])/long.Timeframe.Seconds()) + 1
	}),
	"nearest_join": joined(func(base, long market.Series, row int) int {
		return int((base.Available(row) - long.Time[0] + 2*3600) / long.Timeframe.Seconds())
	}),

	// What is not known, filled in.
	"zero_filled_warm_up": rows(leak.CheckUnknown, func(_ feature.Frame, m feature.Matrix) { fill(m, 0, m.Len()/10, zero) }),
	"back_filled_warm_up": rows(leak.CheckUnknown, func(_ feature.Frame, m feature.Matrix) {
		eachColumn(m, func(_ int, x []float64) {
			for i := len(x) - 2; i >= 0; i-- {
				if x[i] != x[i] {
					x[i] = x[i+1]
				}
			}
		})
	}),
	"zero_filled_gaps": rows(leak.CheckUnknown, func(_ feature.Frame, m feature.Matrix) { fill(m, m.Len()/10, m.Len(), zero) }),
	"forward_filled_gaps": rows(leak.CheckUnknown, func(_ feature.Frame, m feature.Matrix) {
		fill(m, m.Len()/10, m.Len(), func(before float64) float64 { return before })
	}),
	"rows_of_other_times": {leak.CheckKeys, func(p *leak.Pipeline) {
		clean := p.Features
		p.Features = func(ctx context.Context, f feature.Frame) (feature.Matrix, error) {
			m, err := clean(ctx, f)
			m.Time = slices.Clone(m.Time)
			m.Time[m.Len()/2]++
			return m, err
		}
	}},

	// Labels that know more than they say.
	"label_end_is_its_own_close": labelled(leak.CheckLabelEnd, func(base market.Series, l *label.Labels) {
		l.End = slices.Clone(l.End)
		for i, t := range l.Time {
			l.End[i] = t + base.Timeframe.Seconds()
		}
	}),
	"label_end_before_its_bar": labelled(leak.CheckLabelEnd, func(_ market.Series, l *label.Labels) {
		l.End = slices.Clone(l.Time)
	}),
	"label_threshold_of_the_whole_series": labelled(leak.CheckLabelEnd, func(base market.Series, l *label.Labels) {
		sorted := slices.Clone(l.Return)
		slices.Sort(sorted)
		for i, r := range l.Return {
			l.Class[i] = 1
			if r > sorted[len(sorted)*2/3] {
				l.Class[i] = 0
			}
		}
	}),
	"last_labels_filled": labelled(leak.CheckLabelEnd, func(base market.Series, l *label.Labels) {
		last := l.Len() - 1
		for i := range base.Len() {
			if last < 0 || base.Time[i] > l.Time[last] {
				l.Time, l.Class = append(l.Time, base.Time[i]), append(l.Class, 1)
				l.End, l.Return = append(l.End, base.Available(i)), append(l.Return, 0)
				l.Weight = append(l.Weight, 1)
			}
		}
	}),
	"labels_of_the_next_bar": labelled(leak.CheckKeys, func(_ market.Series, l *label.Labels) {
		l.Time = slices.Clone(l.Time)
		for i := range l.Time {
			l.Time[i] += 1800
		}
	}),

	// Samples that meet by position.
	"labels_joined_by_position": sampled(func(s []train.Sample) {
		for i := range s[:len(s)-1] {
			s[i].Class, s[i].End = s[i+1].Class, s[i+1].End
		}
	}),
	"features_joined_by_position": sampled(func(s []train.Sample) {
		for i := range s[:len(s)-1] {
			s[i].X = s[i+1].X
		}
	}),
	"weights_joined_by_position": sampled(func(s []train.Sample) {
		for i := range s[:len(s)-1] {
			s[i].Weight = s[i+1].Weight
		}
	}),
	"samples_of_filtered_labels": sampled(func(s []train.Sample) {
		for i := range s {
			s[i].Time += 3600 // the rows of the bars after those that a filter has dropped
		}
	}),

	// Parts that know one another.
	"no_purge": divided(func(n int) (a, b, c []int) { return numbers(0, n*7/10), numbers(n*7/10, n*8/10), numbers(n*8/10, n) }),
	"shuffled_parts": divided(func(n int) (a, b, c []int) {
		for i := range n {
			switch i % 10 {
			case 3:
				b = append(b, i)
			case 7:
				c = append(c, i)
			default:
				a = append(a, i)
			}
		}
		return a, b, c
	}),
	"test_samples_in_training": divided(func(n int) (a, b, c []int) {
		return numbers(0, n*6/10), numbers(n*7/10, n*8/10), append(numbers(n*9/10, n), numbers(0, 20)...)
	}),
	"no_embargo": divided(func(n int) (a, b, c []int) {
		return numbers(0, n*7/10), numbers(n*7/10+1, n*8/10), numbers(n*9/10, n)
	}),

	"no_embargo_behind_a_purge": divided(func(n int) (a, b, c []int) { // labels read at most 12 bars
		return numbers(0, n*7/10-12), numbers(n*7/10, n*8/10-12), numbers(n*8/10+5, n)
	}),
	"no_purge_before_the_test": divided(func(n int) (a, b, c []int) {
		return numbers(0, n*7/10-12), numbers(n*7/10+5, n*8/10), numbers(n*8/10+5, n)
	}),

	// Rows that are chosen by what comes later.
	"rows_dropped_by_what_comes_later": labelled(leak.CheckLabelEnd, func(base market.Series, l *label.Labels) {
		var kept label.Labels
		for i, t := range l.Time {
			at := base.Search(t)
			if later := at + 40; later < base.Len() && math.Abs(base.Close[later]/base.Close[at]-1) < 0.01 {
				continue // a dull stretch, says who knows its end
			}
			kept.Time, kept.Class, kept.End = append(kept.Time, t), append(kept.Class, l.Class[i]), append(kept.End, l.End[i])
			kept.Return, kept.Weight, kept.Ahead = append(kept.Return, l.Return[i]), append(kept.Weight, l.Weight[i]), append(kept.Ahead, l.Ahead[i])
		}
		kept.Classes = l.Classes
		*l = kept
	}),
	"events_by_the_whole_series": labelled(leak.CheckLabelEnd, func(base market.Series, l *label.Labels) {
		moved := 0.0
		for i := 1; i < base.Len(); i++ {
			moved += math.Abs(base.Close[i]/base.Close[i-1]-1) / float64(base.Len())
		}
		l.Event = make([]bool, l.Len())
		for i, t := range l.Time {
			if at := base.Search(t); at > 0 {
				l.Event[i] = math.Abs(base.Close[at]/base.Close[at-1]-1) > moved
			}
		}
	}),

	// Weights of labels.
	"weights_with_a_mean_of_1": labelled(leak.CheckLabelEnd, func(_ market.Series, l *label.Labels) {
		sum := 0.0
		for _, w := range l.Weight {
			sum += w
		}
		for i := range l.Weight {
			l.Weight[i] *= float64(l.Len()) / sum
		}
	}),
	"weights_by_what_comes_later": labelled(leak.CheckLabelEnd, func(base market.Series, l *label.Labels) {
		at := map[int64]int{}
		for i, t := range base.Time {
			at[t] = i
		}
		for i, t := range l.Time {
			last := min(at[t]+int(l.Ahead[i])+5, base.Len()-1)
			l.Weight[i] *= math.Abs(base.Close[last]/base.Close[at[t]] - 1)
		}
	}),

	// The context, of another symbol.
	"context_on_the_open_stamp": contextual(func(base, days market.Series, row int) int {
		return days.Search(base.Time[row]+1) - 1
	}),
	"context_of_the_same_day": contextual(func(base, days market.Series, row int) int {
		return days.Search(base.Time[row] - base.Time[row]%86400)
	}),
	// In summer the clocks of New York are an hour ahead, and so is a day that ends
	// by them in winter.
	"context_by_a_clock_without_summer": contextual(func(base, days market.Series, row int) int {
		const summer = 1_704_067_200 + 25*86400
		closed := base.Available(row)
		if closed >= summer {
			closed += 3600
		}
		return days.Search(closed-86400+1) - 1
	}),
	"context_filled_back": contextual(func(base, days market.Series, row int) int {
		return days.Search(base.Available(row))
	}),
	"context_scaled_by_all_of_it": rows(leak.CheckCut, func(f feature.Frame, m feature.Matrix) {
		mean, deviation := moments(f.Context["OTHER"].Close)
		for i := range m.Len() {
			if v := m.Row(i); v[contextColumn] == v[contextColumn] {
				v[contextColumn] = float32((float64(v[contextColumn]) - mean) / deviation)
			}
		}
	}),

	// Constants of more than the training part.
	"sets_placed_on_all_samples": {leak.CheckFit, func(p *leak.Pipeline) {
		fit := p.Fit
		p.Fit = func(s []train.Sample, training []int) (feature.Scaling, error) {
			proper, err := fit(s, training)
			if err != nil {
				return nil, err
			}
			all, err := fit(s, numbers(0, len(s)))
			for i, r := range all {
				if r.Parameters != nil {
					proper[i] = r
				}
			}
			return proper, err
		}
	}},
	"scaler_of_all_samples": {leak.CheckFit, func(p *leak.Pipeline) {
		fit := p.Fit
		p.Fit = func(s []train.Sample, _ []int) (feature.Scaling, error) { return fit(s, numbers(0, len(s))) }
	}},
	"scaler_of_validation_too": {leak.CheckFit, func(p *leak.Pipeline) {
		fit := p.Fit
		p.Fit = func(s []train.Sample, training []int) (feature.Scaling, error) {
			return fit(s, numbers(0, training[len(training)-1]+100))
		}
	}},
}

// contextColumn is the column of the context in source.
const contextColumn = 10

// contextual replaces the column of the context by the close of the day that
// choose names.
func contextual(choose func(base, days market.Series, row int) int) planted {
	return rows(leak.CheckChange, func(f feature.Frame, m feature.Matrix) {
		base, days := f.Series[market.Hour1], f.Context["OTHER"]
		for i := range m.Len() {
			day := choose(base, days, i)
			if v := m.Row(i); v[contextColumn] == v[contextColumn] && day >= 0 && day < days.Len() {
				v[contextColumn] = float32(days.Close[day])
			}
		}
	})
}

func zero(float64) float64 { return 0 }

// fill replaces what is not known from row to row by what value makes of the last
// value before.
func fill(m feature.Matrix, from, to int, value func(before float64) float64) {
	eachColumn(m, func(_ int, x []float64) {
		for i := max(1, from); i < to; i++ {
			if x[i] != x[i] {
				x[i] = value(x[i-1])
			}
		}
	})
}
