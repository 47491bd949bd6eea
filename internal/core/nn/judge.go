package nn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
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
	j := newJudgeDesk(width)
	var total mark
	for from := 0; from < rows; from += shardRows {
		total.add(j.score(kernel.Best(), l, outputs[from*width:], width, width, &d, from))
	}
	return total.loss / total.weight
}

// A mark is what the losses of some rows add up to.
type mark struct {
	loss, weight float64
	right        int
}

func (m *mark) add(v mark) {
	m.loss += v.loss
	m.weight += v.weight
	m.right += v.right
}

// chunkBlocks is the number of blocks of shardRows rows that one job judges.
const chunkBlocks = 16

// A judge evaluates a network again and again without allocating.
type judge struct {
	net   *Network
	loss  Loss
	team  *team
	desk  []judgeDesk // one per goroutine of the team
	marks []mark      // of the blocks of a round
	data  *Data       // what score is about, and the first row of the round, for job
	from  int
	job   func(desk, i int)
}

// A judgeDesk is the scratch with which one goroutine judges blocks.
type judgeDesk struct {
	tile  *tile // nil where the outputs are there already
	marks *marks
	rows  []int32
}

func newJudgeDesk(outputs int) judgeDesk {
	return judgeDesk{marks: newMarks(outputs), rows: make([]int32, shardRows)}
}

func newJudge(n *Network, l Loss, t *team) *judge {
	j := &judge{net: n, loss: l, team: t, desk: make([]judgeDesk, t.size), marks: make([]mark, t.jobs()*chunkBlocks)}
	for i := range j.desk {
		j.desk[i] = newJudgeDesk(n.config.Outputs)
		j.desk[i].tile = newTile(n, shardRows, false)
	}
	j.job = func(desk, i int) { j.chunk(&j.desk[desk], i*chunkBlocks) }
	return j
}

func (j *judge) score(ctx context.Context, d *Data) (Score, error) {
	var total mark
	rows := d.Len()
	j.data = d
	for j.from = 0; j.from < rows; j.from += len(j.marks) * shardRows {
		if ctx.Err() != nil {
			return Score{}, context.Cause(ctx)
		}
		blocks := min(len(j.marks), (rows-j.from+shardRows-1)/shardRows)
		j.team.run((blocks+chunkBlocks-1)/chunkBlocks, j.job)
		for _, m := range j.marks[:blocks] {
			total.add(m)
		}
	}
	s := Score{Loss: total.loss / total.weight, Accuracy: math.NaN()}
	if j.loss.Kind.Classes() {
		s.Accuracy = float64(total.right) / float64(rows)
	}
	return s, nil
}

// chunk judges chunkBlocks blocks of the round, from number first on, or what is
// left of them.
func (j *judge) chunk(b *judgeDesk, first int) {
	for i := first; i < first+chunkBlocks; i++ {
		from := j.from + i*shardRows
		rows := min(shardRows, j.data.Len()-from)
		if rows <= 0 {
			return
		}
		for r := range rows {
			b.tile.end[r] = j.data.end(int32(from + r))
		}
		b.tile.forward(j.net, j.data.X, rows)
		out, width := b.tile.outputs(j.net)
		j.marks[i] = b.score(j.net.kernels, j.loss, out, width, j.net.config.Outputs, j.data, from)
	}
}

// score marks the block of rows of d that begins at from, whose outputs are the
// rows of out.
func (b *judgeDesk) score(k *kernel.Set, l Loss, out []float32, row, outputs int, d *Data, from int) mark {
	rows := b.rows[:min(shardRows, d.Len()-from)]
	for r := range rows {
		rows[r] = int32(from + r)
	}
	b.marks.mark(k, l, out, row, outputs, d, rows)
	m := mark{right: b.marks.right}
	for r, i := range rows {
		w := float64(l.weight(d, i))
		m.loss += float64(w * float64(b.marks.loss[r]))
		m.weight += w
	}
	return m
}
