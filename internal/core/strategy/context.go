package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Bars names the bars of one symbol on one timeframe.
type Bars struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
}

// A Source is a series of bars that indicators can read in place of the bars of
// the symbol that is decided on. It is the same for every symbol.
type Source struct {
	ID string
	Bars
}

// Reads returns all bars that the strategy reads, each once: those of every symbol
// on every timeframe, and then those of its context.
func (s *Strategy) Reads() []Bars {
	var all []Bars
	for _, symbol := range s.Symbols {
		for _, tf := range s.Timeframes {
			all = append(all, Bars{symbol, tf})
		}
	}
	for _, source := range s.Context {
		if !slices.Contains(all, source.Bars) {
			all = append(all, source.Bars)
		}
	}
	return all
}

var contextShape = document.Keys{
	Names: []string{"provider", "id", "symbol", "timeframe", "alignment"},
	Hints: map[string]string{
		"instrument_type": "remove it: bars are known by their symbol",
		"name":            "the key is called id",
	},
}

const (
	providerBars = "bars"
	providerIB   = "ib" // the word of older files for the same
)

// otherProviders says of the providers of older files why their series cannot be
// read: a value may not be used before it is known.
var otherProviders = map[string]string{
	"fred":      "its series are revised and carry the date that they are about, not the day of their publication",
	"cftc_cot":  "its reports carry the Tuesday that they are about and are published on Friday",
	"calendar":  "nothing provides events",
	"sentiment": "nothing provides sentiment",
}

// context reads the list of sources.
func (d *decoder) context(s *Strategy, f document.Mapping) definitions {
	n, ok := f.Get("context_data")
	if !ok {
		return nil
	}
	items, ok := n.List()
	if ok && len(items) == 0 {
		n.Problem("the list is empty: remove it")
	}
	var list definitions
	for _, item := range items {
		source, key, ok := d.source(item)
		if source.ID == "" {
			continue
		}
		def := &definition{Entry: document.Entry{Name: source.ID, Key: key, Value: item}, ok: ok, index: len(s.Context)}
		if list.get(source.ID) != nil {
			key.Problem("another source is called %s: give one of them an id", source.ID)
			continue
		}
		list = append(list, def)
		if ok {
			s.Context = append(s.Context, source)
		}
	}
	return list
}

// source reads one source; key is where its id stands.
func (d *decoder) source(n document.Node) (source Source, key document.Node, ok bool) {
	if provider, there := n.Peek("provider"); there && isOfNoUse(provider) {
		return source, n, false
	}
	f, ok := n.Mapping(contextShape)
	if !ok {
		return source, n, false
	}
	if provider, there := f.Need("provider", "bars: those that are held of the symbol"); there {
		_, ok = provider.Choice([]string{providerBars, providerIB})
	}
	f.Choice("alignment", "", []string{"forward_fill"})
	key, named := f.Need("symbol", "the symbol whose bars it is, such as USDJPY")
	if named {
		source.Symbol, named = readSymbol(key)
		source.ID = string(source.Symbol)
	}
	ok = ok && named
	if id, named := f.Get("id"); named {
		key = id
		text, isText := id.Text()
		isID := isText && isID(document.Entry{Name: text, Key: id})
		if source.ID = text; !isID {
			ok, source.ID = false, ""
		}
	}
	tf, there := f.Need("timeframe", "the timeframe of its bars, such as 1d")
	if there {
		source.Timeframe, there = readTimeframe(tf)
	}
	return source, key, ok && there
}

// isOfNoUse reports a provider whose series cannot be read.
func isOfNoUse(n document.Node) bool {
	reason := otherProviders[n.Raw()]
	if reason != "" {
		n.Problem("%s cannot be used: %s. Want bars: those that are held of a symbol", n.Raw(), reason)
	}
	return reason != ""
}

// symbol reads one symbol.
func readSymbol(n document.Node) (market.Symbol, bool) {
	text, ok := n.Text()
	if !ok {
		return "", false
	}
	symbol, err := market.ParseSymbol(text)
	if err != nil {
		n.Problem("%v", err)
	}
	return symbol, err == nil
}

// source returns the source that an indicator reads; ok is false for the bars of
// the symbol itself.
func (s *Strategy) source(indicatorID string) (source Source, ok bool) {
	i := slices.IndexFunc(s.Indicators, func(x Indicator) bool { return x.ID == indicatorID })
	j := slices.IndexFunc(s.Context, func(c Source) bool { return c.ID == s.Indicators[i].Source })
	if j < 0 {
		return source, false
	}
	return s.Context[j], true
}

func (s *Strategy) contextList() []object {
	var list []object
	for _, c := range s.Context {
		list = append(list, object{{"provider", providerBars}, {"id", c.ID}, {"symbol", c.Symbol}, {"timeframe", c.Timeframe}})
	}
	return list
}

func contextSchema() document.Schema {
	x := contextShape.Schema(map[string]document.Schema{"provider": document.WordOf(providerBars, providerIB), "id": textSchema,
		"symbol": textSchema, "timeframe": timeframeSchema(), "alignment": document.WordOf("forward_fill")})
	x["required"] = []string{"provider", "symbol", "timeframe"}
	return document.ListOf(x)
}
