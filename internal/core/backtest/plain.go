package backtest

import (
	"github.com/ktrdr/ktrdr/internal/core/batch"
	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A plain is a plain policy (Options.IsPlain), whose trades are worked out many at a
// time, as far as nothing about them is rare. Advance does the rest, and would do these
// too, to the same bits.
type plain struct {
	batch.Policy
	batch batch.Batch
}

// plainOf returns that of o where it is one, else nil.
func plainOf(in Input, o Options) *plain {
	if !o.IsPlain() || in.Rates != nil {
		return nil
	}
	return &plain{Policy: batch.Policy{Capital: o.Capital, Commission: o.Commission, Slippage: o.Slippage, Fraction: o.Fraction, WholeUnits: !o.FractionalUnits,
		AllowShort: in.Rules.AllowShort, Separation: min(in.Rules.MinSignalSeparation, in.Series.Len())}}
}

// advancePlain simulates trades for as long as each is filled, equity stays above
// zero, and their decisions, with the next to act, lie in the same sieve.
func (s *Simulation) advancePlain(upTo int) {
	st := &s.last
	if st.Bar == 0 || s.in.Signals[st.Bar-1].Leave {
		return
	}
	upTo = min(upTo, s.in.Series.Len()-1) // an order of the last bar is rare
	for st.Bar < upTo && st.Pending != decision.Hold && st.Open.Side == decision.Flat && st.Bankruptcy == nil {
		if st.Bar >= s.sieve.to {
			s.sift(st.Bar, upTo)
		}
		if s.sieve.Odd || !s.trade(min(upTo, s.sieve.to)) {
			return
		}
	}
}

// trade simulates some trades before bar upTo, which is in the sieve or ends it. It
// reports false, and has done nothing, where there is none that is not rare.
func (s *Simulation) trade(upTo int) bool {
	st, p, b, from := &s.last, &s.plain.Policy, &s.plain.batch, s.sieve.from
	s.note()
	b.Columns, b.At = s.deals.Room()
	g := batch.Start{From: from, End: upTo, Entry: st.Bar, Pending: st.Pending, Most: min(batch.Most, ledger.DealsAtATime-b.At), Realised: st.Realised,
		Sums: batch.Sums{Turnover: st.Turnover, Commission: st.Costs.Commission, Slippage: st.Costs.Slippage, Orders: s.orders.Lanes()}}
	for {
		if b.Run(p, &s.in.Series, &s.sieve.Sieve, &g); b.N == 0 || s.noteBatch(b) {
			break
		}
		g.Most = b.Solvent(s.in.Series.Close)
	}
	if b.N > 0 {
		s.commit(b)
	}
	return b.N > 0
}

// noteBatch is note of the trades of b, which come next. It reports false, and has
// noted nothing, where equity is not a finite number above zero at one of the closes.
func (s *Simulation) noteBatch(b *batch.Batch) bool {
	d, closes := &s.diary, s.in.Series.Close
	today, _ := d.today()
	before, began := *d, *today
	for at := 0; d.place.Bar < b.Next; {
		day, end := d.today()
		from, held := d.place.Bar, 0
		end = min(end, b.Next)
		at, held, day.Last = b.Mark(&d.tally, closes, at, from, end)
		d.tally.Closes(closes[from:end])
		day.Held += held
		if d.tally.Write(day); !(market.IsPrice(day.Low) && market.IsPrice(day.High)) {
			*d = before
			*today = began
			return false
		}
		d.place = daily.Place{Bar: end, Deal: s.deals.Len() + at, Realised: b.Realised(at)}
	}
	return true
}

// commit takes the trades of b, of which there is at least one, into what is known.
func (s *Simulation) commit(b *batch.Batch) {
	st, t := &s.last, &b.Sums
	s.deals.Left(b.Seconds(), b.Longs)
	s.orders.Took(t.Orders, 2*b.N)
	st.Realised, st.Turnover = b.Realised(b.N), t.Turnover
	st.Costs.Commission, st.Costs.Slippage = t.Commission, t.Slippage
	st.Entered, st.Entry = true, int(b.Entry[b.At+b.N-1])
	for reason, n := range b.Decisions {
		st.Decisions[reason] += n
	}
	st.Orders.Filled += 2 * b.N
	st.Orders.Placed += 2 * b.N
	st.Pending, st.Sureness, st.Bar = b.Pending, s.in.Signals[b.Next-1].Confidence, b.Next
}
