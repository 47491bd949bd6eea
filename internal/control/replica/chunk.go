package replica

import (
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// chunkBars is how many bars a chunk holds where there are no gaps: about 3 MB.
const chunkBars = 1 << 16

// stretch is the length in seconds of the stretches of time that the bars of a
// timeframe are divided into. They begin where they do for every series, so that
// bars which are added change the chunk that they are in and no other.
func stretch(tf market.Timeframe) int64 { return chunkBars * tf.Seconds() }

// numberOf returns the number of the chunk that holds a time.
func numberOf(tf market.Timeframe, t int64) int64 {
	n := t / stretch(tf)
	if t%stretch(tf) < 0 {
		n--
	}
	return n
}

// numbers returns the numbers of the chunks that s has bars in, ascending.
func numbers(s market.Series) []int64 {
	var all []int64
	for i := 0; i < s.Len(); {
		n := numberOf(s.Timeframe, s.Time[i])
		all = append(all, n)
		i = s.Search((n + 1) * stretch(s.Timeframe))
	}
	return all
}

// encode returns chunk n of s and its hash, which is that of no content where s
// has no bars in it.
func encode(s market.Series, n int64) (content []byte, hash string) {
	part := s.Slice(s.Search(n*stretch(s.Timeframe)), s.Search((n+1)*stretch(s.Timeframe)))
	if part.Len() == 0 {
		return nil, ""
	}
	content = barstore.Encode(nil, part)
	return content, string(artifact.HashBytes(content))
}
