//go:build !amd64

package trial

// hasVectors is for amd64: other processors go from order to order, trial by trial.
const hasVectors = false

func (x *extremes) allLeave(s *spans, n int)   { x.leavesPlain(s, n) }
func (x *extremes) allBetween(s *spans, n int) { x.betweenPlain(s, n) }

func (l *lanes) settle(from int, trades uint8) (booked, passing uint8) { return 0, 0 }
