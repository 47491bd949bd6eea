package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// WhatIsHeld tells what there is instead of what was asked for.
func WhatIsHeld(held []wire.Holding, symbol market.Symbol) string {
	var symbols []string
	text := ""
	for _, h := range held {
		symbols = append(symbols, string(h.Symbol))
		if h.Symbol == symbol {
			text += " " + h.Timeframe.String()
		}
	}
	switch {
	case text != "":
		return "; of " + string(symbol) + " there is:" + text
	case len(held) == 0:
		return "; no bars are held at all"
	}
	if hint := spell.Hint(string(symbol), symbols); hint != "" {
		return hint
	}
	symbols = slices.Compact(symbols) // holdings are in the order of symbols
	const most = 8
	if more := len(symbols) - most; more > 0 {
		symbols = append(symbols[:most:most], fmt.Sprintf("and %d more", more))
	}
	return "; held are: " + strings.Join(symbols, ", ")
}
