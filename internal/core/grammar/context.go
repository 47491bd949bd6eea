package grammar

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var contextShape = document.Keys{
	Names: []string{"provider", "id", "symbol", "timeframe", "alignment"},
	Hints: map[string]string{
		"instrument_type": "remove it: bars are known by their symbol",
		"name":            "the key is called id",
	},
}

// providerIB is the word of older files for the same.
const providerIB = "ib"

// otherProviders says of the providers of older files why their series cannot be
// read: a value may not be used before it is known.
var otherProviders = map[string]string{
	"fred":      "its series are revised and carry the date that they are about, not the day of their publication",
	"cftc_cot":  "its reports carry the Tuesday that they are about and are published on Friday",
	"calendar":  "nothing provides events",
	"sentiment": "nothing provides sentiment",
}

// context reads the list of sources.
func (d *decoder) context(s *strategy.Strategy, f document.Mapping) document.Definitions {
	n, ok := f.Get("context_data")
	if !ok {
		return nil
	}
	items, ok := n.List()
	if ok && len(items) == 0 {
		n.Problem("the list is empty: remove it")
	}
	var list document.Definitions
	for _, item := range items {
		source, key, ok := d.source(item)
		if source.ID == "" {
			continue
		}
		def := &document.Definition{Entry: document.Entry{Name: source.ID, Key: key, Value: item}, OK: ok, Index: len(s.Context)}
		if list.Get(source.ID) != nil {
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
func (d *decoder) source(n document.Node) (source strategy.Source, key document.Node, ok bool) {
	if provider, there := n.Peek("provider"); there && isOfNoUse(provider) {
		return source, n, false
	}
	f, ok := n.Mapping(contextShape)
	if !ok {
		return source, n, false
	}
	if provider, there := f.Need("provider", "bars: those that are held of the symbol"); there {
		_, ok = provider.Choice([]string{strategy.ProviderBars, providerIB})
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
		isID := isText && (document.Entry{Name: text, Key: id}).IsID()
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

func contextSchema() document.Schema {
	x := contextShape.Schema(map[string]document.Schema{"provider": document.WordOf(strategy.ProviderBars, providerIB), "id": textSchema,
		"symbol": textSchema, "timeframe": timeframeSchema(), "alignment": document.WordOf("forward_fill")})
	x["required"] = []string{"provider", "symbol", "timeframe"}
	return document.ListOf(x)
}
