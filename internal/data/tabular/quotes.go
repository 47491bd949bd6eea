package tabular

import (
	"fmt"
	"strings"
)

// The sides of a quote, which are also the names of columns that hold it when a
// bar ends.
const bid, ask = "bid", "ask"

const closePrice = 3 // in priceNames

// sideNames returns what price i of a side is called, as normal gives it.
func sideNames(side string, i int) (names []string) {
	for _, price := range priceNames[i] {
		names = append(names, side+price, price+side, side+"."+price)
	}
	return names
}

// prices finds the columns of prices: open, high, low and close, or, where none of
// them is there, those of the bid and of the ask.
func (h *header) prices(l *layout, given Columns) {
	if given.Open == "" && given.High == "" && given.Low == "" && given.Close == "" && h.isTwoSided() {
		l.isMiddle = true
		for i := range l.prices {
			l.prices[i], l.asks[i] = h.use(h.only(sideNames(bid, i))), h.use(h.only(sideNames(ask, i)))
		}
		return
	}
	for i, name := range [...]string{given.Open, given.High, given.Low, given.Close} {
		l.prices[i] = h.find(priceNames[i][0], name, priceNames[i])
	}
}

// isTwoSided tells that there is no price but those of the bid and of the ask.
func (h *header) isTwoSided() bool {
	for i, names := range priceNames {
		if len(h.called(names)) > 0 || len(h.called(sideNames(bid, i))) == 0 || len(h.called(sideNames(ask, i))) == 0 {
			return false
		}
	}
	return true
}

// quotes finds the quotes when a bar ends, -1 where there are none.
func (h *header) quotes(l *layout) {
	l.bid, l.ask = -1, -1
	if l.isMiddle { // the closes are the quotes
		for _, side := range [...]string{bid, ask} {
			if also := h.called([]string{side}); len(also) > 0 {
				h.fail(fmt.Errorf("column %q stands beside columns of opens, highs, lows and closes of the same side: remove one or the other", h.columns[also[0]]))
			}
		}
		return
	}
	l.bid, l.ask = h.only(append(sideNames(bid, closePrice), bid)), h.only(append(sideNames(ask, closePrice), ask))
	if l.bid >= 0 && l.ask >= 0 {
		h.used[l.bid], h.used[l.ask] = true, true // one of them may be the close too
		return
	}
	if one := max(l.bid, l.ask); one >= 0 && !h.used[one] {
		h.fail(fmt.Errorf("it has quotes of one side only, %q: add the other, or remove it", h.columns[one]))
	}
	l.bid, l.ask = -1, -1
}

// called returns the columns that have one of the names.
func (h *header) called(names []string) (at []int) {
	for i, column := range h.columns {
		for _, name := range names {
			if normal(column) == name {
				at = append(at, i)
			}
		}
	}
	return at
}

// only returns the one column that has one of the names, -1 for none. Several are
// an error: nobody can say which is meant.
func (h *header) only(names []string) int {
	at := h.called(names)
	switch len(at) {
	case 0:
		return -1
	case 1:
		return at[0]
	}
	var both []string
	for _, i := range at {
		both = append(both, fmt.Sprintf("%.40q", h.columns[i]))
	}
	h.fail(fmt.Errorf("columns %s mean the same: keep one of them", strings.Join(both, " and ")))
	return at[0]
}
