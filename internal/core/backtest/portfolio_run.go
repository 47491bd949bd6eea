package backtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A PortfolioResult is what came of a portfolio. Equity and Position have one
// element per time.
type PortfolioResult struct {
	Symbols    []Result // in their order; the Equity of each is what it added to that of the account
	Time       []int64  // at which a bar of any symbol opens
	Equity     []float64
	Position   []int8 // 1 where anything was held during the bars
	NetProfit  float64
	Bankruptcy *ledger.Bankruptcy
}

// Result returns what came of it and panics before the last bars have been
// simulated.
func (p *Portfolio) Result() PortfolioResult {
	if !p.Done() {
		panic("backtest: Result before the last bars")
	}
	r := PortfolioResult{Time: p.times, Equity: p.equity, Position: p.held, Bankruptcy: p.stopped, NetProfit: p.total() - p.o.Capital}
	for _, s := range p.sims {
		r.Symbols = append(r.Symbols, s.Result())
	}
	return r
}

// RunPortfolio simulates a portfolio to its end. It is otherwise like Run.
func RunPortfolio(ctx context.Context, ins []Input, o Options, c Checkpoints, report func(Progress)) (PortfolioResult, error) {
	p, err := NewPortfolio(ins, o)
	if err == nil && c.Resume != nil {
		if err = p.restore(c.Resume); err != nil {
			err = fmt.Errorf("resume portfolio: %w", err)
		}
	}
	if err != nil {
		return PortfolioResult{}, err
	}
	begun := len(p.equity)
	for !p.Done() {
		at := len(p.equity)
		cause := context.Cause(ctx)
		if c.Save != nil && at > begun && (cause != nil || c.Checkpoint != nil && c.Checkpoint(at)) {
			c.Save(p.AppendState(nil))
		}
		if cause != nil {
			return PortfolioResult{}, fmt.Errorf("portfolio stopped at time %d of %d: %w", at, len(p.times), cause)
		}
		if err := p.Advance(at + stride); err != nil {
			return PortfolioResult{}, fmt.Errorf("backtest: %w", err)
		}
		if report != nil {
			report(p.progress())
		}
	}
	return p.Result(), nil
}

func (p *Portfolio) progress() Progress {
	at := len(p.equity)
	out := Progress{Bar: at, Bars: len(p.times), Time: p.times[at-1], Equity: p.equity[at-1]}
	for _, s := range p.sims {
		out.Trades += s.deals.Len()
		out.Wins += s.deals.Tally.Wins
	}
	return out
}

// A SymbolTrade is a trade of one symbol of a portfolio, of which it is trade
// number Trade.ID of all.
type SymbolTrade struct {
	Symbol market.Symbol
	ledger.Trade
}

// Trades returns the trades of all symbols in the order in which they ended, and
// of their symbols where that was the same moment.
func (r PortfolioResult) Trades() []SymbolTrade {
	var all []SymbolTrade
	for _, s := range r.Symbols {
		for _, t := range s.Trades {
			all = append(all, SymbolTrade{s.Symbol, t})
		}
	}
	slices.SortStableFunc(all, func(a, b SymbolTrade) int { return cmp.Compare(a.ExitTime, b.ExitTime) })
	for i := range all {
		all[i].ID = i + 1
	}
	return all
}

// Whole returns the portfolio as if it were one symbol, for those who measure it:
// its trades in the order of Trades, its costs and counts added up, and the mean of
// the symbols as what buying and holding brings. Its order hash is the SHA-256 of
// those of the symbols, in their order.
func (r PortfolioResult) Whole() Result {
	first := r.Symbols[0]
	w := Result{Symbol: first.Symbol, Timeframe: first.Timeframe, Options: first.Options,
		Equity: r.Equity, Position: r.Position, NetProfit: r.NetProfit, FinalEquity: r.Equity[len(r.Equity)-1], Bankruptcy: r.Bankruptcy}
	for _, t := range r.Trades() {
		w.Trades = append(w.Trades, t.Trade)
	}
	orders := sha256.New()
	for _, s := range r.Symbols {
		w.BuyAndHold += s.BuyAndHold / float64(len(r.Symbols))
		w.Turnover += s.Turnover
		for reason, n := range s.Decisions {
			w.Decisions[reason] += n
		}
		w.Orders, w.Costs, w.Intrabar = w.Orders.Plus(s.Orders), w.Costs.Plus(s.Costs), w.Intrabar.Plus(s.Intrabar)
		orders.Write([]byte(s.OrderHash))
	}
	w.OrderHash = hex.EncodeToString(orders.Sum(nil))
	return w
}

// AppendState appends the state of p to b and returns it, in the form of
// ledger.PortfolioState.AppendBinary; each symbol is bound to its Work.
func (p *Portfolio) AppendState(b []byte) []byte {
	state := ledger.PortfolioState{Equity: p.equity, Held: p.held, Stopped: p.stopped}
	for _, s := range p.sims {
		state.Symbols = append(state.Symbols, ledger.SymbolState{State: s.known(), Due: s.due})
	}
	return state.AppendBinary(b, p.works())
}

func (p *Portfolio) works() []ledger.Work {
	works := make([]ledger.Work, len(p.sims))
	for i, s := range p.sims {
		works[i] = s.Work()
	}
	return works
}

// restore puts p, which is new, into a saved state.
func (p *Portfolio) restore(saved []byte) error {
	state, err := ledger.ParsePortfolioState(saved, p.works())
	if err != nil {
		return err
	}
	if len(state.Equity) > len(p.times) {
		return errors.New("saved portfolio state: it is not one of these bars")
	}
	p.equity, p.held, p.stopped = state.Equity, state.Held, state.Stopped
	for i, s := range p.sims {
		again, err := Resume(s.in, s.o, state.Symbols[i].State)
		if err != nil {
			return err
		}
		again.joins(p)
		again.due = state.Symbols[i].Due
		p.sims[i] = again
	}
	if n := len(p.equity); n > 0 {
		p.at, _ = slices.BinarySearch(p.moments, p.ends(p.times[n-1]))
	}
	return nil
}
