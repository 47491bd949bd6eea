package decision

import "golang.org/x/sys/cpu"

var hasVectors = cpu.X86.HasAVX2

// columnsOf is columnsPlain, by vectors where the processor has them.
func columnsOf(raws []Raw, threshold float32) (clean, signals, downs, sure uint64) {
	if hasVectors && len(raws) == 64 {
		return columns256(&raws[0].Confidence, threshold)
	}
	return columnsPlain(raws, threshold)
}
