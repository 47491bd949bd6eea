package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A request is what a start of any type asks for, parsed.
type request struct {
	strategy   *strategy.Strategy
	start, end string
	span       market.Span
	also       []strategy.Bars // read beside those of the strategy
	trades     bool            // it trades on the bars, at the costs of the strategy
}

// request parses the strategy of a start, narrowed as asked for. It has no dates yet.
func (desk *Desk) request(name, text string, symbols, timeframes []string) (request, error) {
	r := request{}
	parsed, err := desk.o.Library.Parse(name, text)
	if err != nil {
		return r, err
	}
	syms, err := symbolsOf(symbols)
	if err != nil {
		return r, err
	}
	var tfs []market.Timeframe
	for _, text := range timeframes {
		tf, err := market.ParseTimeframe(text)
		if err != nil {
			return r, wire.Errorf(wire.CodeBadRequest, "%w", err)
		}
		tfs = append(tfs, tf)
	}
	if r.strategy, err = parsed.With(syms, tfs); err != nil {
		return r, wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	return r, nil
}

// submitted is the operation that a start asks for, before anything is known of it.
func submitted(kind operation.Type, b wire.Submission) operation.Operation {
	return operation.Operation{ID: b.TaskID, Type: kind, Priority: b.Priority, MaxAttempts: b.MaxAttempts, Deadline: b.Deadline}
}

// symbolsOf reads the symbols of a request; none of none.
func symbolsOf(names []string) (symbols []market.Symbol, err error) {
	for _, name := range names {
		symbol, err := market.ParseSymbol(name)
		if err != nil {
			return nil, wire.Errorf(wire.CodeBadRequest, "%w", err)
		}
		symbols = append(symbols, symbol)
	}
	return symbols, nil
}

// check refuses a request for bars that are not held, before anything is written.
func (desk *Desk) check(ctx context.Context, r request) error {
	for _, b := range r.reads() {
		h, err := desk.o.Bars.Holding(ctx, b.Symbol, b.Timeframe)
		if desk.o.NoBars != nil && errors.Is(err, desk.o.NoBars) {
			return desk.notHeld(ctx, b.Symbol, b.Timeframe)
		}
		if err != nil {
			return fmt.Errorf("what is held of %s %s: %w", b.Symbol, b.Timeframe, err)
		}
		if r.decides(b) && (r.span.To != 0 && h.First.Unix() >= r.span.To || r.span.From > h.Last.Unix()) {
			return wire.Errorf(wire.CodeBadRequest, "no %s %s bars between %s and %s: held are %s to %s", b.Symbol, b.Timeframe,
				orOpen(r.start, "the first"), orOpen(r.end, "the last"), market.Stamp(h.First.Unix()), market.Stamp(h.Last.Unix()))
		}
	}
	return nil
}

// decides tells that the decisions of the request are made on the bars b.
func (r request) decides(b strategy.Bars) bool {
	return b.Timeframe == r.strategy.Base && slices.Contains(r.strategy.Symbols, b.Symbol)
}

// notHeld is the error of a request for bars that are not held; it says which
// are.
func (desk *Desk) notHeld(ctx context.Context, symbol market.Symbol, tf market.Timeframe) error {
	held, err := desk.o.Bars.Holdings(ctx)
	if err != nil {
		return fmt.Errorf("what is held of the market: %w", err)
	}
	return wire.Errorf(wire.CodeDataNotFound, "Data not found for %s (%s)%s. Import it with: ktrdr data import FILE --symbol %s --timeframe %s",
		symbol, tf, WhatIsHeld(held, symbol), symbol, tf)
}

func orOpen(date, open string) string {
	if date == "" {
		return open
	}
	return date
}

// pin stores the bars that a request reads, from the first held to the end of
// its span, and returns their hashes. Bars that come later change nothing for it.
func (desk *Desk) pin(ctx context.Context, r request) ([]wire.DataRef, []operation.Artifact, error) {
	var refs []wire.DataRef
	var artifacts []operation.Artifact
	for _, b := range r.reads() {
		series, err := desk.o.Bars.Read(ctx, b.Symbol, b.Timeframe, market.Span{To: r.span.To})
		if err != nil {
			return nil, nil, fmt.Errorf("read bars %s %s: %w", b.Symbol, b.Timeframe, err)
		}
		if r.decides(b) && series.Within(r.span).Len() == 0 {
			return nil, nil, wire.Errorf(wire.CodeBadRequest, "no %s %s bars between %s and %s: there is a gap in what is held", b.Symbol, b.Timeframe,
				orOpen(r.start, "the first"), orOpen(r.end, "the last"))
		}
		if r.trades && r.decides(b) {
			if err := r.strategy.Decisions.Costs.Spread.FitsBars(series.Within(r.span)); err != nil {
				return nil, nil, wire.Errorf(wire.CodeBadRequest, "decisions.costs: %w", err)
			}
		}
		ref, a, err := desk.snapshot(ctx, series)
		if err != nil {
			return nil, nil, fmt.Errorf("pin bars %s %s: %w", b.Symbol, b.Timeframe, err)
		}
		refs, artifacts = append(refs, ref), append(artifacts, a)
	}
	return refs, artifacts, nil
}

// A seriesID tells bars in memory apart. What Bars.Read has given out never
// changes, and a pinned keeps its series, so that no other one takes its place.
type seriesID struct {
	symbol market.Symbol
	tf     market.Timeframe
	first  *int64
	bars   int
}

// A pinned is a series and the name of its encoding.
type pinned struct {
	series   market.Series
	ref      wire.DataRef
	artifact operation.Artifact
}

// pinnedSeries is how many series are remembered with their hash.
const pinnedSeries = 256

// snapshot stores series under its hash, unless it is stored already.
func (desk *Desk) snapshot(ctx context.Context, series market.Series) (wire.DataRef, operation.Artifact, error) {
	var content []byte
	encode := func() (pinned, error) {
		content = desk.o.Bars.Snapshot(series)
		sum := sha256.Sum256(content)
		hash := hex.EncodeToString(sum[:])
		ref := wire.DataRef{Symbol: series.Symbol, Timeframe: series.Timeframe, SHA256: hash, Bars: series.Len()}
		if n := series.Len(); n > 0 {
			ref.First, ref.Last = series.Time[0], series.Time[n-1]
		}
		return pinned{series: series, ref: ref, artifact: operation.Artifact{SHA256: hash, Role: "bars", Bytes: int64(len(content))}}, nil
	}
	id := seriesID{symbol: series.Symbol, tf: series.Timeframe, bars: series.Len()}
	if id.bars > 0 {
		id.first = &series.Time[0]
	}
	p, err := desk.pins.Of(id, encode)
	if err == nil {
		_, err = desk.o.Artifacts.Stat(ctx, p.ref.SHA256)
	}
	if err != nil && desk.o.NoArtifact != nil && errors.Is(err, desk.o.NoArtifact) {
		if content == nil {
			content = desk.o.Bars.Snapshot(series)
		}
		_, err = desk.o.Artifacts.Put(ctx, p.ref.SHA256, bytes.NewReader(content))
	}
	return p.ref, p.artifact, err
}

// expect refuses a request at once when no worker is registered that could run
// it: nothing need be written to find that out.
func (desk *Desk) expect(t fleet.WorkerType) error {
	workers := desk.o.Scheduler.Workers()
	if workers == nil {
		return nil // nobody schedules here any more, as Submit will say
	}
	for _, w := range workers {
		if w.Type == t {
			return nil
		}
	}
	return NoWorker{Type: t, Registered: len(workers), Uptime: desk.o.Now().Sub(desk.since)}.Refusal()
}

// specify writes an order into op. order points to what the result depends on, the
// hash of which identifies equal work; further, if it is not nil, then sets in it
// what the result does not depend on.
func specify(op *operation.Operation, order any, queue *bool, further func()) error {
	spec, err := json.Marshal(order)
	sum := sha256.Sum256(spec)
	if err == nil && further != nil {
		further()
		spec, err = json.Marshal(order)
	}
	if err != nil {
		return fmt.Errorf("encode order: %w", err)
	}
	op.Spec, op.SpecHash, op.Immediate = spec, hex.EncodeToString(sum[:]), queue != nil && !*queue
	return nil
}

// threads returns what sets the number of threads in an order, nil where none is
// asked for.
func threads(in *int, asked int) func() {
	if asked == 0 {
		return nil
	}
	return func() { *in = asked }
}

// ptr returns nil for an empty text.
func ptr(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
