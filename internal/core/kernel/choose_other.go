//go:build !amd64 && !arm64

package kernel

// fast returns no sets: other processors run plain Go.
func fast() []*Set { return nil }
