package backtest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// Work returns what s works on. The first call reads the whole input, which takes
// about 50 ms for a million bars.
func (s *Simulation) Work() ledger.Work {
	if s.work == (ledger.Work{}) {
		s.work = workOf(s.in, s.o)
	}
	return s.work
}

// workOf hashes the line "ktrdr backtest work 2\n", symbol, timeframe, rules,
// options and routed exits as a line of JSON, then the columns one after the other,
// quotes only where they are the spread, each with its length before it, and the
// signals, all little endian.
func workOf(in Input, o Options) ledger.Work {
	about := []any{in.Series.Symbol, in.Series.Timeframe, in.Rules, o}
	if in.Routed != nil {
		about = append(about, in.Routed)
	}
	head, err := json.Marshal(about)
	if err != nil {
		panic("backtest: a checked input does not encode: " + err.Error())
	}
	h := sha256.New()
	fmt.Fprintf(h, "ktrdr backtest work 2\n%s\n", head)
	s := in.Series
	hashColumn(h, s.Time, 8, func(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) })
	for _, column := range [...][]float64{s.Open, s.High, s.Low, s.Close, s.Volume, in.Volatility, in.SizingVolatility} {
		hashColumn(h, column, 8, appendFloat)
	}
	if o.Costs.Spread.FromQuotes() {
		hashColumn(h, s.Bid, 8, appendFloat)
		hashColumn(h, s.Ask, 8, appendFloat)
	}
	hashColumn(h, in.Finer.Time, 8, func(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) })
	for _, column := range [...][]float64{in.Finer.High, in.Finer.Low, in.Finer.Open} {
		hashColumn(h, column, 8, appendFloat)
	}
	if in.Rates != nil {
		hashColumn(h, in.Rates.Open, 8, appendFloat)
		hashColumn(h, in.Rates.Close, 8, appendFloat)
	}
	hashColumn(h, in.Signals, 8, func(b []byte, v decision.Raw) []byte {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v.Confidence))
		return append(b, byte(v.Signal), flag(v.Known), byte(v.Withheld), flag(v.Leave))
	})
	return ledger.Work(h.Sum(nil))
}

// hashColumn writes the length of column and its elements, each of size bytes.
func hashColumn[T any](h hash.Hash, column []T, size int, appendElement func([]byte, T) []byte) {
	const block = 2048
	b := make([]byte, 0, 8+block*size)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(column)))
	for part := range slices.Chunk(column, block) {
		for _, v := range part {
			b = appendElement(b, v)
		}
		h.Write(b)
		b = b[:0]
	}
	h.Write(b)
}

func appendFloat(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// AppendState appends the state of s, bound to its Work, to b and returns it, in the
// form of ledger.State.AppendBinary.
func (s *Simulation) AppendState(b []byte) []byte {
	return s.known().AppendBinary(b, s.Work())
}
