package nn

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// A Score is a mean loss and, for classes, the share of rows whose largest
// output is their class (NaN for a regression).
type Score struct{ Loss, Accuracy float64 }

// Evaluate returns the score of the network on d without dropout. It uses at
// most threads goroutines; the result does not depend on how many.
//
// The losses of 64 rows are summed in float64 in their order, and those sums in
// theirs.
func (n *Network) Evaluate(ctx context.Context, d Data, l Loss, threads int) (Score, error) {
	if err := l.validate(n.config); err != nil {
		return Score{}, err
	}
	if d.Len() == 0 {
		return Score{}, errors.New("no rows to evaluate")
	}
	if err := d.validate(n.config, l); err != nil {
		return Score{}, err
	}
	var s Score
	err := withTeam(threads, func(t *team) (err error) {
		s, err = newJudge(n, l, t).score(ctx, &d)
		return err
	})
	return s, err
}

// MeanLoss returns the loss of outputs that are there already, for example
// those of Infer; it is what Evaluate returns for the network that gave them.
//
// Shape:  outputs is (N,O), row-major.
// Panics: if d is not N rows of what l is about.
func (l Loss) MeanLoss(outputs []float32, width int, d Data) float64 {
	rows := d.Len()
	if rows == 0 || len(outputs) != rows*width {
		panic(fmt.Sprintf("nn: MeanLoss has %d outputs for %d rows of %d", len(outputs), rows, width))
	}
	var sum, weight float64
	g := make([]float32, width)
	for from := 0; from < rows; from += shardRows {
		var s, w float64
		for i := from; i < min(from+shardRows, rows); i++ {
			loss, _ := l.row(g, outputs[i*width:(i+1)*width], &d, int32(i))
			share := float64(l.weight(&d, int32(i)))
			s += float64(share * float64(loss))
			w += share
		}
		sum += s
		weight += w
	}
	return sum / weight
}

// A judge evaluates a network again and again without allocating.
type judge struct {
	net  *Network
	loss Loss
	team *team
	desk []judgeDesk // one per job of the team
	data *Data       // what score is about, and the first row of the round, for job
	from int
	job  func(int)
}

type judgeDesk struct {
	tile        *tile
	z, g        []float32
	sum, weight float64
	right       int
}

func newJudge(n *Network, l Loss, t *team) *judge {
	j := &judge{net: n, loss: l, team: t, desk: make([]judgeDesk, t.size)}
	for i := range j.desk {
		j.desk[i] = judgeDesk{tile: newTile(n, shardRows, false), z: make([]float32, n.config.Outputs), g: make([]float32, n.config.Outputs)}
	}
	j.job = func(k int) { j.block(&j.desk[k], j.data, j.from+k*shardRows) }
	return j
}

func (j *judge) score(ctx context.Context, d *Data) (Score, error) {
	var sum, weight float64
	rows, right := d.Len(), 0
	j.data = d
	for j.from = 0; j.from < rows; j.from += shardRows * j.team.size {
		if ctx.Err() != nil {
			return Score{}, context.Cause(ctx)
		}
		jobs := min(j.team.size, (rows-j.from+shardRows-1)/shardRows)
		j.team.run(jobs, j.job)
		for k := range jobs {
			sum += j.desk[k].sum
			weight += j.desk[k].weight
			right += j.desk[k].right
		}
	}
	s := Score{Loss: sum / weight, Accuracy: math.NaN()}
	if j.loss.Kind.Classes() {
		s.Accuracy = float64(right) / float64(rows)
	}
	return s, nil
}

// block scores the rows from from, shardRows of them or what is left.
func (j *judge) block(b *judgeDesk, d *Data, from int) {
	rows := min(shardRows, d.Len()-from)
	for r := range rows {
		b.tile.end[r] = d.end(int32(from + r))
	}
	b.tile.forward(j.net, d.X, rows)
	b.sum, b.weight, b.right = 0, 0, 0
	for r := range rows {
		b.tile.output(b.z, r)
		loss, right := j.loss.row(b.g, b.z, d, int32(from+r))
		w := float64(j.loss.weight(d, int32(from+r)))
		b.sum += float64(w * float64(loss))
		b.weight += w
		if right {
			b.right++
		}
	}
}
