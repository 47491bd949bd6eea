package api

import (
	"context"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
)

type rangeInput struct{ Body wire.DataRangeQuery }

type barsInput struct {
	Symbol           string `path:"symbol"`
	Timeframe        string `path:"timeframe"`
	StartDate        string `query:"start_date" doc:"first day or moment, UTC"`
	EndDate          string `query:"end_date" doc:"last day or moment, included, UTC"`
	Limit            int    `query:"limit" minimum:"1" maximum:"100000" default:"100000" doc:"the newest so many; metadata says when bars were left out"`
	TradingHoursOnly bool   `query:"trading_hours_only" doc:"accepted only as false: bars are given as they are held"`
	IncludeExtended  bool   `query:"include_extended" doc:"goes with trading_hours_only"`
}

func (s *server) addData() {
	tags := []string{"data"}
	add(s, huma.Operation{OperationID: "data-info", Method: http.MethodGet, Path: wire.PathDataInfo, Tags: tags, Summary: "Say which bars are held"}, s.dataInfo)
	add(s, huma.Operation{OperationID: "list-symbols", Method: http.MethodGet, Path: wire.PathSymbols, Tags: tags, Summary: "List the symbols of which bars are held"}, s.symbols)
	add(s, huma.Operation{OperationID: "list-timeframes", Method: http.MethodGet, Path: wire.PathTimeframes, Tags: tags, Summary: "List the timeframes that the system knows"}, s.timeframes)
	add(s, huma.Operation{OperationID: "data-range", Method: http.MethodPost, Path: wire.PathDataRange, Tags: tags, Summary: "Say from when to when bars are held"}, s.dataRange)
	add(s, huma.Operation{OperationID: "get-bars", Method: http.MethodGet, Path: wire.PathDataBars, Tags: tags, Summary: "Get held bars"}, s.bars)
	s.addImport(tags)
}

func enveloped[T any](data T) wire.Envelope[T] { return wire.Envelope[T]{Success: true, Data: data} }

func (s *server) dataInfo(ctx context.Context, _ *struct{}) (wire.Envelope[wire.DataInfo], error) {
	held, err := s.o.Bars.Holdings(ctx)
	if err != nil {
		return wire.Envelope[wire.DataInfo]{}, err
	}
	info := wire.DataInfo{DataDirectory: s.o.DataDir, AvailableSymbols: []market.Symbol{}, TimeframesAvailable: market.Timeframes(),
		TotalTimeframes: len(market.Timeframes()), DataSources: []string{"local_files"}, Features: []string{"import", "snapshots"}, Holdings: slices.Clone(held)}
	if held == nil {
		info.Holdings = []wire.Holding{}
	}
	for _, h := range held {
		if !slices.Contains(info.AvailableSymbols, h.Symbol) {
			info.AvailableSymbols = append(info.AvailableSymbols, h.Symbol)
		}
	}
	info.TotalSymbols = len(info.AvailableSymbols)
	return enveloped(info), nil
}

func (s *server) symbols(ctx context.Context, _ *struct{}) (wire.Envelope[[]wire.SymbolInfo], error) {
	held, err := s.o.Bars.Holdings(ctx)
	if err != nil {
		return wire.Envelope[[]wire.SymbolInfo]{}, err
	}
	list := []wire.SymbolInfo{}
	for _, h := range held {
		if n := len(list); n == 0 || list[n-1].Symbol != h.Symbol {
			list = append(list, wire.SymbolInfo{Symbol: h.Symbol, Name: string(h.Symbol), Type: "unknown"})
		}
		last := &list[len(list)-1]
		last.AvailableTimeframes = append(last.AvailableTimeframes, h.Timeframe)
	}
	return enveloped(list), nil
}

var timeframeWords = map[market.Timeframe][2]string{
	market.Minute1: {"1 Minute", "One bar per minute"}, market.Minute5: {"5 Minutes", "One bar per 5 minutes"},
	market.Minute15: {"15 Minutes", "One bar per 15 minutes"}, market.Minute30: {"30 Minutes", "One bar per 30 minutes"},
	market.Hour1: {"1 Hour", "One bar per hour"}, market.Hour2: {"2 Hours", "One bar per 2 hours"}, market.Hour4: {"4 Hours", "One bar per 4 hours"},
	market.Day1: {"1 Day", "One bar per day"}, market.Week1: {"1 Week", "One bar per week"}, market.Month1: {"1 Month", "One bar per month"},
}

