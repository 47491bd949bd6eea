//go:build !amd64

package rolling

// fast returns no sets: other processors run plain Go.
func fast() []*set { return nil }
