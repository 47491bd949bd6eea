package leak_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/leak"
)

// The features of the row before, made of the row after: found at once.
func ExampleExamine() {
	s := parse(&testing.T{}, source)
	p := leak.Of(s)
	clean := p.Features
	p.Features = func(ctx context.Context, f feature.Frame) (feature.Matrix, error) {
		m, err := clean(ctx, f)
		if err == nil {
			copy(m.Data, m.Data[m.Width:])
		}
		return m, err
	}
	for _, pipeline := range []leak.Pipeline{leak.Of(s), p} {
		r, err := leak.Examine(context.Background(), pipeline, bars(s, 600), 3, 1)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(r.Findings) > 0)
	}
	// Output:
	// false
	// true
}
