package ledger

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
)

// A PortfolioState is what several simulations with the money of one account know.
// The zero value is the state before the first bars.
type PortfolioState struct {
	Equity  []float64   // at each time so far at which a bar of any symbol opens
	Held    []int8      // the same: 1 where anything was held
	Stopped *Bankruptcy // nil where there was none
	Symbols []SymbolState
}

// A SymbolState is what is known of one of the symbols.
type SymbolState struct {
	State
	Due Cause // of closing by force at the next open; BySignal for none
}

// portfolioMagic begins every saved state of a portfolio.
const portfolioMagic = "ktrdr portfolio state 2\n"

// AppendBinary appends s, whose symbols are of works, to b and returns it: the magic,
// the points of equity and of what was held, whether trading was stopped, and of each
// symbol Due and the length and the bytes of its State, and the SHA-256 of all of that.
func (s PortfolioState) AppendBinary(b []byte, works []Work) []byte {
	start := len(b)
	c := codec{b: append(b, portfolioMagic...)}
	c.portfolio(&s)
	for i, symbol := range s.Symbols {
		state := symbol.AppendBinary(nil, works[i])
		n := len(state)
		enum(&c, &symbol.Due, 0, causeCount-1)
		c.int(&n)
		c.b = append(c.b, state...)
	}
	sum := sha256.Sum256(c.b[start:])
	return append(c.b, sum[:]...)
}

// ParsePortfolioState reads a state of as many symbols as there are works. It refuses
// what ParseState refuses.
func ParsePortfolioState(b []byte, works []Work) (PortfolioState, error) {
	rest, ok := bytes.CutPrefix(b, []byte(portfolioMagic))
	if !ok || len(rest) < sha256.Size {
		return PortfolioState{}, fmt.Errorf("saved portfolio state: want it to begin with %q", portfolioMagic)
	}
	body := len(b) - sha256.Size
	if sum := sha256.Sum256(b[:body]); !bytes.Equal(sum[:], b[body:]) {
		return PortfolioState{}, errors.New("saved portfolio state: it is damaged: its checksum does not match")
	}
	s := PortfolioState{Symbols: make([]SymbolState, len(works))}
	c := codec{b: rest[:len(rest)-sha256.Size], reads: true}
	c.portfolio(&s)
	for i := range s.Symbols {
		symbol, n := &s.Symbols[i], 0
		enum(&c, &symbol.Due, 0, causeCount-1)
		if c.int(&n); c.err != nil || n < 0 || n > len(c.b) {
			return PortfolioState{}, errors.New("saved portfolio state: it is cut short")
		}
		var err error
		if symbol.State, err = ParseState(c.next(n), works[i]); err != nil {
			return PortfolioState{}, err
		}
	}
	if len(c.b) > 0 || len(s.Equity) != len(s.Held) {
		return PortfolioState{}, errors.New("saved portfolio state: it is not one of these bars")
	}
	return s, nil
}

func (c *codec) portfolio(s *PortfolioState) {
	list(c, &s.Equity, 8, c.float)
	list(c, &s.Held, 1, func(h *int8) { enum(c, h, 0, 1) })
	c.bankruptcy(&s.Stopped)
}
