package sample

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

const benchStart = 946857600 // Monday 2000-01-03T00:00:00Z

// BenchSeries returns n one-minute bars of the bench series, version 1, which is
// published with seed 42: prices around 100, rounded to four decimals, that walk
// with a drift drawn anew every 512 bars.
//
// Every operation is rounded to float64 in the order in which it is written
// here, so that implementations in other languages give the same bits.
func BenchSeries(n int, seed uint64) market.Series {
	s := market.NewSeries("BENCH", market.Minute1, n)
	r := splitMix{seed}
	prev, trend := 100.0, 0.0
	for i := range n {
		if i%512 == 0 {
			trend = (2*r.uniform() - 1) * 0.0001
		}
		gap := (2*r.uniform() - 1) * 0.0002
		bar := market.Bar{Time: benchStart + 60*int64(i), Open: round4(prev * (1 + gap))}
		z := r.uniform()
		z += r.uniform()
		z += r.uniform()
		z += r.uniform()
		z -= 2
		change := (float64(z*0.0017320508) + trend) - float64((prev-100)*0.0000001)
		bar.Close = round4(bar.Open * (1 + change))
		bar.High = round4(max(bar.Open, bar.Close) * (1 + float64(r.uniform()*0.0006)))
		bar.Low = round4(min(bar.Open, bar.Close) * (1 - float64(r.uniform()*0.0006)))
		bar.Volume = float64(100 + r.next()%9901)
		prev = bar.Close
		s.Append(bar)
	}
	return s
}

func round4(x float64) float64 { return math.Floor(float64(x*10000)+0.5) / 10000 }
