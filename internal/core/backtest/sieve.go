package backtest

import "github.com/ktrdr/ktrdr/internal/core/decision"

// A sieve holds the decisions on the bars from from to to-1, of which the answers
// that do not depend on the position have been counted.
type sieve struct {
	decision.Sieve
	from, to int
}

// sift makes the sieve that of the bars from from on and before upTo.
func (s *Simulation) sift(from, upTo int) {
	v := &s.sieve
	v.from, v.to = from, min(upTo, from+decision.SieveBars)
	if v.Sift(s.in.Rules, s.in.Signals[v.from:v.to]); v.Odd {
		return
	}
	for reason, n := range v.Others {
		s.last.Decisions[reason] += n
	}
}

// search asks the rules at the close of each bar from from on, until one answers
// with a signal or the bars before upTo are through. It returns the bar after the
// last one asked, and the signal.
func (s *Simulation) search(from, upTo int) (next int, signal decision.Signal) {
	if s.last.Bankruptcy != nil {
		return upTo, decision.Hold
	}
	for bar := from; bar < upTo; {
		if bar >= s.sieve.to {
			s.sift(bar, upTo)
		}
		to := min(upTo, s.sieve.to)
		find := s.find
		if s.sieve.Odd {
			find = s.ask
		}
		if bar, signal = find(bar, to); signal != decision.Hold {
			return bar, signal
		}
	}
	return upTo, decision.Hold
}

// find is search in the sieve.
func (s *Simulation) find(from, to int) (next int, signal decision.Signal) {
	v, st := &s.sieve, &s.last
	buys, sells := &v.Buys, &v.Sells
	a, b := from-v.from, to-v.from
	switch st.Open.Side {
	case decision.Long:
		at := sells.First(a, b)
		st.Decisions[decision.Holding] += buys.Count(a, at)
		next, signal = at, decision.Sell
	case decision.Short:
		at := buys.First(a, b)
		st.Decisions[decision.Holding] += sells.Count(a, at)
		next, signal = at, decision.Buy
	default:
		free := min(max(a, s.separated()-v.from), b)
		at := v.Entries.First(free, b)
		st.Decisions[decision.Separation] += v.Entries.Count(a, free)
		if !s.in.Rules.AllowShort {
			st.Decisions[decision.ShortNotAllowed] += sells.Count(a, at)
		}
		next, signal = at, decision.Buy
		if at < b && sells.Has(at) {
			signal = decision.Sell
		}
	}
	if next == b {
		return to, decision.Hold
	}
	st.Decisions[decision.Acted]++
	return v.from + next + 1, signal
}

// separated returns the first bar at which an entry may be decided.
func (s *Simulation) separated() int {
	st, bars := &s.last, s.in.Rules.MinSignalSeparation
	if !st.Entered || bars == 0 {
		return 0
	}
	return st.Entry + min(bars, s.in.Series.Len()) - 1
}

// ask is search one bar after the other, for bars that are not in the counts of the
// sieve.
func (s *Simulation) ask(from, to int) (next int, signal decision.Signal) {
	for bar := from; bar < to; bar++ {
		signal, reason := s.answer(bar)
		s.last.Decisions[reason]++
		if signal != decision.Hold {
			return bar + 1, signal
		}
	}
	return to, decision.Hold
}

// decide asks the rules at the close of bar.
func (s *Simulation) decide(bar int) decision.Signal {
	if s.last.Bankruptcy != nil {
		return decision.Hold
	}
	signal, reason := s.answer(bar)
	s.last.Decisions[reason]++
	return signal
}

// answer returns what the rules say at the close of bar.
func (s *Simulation) answer(bar int) (decision.Signal, decision.Reason) {
	st, rules, since := &s.last, s.in.Rules, decision.NeverEntered
	if s.o.SeparationSeconds != 0 {
		rules.MinSignalSeparation = s.separation()
	}
	if st.Entered {
		since = bar + 1 - st.Entry
	}
	return rules.Decide(s.in.Signals[bar], st.Open.Side, since)
}

// undecide takes back the decisions from bar stopped on, where those before next
// were searched through.
func (s *Simulation) undecide(stopped, next int) {
	for bar := stopped; bar < max(next, s.sieve.to); bar++ {
		_, reason := s.answer(bar)
		switch isOpen := bar >= next; {
		case isOpen && s.sieve.Odd: // not asked
		case isOpen && s.sieve.depends(bar): // not counted
		default:
			s.last.Decisions[reason]--
		}
	}
}

// depends tells whether the answer on bar depends on the position.
func (v *sieve) depends(bar int) bool {
	return v.Buys.Has(bar-v.from) || v.Sells.Has(bar-v.from)
}
