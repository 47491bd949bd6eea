package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// Keeping returns j with a cache: the features that it computes from bars, and what
// models say about them, it looks for in kept first. Results do not depend on it.
func Keeping(kept *featurecache.Cache, j worker.Job) worker.Job {
	return worker.JobFunc(func(ctx context.Context, order json.RawMessage, env worker.Env) (json.RawMessage, error) {
		return j.Run(ctx, order, desk{Env: env, kept: kept})
	})
}

// A desk is an Env with what was computed before.
type desk struct {
	worker.Env
	kept *featurecache.Cache
}

// keptOf returns the cache of a job, which is nil, and so keeps nothing, where the
// job has none.
func keptOf(env worker.Env) *featurecache.Cache {
	if d, ok := env.(desk); ok {
		return d.kept
	}
	return nil
}

// answersKey names what a model puts out over a window: what is asked for, the model,
// every series of bars that it reads, and the window.
func answersKey(what, model string, refs []wire.DataRef, window market.Series) string {
	var text strings.Builder
	fmt.Fprintf(&text, "ktrdr answers 1\n%s\n%s\n%s %s\n%d %d %d\n", what, model, window.Symbol, window.Timeframe,
		window.Time[0], window.Time[window.Len()-1], window.Len())
	for _, ref := range refs {
		fmt.Fprintf(&text, "%s %s %s\n", ref.Symbol, ref.Timeframe, ref.SHA256)
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}

// Signals are kept as one float32 each: the bits of the confidence, which is at most
// 1 and leaves the upper two bits free, and the signal in those.
const (
	signalShift = 30
	codeHold    = 0
	codeBuy     = 1
	codeSell    = 2
	codeUnknown = 3
)

// packSignals returns raws as a column. It panics where somebody but a model had a
// say in them.
func packSignals(raws []decision.Raw) []float32 {
	column := make([]float32, len(raws))
	for i, r := range raws {
		code := uint32(codeHold)
		switch {
		case r.Withheld != decision.Acted || r.Leave || !(r.Confidence >= 0 && r.Confidence <= 1):
			panic(fmt.Sprintf("job: signal %d is %+v, which no model says", i, r))
		case !r.Known:
			code = codeUnknown
		case r.Signal == decision.Buy:
			code = codeBuy
		case r.Signal == decision.Sell:
			code = codeSell
		}
		column[i] = math.Float32frombits(math.Float32bits(r.Confidence) | code<<signalShift)
	}
	return column
}

// unpackSignals returns the signals of a column of packSignals.
func unpackSignals(column []float32) []decision.Raw {
	raws := make([]decision.Raw, len(column))
	signals := [...]decision.Signal{codeHold: decision.Hold, codeBuy: decision.Buy, codeSell: decision.Sell, codeUnknown: decision.Hold}
	for i, v := range column {
		bits := math.Float32bits(v)
		code := bits >> signalShift
		raws[i] = decision.Raw{Confidence: math.Float32frombits(bits &^ (3 << signalShift)), Signal: signals[code], Known: code != codeUnknown}
	}
	return raws
}

// packOutputs returns outputs as a column in which the rows that are not known are
// NaN. It reports false where a known one is: such a model is for somebody to see.
func packOutputs(outputs []float32, known []bool) ([]float32, bool) {
	column := append([]float32(nil), outputs...)
	width := len(outputs) / len(known)
	for row, ok := range known {
		if first := &column[row*width]; !ok {
			*first = float32(math.NaN())
		} else if *first != *first {
			return nil, false
		}
	}
	return column, true
}

// unpackOutputs returns the outputs of a column of packOutputs, 0 where they are not
// known.
func unpackOutputs(column []float32, width int) (outputs []float32, known []bool) {
	outputs, known = append([]float32(nil), column...), make([]bool, len(column)/width)
	for row := range known {
		first := &outputs[row*width]
		if known[row] = *first == *first; !known[row] {
			*first = 0
		}
	}
	return outputs, known
}
