//go:build !amd64

package decision

// columnsOf is columnsPlain: other processors run plain Go.
func columnsOf(raws []Raw, threshold float32) (clean, signals, downs, sure uint64) {
	return columnsPlain(raws, threshold)
}
