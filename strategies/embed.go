// Package strategies holds the example strategies as files, so that the binary
// can show itself without its sources beside it. It holds nothing else.
package strategies

import "embed"

// Files are the example strategies, by file name.
//
//go:embed *.yaml
var Files embed.FS
