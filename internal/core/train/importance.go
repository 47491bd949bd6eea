package train

import (
	"context"
	"math/rand/v2"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// An Importance tells how much the validation loss rises when the values of one
// feature are exchanged between the rows at random: about 0 for a feature that the
// network does not use, and below 0 for one that misleads it.
type Importance struct {
	Feature      string  `json:"feature"`
	LossIncrease float64 `json:"loss_increase"`
}

// importanceRows bounds the rows that importance looks at, spread evenly.
const importanceRows = 2000

// importance permutes each feature in turn; a recurrent network gets the whole
// window of the feature from another row. The permutations depend on the seed and
// the feature alone.
//
// Source: L. Breiman, Random forests, 2001; A. Fisher, C. Rudin, F. Dominici, All
// models are wrong, but many are useful, 2019.
func importance(ctx context.Context, names []string, n answerer, d nn.Data, loss nn.Loss, seed uint64) ([]Importance, error) {
	c := n.Config()
	rows := min(d.Len(), importanceRows)
	x, some := pack(c, d, rows)
	measure := func(x []float32) (float64, error) {
		some.X, some.At = x, nil
		outputs := make([]float32, rows*c.Outputs)
		size := c.Rows() * c.Inputs
		for from := 0; from < rows; from += chunkRows {
			if err := context.Cause(ctx); err != nil {
				return 0, err
			}
			to := min(from+chunkRows, rows)
			n.Infer(outputs[from*c.Outputs:to*c.Outputs], x[from*size:to*size], to-from)
		}
		return loss.MeanLoss(outputs, c.Outputs, some), nil
	}
	base, err := measure(x)
	if err != nil {
		return nil, err
	}
	list := make([]Importance, 0, len(names))
	mixed := make([]float32, len(x))
	for column, name := range names {
		copy(mixed, x)
		order := rand.New(rand.NewPCG(seed, uint64(column))).Perm(rows)
		for i, from := range order {
			for t := range c.Rows() {
				mixed[(i*c.Rows()+t)*c.Inputs+column] = x[(from*c.Rows()+t)*c.Inputs+column]
			}
		}
		loss, err := measure(mixed)
		if err != nil {
			return nil, err
		}
		list = append(list, Importance{name, loss - base})
	}
	return list, nil
}

// pack returns so many rows of d, spread evenly, and their features, each row
// with all of its window.
func pack(c nn.Config, d nn.Data, rows int) (x []float32, some nn.Data) {
	x = make([]float32, 0, rows*c.Rows()*c.Inputs)
	for k := range rows {
		i := k * d.Len() / rows
		end := i
		if d.At != nil {
			end = int(d.At[i])
		}
		x = append(x, d.X[(end-c.Rows()+1)*c.Inputs:(end+1)*c.Inputs]...)
		some.Weight = append(some.Weight, d.Weight[i])
		if d.Class != nil {
			some.Class = append(some.Class, d.Class[i])
		} else {
			some.Target = append(some.Target, d.Target[i])
		}
	}
	return x, some
}
