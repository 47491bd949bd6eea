package trial

import "golang.org/x/sys/cpu"

// hasVectors tells that this processor runs rounds.
var hasVectors = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasBMI2

// allLeave is leavesPlain.
func (x *extremes) allLeave(s *spans, n int) {
	leaves512(&x.low[0], &x.high[0], &x.lows[0], &x.highs[0], x.row, &s.entry[0], n)
}

// allBetween is betweenPlain.
func (x *extremes) allBetween(s *spans, n int) {
	between512(&x.low[0], &x.high[0], &x.lows[0], &x.highs[0], x.row, &s.entry[0], n)
}

// settle books the trades of some of eight lanes from lane from on, and returns of which,
// and where the peak and the trough of the equity are left to others, because it may have
// passed the peak. It leaves out what is rare: no quantity, no result, no equity.
func (l *lanes) settle(from int, trades uint8) (booked, passing uint8) {
	b := &l.sh.bars
	done, high := settle512(&l.columns.entry[from], &b.Open[0], &b.High[0], &b.Low[0], &b.Close[0], &b.Time[0], b.seconds, uint64(trades))
	return uint8(done), uint8(high)
}
