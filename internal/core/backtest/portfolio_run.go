package backtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

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
	Bankruptcy *Bankruptcy
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
		out.Trades += s.deals.n
		out.Wins += s.wins
	}
	return out
}

// A SymbolTrade is a trade of one symbol of a portfolio, of which it is trade
// number Trade.ID of all.
type SymbolTrade struct {
	Symbol market.Symbol
	Trade
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
		o, c := s.Orders, s.Costs
		w.Orders = Orders{w.Orders.Placed + o.Placed, w.Orders.Filled + o.Filled, w.Orders.Unfilled + o.Unfilled, w.Orders.TooSmall + o.TooSmall, w.Orders.Partial + o.Partial}
		w.Costs = Costs{w.Costs.Commission + c.Commission, w.Costs.Slippage + c.Slippage, w.Costs.Spread + c.Spread, w.Costs.Financing + c.Financing}
		w.Intrabar = Intrabar{w.Intrabar.Conflicts + s.Intrabar.Conflicts, w.Intrabar.Resolved + s.Intrabar.Resolved}
		orders.Write([]byte(s.OrderHash))
	}
	w.OrderHash = hex.EncodeToString(orders.Sum(nil))
	return w
}

// portfolioMagic begins every saved state of a portfolio.
const portfolioMagic = "ktrdr portfolio state 2\n"

// AppendState appends the state of p to b and returns it: the magic, the points of
// equity and of what was held, whether trading was stopped, the states of the
// symbols in their order, each with its length before it and bound to its Work, and
// the SHA-256 of all of that.
func (p *Portfolio) AppendState(b []byte) []byte {
	start := len(b)
	c := codec{b: append(b, portfolioMagic...)}
	p.code(&c)
	for _, s := range p.sims {
		state := s.AppendState(nil)
		n := len(state)
		enum(&c, &s.due, 0, causeCount-1)
		c.int(&n)
		c.b = append(c.b, state...)
	}
	sum := sha256.Sum256(c.b[start:])
	return append(c.b, sum[:]...)
}

func (p *Portfolio) code(c *codec) {
	list(c, &p.equity, 8, c.float)
	list(c, &p.held, 1, func(h *int8) { enum(c, h, 0, 1) })
	isStopped := p.stopped != nil
	if c.flag(&isStopped); !isStopped {
		return
	}
	if c.reads {
		p.stopped = new(Bankruptcy)
	}
	c.int(&p.stopped.Bar)
	c.int64(&p.stopped.Time)
	c.float(&p.stopped.Equity)
}

// restore puts p, which is new, into a saved state.
func (p *Portfolio) restore(saved []byte) error {
	rest, ok := bytes.CutPrefix(saved, []byte(portfolioMagic))
	if !ok || len(rest) < sha256.Size {
		return fmt.Errorf("saved portfolio state: want it to begin with %q", portfolioMagic)
	}
	body := len(saved) - sha256.Size
	if sum := sha256.Sum256(saved[:body]); !bytes.Equal(sum[:], saved[body:]) {
		return errors.New("saved portfolio state: it is damaged: its checksum does not match")
	}
	c := codec{b: rest[:len(rest)-sha256.Size], reads: true}
	p.code(&c)
	for i, s := range p.sims {
		n, due := 0, BySignal
		enum(&c, &due, 0, causeCount-1)
		if c.int(&n); c.err != nil || n < 0 || n > len(c.b) {
			return errors.New("saved portfolio state: it is cut short")
		}
		state, err := ParseState(c.next(n), s.Work())
		if err != nil {
			return err
		}
		again, err := Resume(s.in, s.o, state)
		if err != nil {
			return err
		}
		again.joins(p)
		again.due = due
		p.sims[i] = again
	}
	if len(c.b) > 0 || len(p.equity) != len(p.held) || len(p.equity) > len(p.times) {
		return errors.New("saved portfolio state: it is not one of these bars")
	}
	if n := len(p.equity); n > 0 {
		p.at, _ = slices.BinarySearch(p.moments, p.ends(p.times[n-1]))
	}
	return nil
}