func (s *server) timeframes(context.Context, *struct{}) (wire.Envelope[[]wire.TimeframeInfo], error) {
	var list []wire.TimeframeInfo
	for _, tf := range market.Timeframes() {
		list = append(list, wire.TimeframeInfo{ID: tf, Name: timeframeWords[tf][0], Description: timeframeWords[tf][1]})
	}
	return enveloped(list), nil
}

// instrument parses a symbol and a timeframe.
func instrument(symbol, timeframe string) (market.Symbol, market.Timeframe, error) {
	sym, err := market.ParseSymbol(symbol)
	if err != nil {
		return "", 0, wire.Errorf(wire.CodeValidation, "%w", err)
	}
	tf, err := market.ParseTimeframe(timeframe)
	if err != nil {
		return "", 0, wire.Errorf(wire.CodeValidation, "%w", err)
	}
	return sym, tf, nil
}

func (s *server) dataRange(ctx context.Context, in *rangeInput) (wire.Envelope[wire.DataRange], error) {
	var none wire.Envelope[wire.DataRange]
	symbol, tf, err := instrument(in.Body.Symbol, in.Body.Timeframe)
	if err != nil {
		return none, err
	}
	held, err := s.o.Bars.Holdings(ctx)
	if err != nil {
		return none, err
	}
	h, ok := holding(held, symbol, tf)
	if !ok {
		return none, wire.Errorf(wire.CodeDataNotFound, "Data not found for %s (%s)%s", symbol, tf, intake.WhatIsHeld(held, symbol))
	}
	return enveloped(wire.DataRange{Symbol: symbol, Timeframe: tf, StartDate: h.First, EndDate: h.Last, PointCount: h.Bars}), nil
}

// holding finds what is held of a symbol and timeframe.
func holding(held []wire.Holding, symbol market.Symbol, tf market.Timeframe) (wire.Holding, bool) {
	i := slices.IndexFunc(held, func(h wire.Holding) bool { return h.Symbol == symbol && h.Timeframe == tf })
	if i < 0 {
		return wire.Holding{}, false
	}
	return held[i], true
}

// barTime is how the bars endpoint writes times, for older clients: UTC, without
// saying so.
const barTime = "2006-01-02T15:04:05"

func (s *server) bars(ctx context.Context, in *barsInput) (wire.Envelope[wire.Bars], error) {
	var none wire.Envelope[wire.Bars]
	symbol, tf, err := instrument(in.Symbol, in.Timeframe)
	if err != nil {
		return none, err
	}
	if in.TradingHoursOnly {
		return none, wire.Errorf(wire.CodeBadRequest, "trading_hours_only is not supported: leave it out, bars are given as they are held")
	}
	span, err := market.ParseSpan(in.StartDate, in.EndDate)
	if err != nil {
		return none, wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	series, err := s.o.Bars.Read(ctx, symbol, tf, span)
	if e := s.classify(err); e != nil && e.Kind() == wire.NotFound {
		series = market.NewSeries(symbol, tf, 0) // nothing held is nothing to show
	} else if err != nil {
		return none, err
	}
	all := series.Len()
	series = series.Slice(max(0, all-in.Limit), all)
	b := wire.Bars{Dates: make([]string, series.Len()), OHLCV: make([][5]*float64, series.Len()),
		Metadata: wire.BarsMetadata{Symbol: symbol, Timeframe: tf, PointCount: series.Len(), Points: series.Len(), Limited: series.Len() < all, OriginalPoints: all}}
	for i := range series.Len() {
		b.Dates[i] = time.Unix(series.Time[i], 0).UTC().Format(barTime)
		b.OHLCV[i] = [5]*float64{&series.Open[i], &series.High[i], &series.Low[i], &series.Close[i], known(&series.Volume[i])}
	}
	b.Quotes = quotesOf(series)
	if n := series.Len(); n > 0 {
		b.Metadata.StartDate, b.Metadata.EndDate = market.Stamp(series.Time[0]), market.Stamp(series.Time[n-1])
		b.Metadata.Start, b.Metadata.End = b.Metadata.StartDate, b.Metadata.EndDate
	}
	return enveloped(b), nil
}

// quotesOf returns the quotes of bars, nil where none is known.
func quotesOf(s market.Series) [][2]*float64 {
	if !s.HasQuotes() {
		return nil
	}
	all, some := make([][2]*float64, s.Len()), false
	for i := range all {
		all[i] = [2]*float64{known(&s.Bid[i]), known(&s.Ask[i])}
		some = some || s.Quote(i).IsKnown()
	}
	if !some {
		return nil
	}
	return all
}

// known is nil for a value that is not known, which JSON cannot say otherwise.
func known(v *float64) *float64 {
	if math.IsNaN(*v) {
		return nil
	}
	return v
}
