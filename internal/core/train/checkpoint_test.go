package train_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

func artifact(t interface{ Fatal(...any) }, in train.Input) []byte {
	m, _, err := train.Run(context.Background(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := model.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var errStopped = errors.New("stopped by the test")

// interrupt runs in until the n-th report of training or evaluation and returns
// the state at which it stopped.
func interrupt(t interface{ Fatal(...any) }, in train.Input, n int) []byte {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var last []byte
	in.Checkpoint = func(_ train.Progress, state func() ([]byte, error)) {
		b, err := state()
		if err != nil {
			t.Fatal(err)
		}
		last = b
	}
	_, _, err := train.Run(ctx, in, func(p train.Progress) {
		if p.Phase == train.PhaseTraining || p.Phase == train.PhaseEvaluation {
			if n--; n == 0 {
				cancel(errStopped)
			}
		}
	})
	if err != nil && !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	return last
}

// TestRun_resumed stops trainings at any report, once or several times, and goes
// on with other numbers of threads.
func TestRun_resumed(t *testing.T) {
	stop := "early_stopping: {patience: 2, min_delta: 0.05}\n  seed: 3"
	for name, src := range map[string]string{
		"classes": source, "regression": regressionSource, "early_stop": strings.Replace(source, "seed: 3", stop, 1),
	} {
		t.Run(name, func(t *testing.T) {
			in := twoSymbols(t, strings.Replace(strings.Replace(src, "epochs: 12", "epochs: 6", 1), "batch_size: 64", "batch_size: 16", 1), 500)
			want := artifact(t, in)
			rapid.Check(t, func(t *rapid.T) {
				in := in
				for range rapid.IntRange(1, 3).Draw(t, "stops") {
					in.Threads = rapid.IntRange(1, 3).Draw(t, "threads")
					in.Resume = interrupt(t, in, rapid.IntRange(1, 30).Draw(t, "reports"))
				}
				in.Threads = rapid.IntRange(1, 3).Draw(t, "threads")
				if !bytes.Equal(artifact(t, in), want) {
					t.Fatal("the resumed training made another model")
				}
			})
		})
	}
}

func TestRun_resumed_recurrent(t *testing.T) {
	in := twoSymbols(t, strings.Replace(lstm(source), "epochs: 12", "epochs: 3", 1), 500)
	want := artifact(t, in)
	for _, reports := range []int{1, 4, 6} {
		in.Resume = interrupt(t, in, reports)
		in.Threads++
		if !bytes.Equal(artifact(t, in), want) {
			t.Errorf("stopped at report %d, the training made another model", reports)
		}
	}
}

// TestRun_checkpoints_change_nothing trains with and without a receiver of
// checkpoints, and looks at when it is called.
func TestRun_checkpoints_change_nothing(t *testing.T) {
	in := twoSymbols(t, source, 500)
	want := artifact(t, in)
	epochs := 0
	in.Checkpoint = func(p train.Progress, state func() ([]byte, error)) {
		if p.Batch == p.Batches {
			epochs++
		}
		if _, err := state(); err != nil {
			t.Error(err)
		}
	}
	if !bytes.Equal(artifact(t, in), want) {
		t.Error("another model where checkpoints are taken")
	}
	if epochs != 12 {
		t.Errorf("checkpoints after %d epochs, want all 12", epochs)
	}
}

// TestRun_resume_refused resumes other work than was interrupted.
func TestRun_resume_refused(t *testing.T) {
	in := twoSymbols(t, source, 500)
	in.Resume = interrupt(t, in, 3)
	for name, c := range map[string]struct {
		change func(in *train.Input)
		want   string
	}{
		"seed":       {func(in *train.Input) { in.Strategy = parse(t, strings.Replace(source, "seed: 3", "seed: 4", 1)) }, "strategy with hash"},
		"learning":   {func(in *train.Input) { in.Strategy = parse(t, strings.Replace(source, "rate: 0.01", "rate: 0.02", 1)) }, "strategy with hash"},
		"engine":     {func(in *train.Input) { in.EngineVersion = "other" }, `version "test", this is "other"`},
		"bars":       {func(in *train.Input) { in.Frames = twoSymbols(t, source, 501).Frames }, "other rows"},
		"damage":     {func(in *train.Input) { in.Resume[40] ^= 1 }, "checksum is wrong"},
		"nothing":    {func(in *train.Input) { in.Resume = []byte{} }, "not the state of a training"},
		"other file": {func(in *train.Input) { in.Resume = bytes.Repeat([]byte("PK"), 500) }, "not the state of a training"},
	} {
		t.Run(name, func(t *testing.T) {
			in := in
			in.Resume = bytes.Clone(in.Resume)
			c.change(&in)
			if _, _, err := train.Run(t.Context(), in, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}

// TestRun_resume_impossible_state: a checkpoint that parses but cannot be.
func TestRun_resume_impossible_state(t *testing.T) {
	in := twoSymbols(t, source, 500)
	whole := interrupt(t, in, 3)
	for want, change := range map[string]func(s *nn.State){
		"a weight is not finite":        func(s *nn.State) { s.Weights[3] = float32(math.Inf(1)) },
		"a moment is NaN":               func(s *nn.State) { s.Moments[1][0] = float32(math.NaN()) },
		"1 moments":                     func(s *nn.State) { s.Moments = s.Moments[:1] },
		"-1 batches are finished":       func(s *nn.State) { s.Partial.Batches = -1 },
		"epochs are finished of 12":     func(s *nn.State) { s.History = make([]nn.Epoch, 13) },
		"validation loss of epoch 1 is": func(s *nn.State) { s.History[0].Validation.Loss = math.NaN() },
		"numbers for": func(s *nn.State) {
			s.Weights, s.Best, s.Moments = s.Weights[1:], s.Best[1:], [][]float32{s.Moments[0][1:], s.Moments[1][1:]}
		},
	} {
		c, err := train.ParseCheckpoint(whole)
		if err != nil {
			t.Fatal(err)
		}
		change(&c.State)
		if in.Resume, err = c.AppendBinary(nil); err != nil {
			t.Fatal(err)
		}
		if _, _, err := train.Run(t.Context(), in, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %q", err, want)
		}
	}
}

func TestCheckpoint_uneven(t *testing.T) {
	c := train.Checkpoint{State: nn.State{Weights: make([]float32, 3), Best: make([]float32, 2)}}
	if _, err := c.AppendBinary(nil); err == nil {
		t.Error("arrays of different lengths were written")
	}
}

func TestParseCheckpoint_version(t *testing.T) {
	b := interrupt(t, twoSymbols(t, source, 500), 2)
	b[7] = 9
	if _, err := train.ParseCheckpoint(b); err == nil || !strings.Contains(err.Error(), "version 9") {
		t.Errorf("error %v, want one about version 9", err)
	}
}

// FuzzParseCheckpoint reads bytes behind a right checksum: what is accepted is
// what AppendBinary writes, and nothing panics or takes memory that the bytes do
// not pay for.
func FuzzParseCheckpoint(f *testing.F) {
	c := train.Checkpoint{
		Work: train.Work{Engine: "1", Strategy: "ab", Rows: "cd"},
		State: nn.State{History: []nn.Epoch{{Number: 1, GradientNorm: 2}}, Partial: nn.Partial{Batches: 1, Weight: 2},
			Weights: []float32{1, 2}, Best: []float32{3, 4}, Moments: [][]float32{{5, 6}, {7, 8}}},
	}
	b, err := c.AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	body := b[:len(b)-sha256.Size]
	f.Add(body)
	f.Add(body[:20])
	f.Add(binary.LittleEndian.AppendUint32(bytes.Clone(body[:8]), math.MaxUint32))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		whole := append(bytes.Clone(body), sum[:]...)
		c, err := train.ParseCheckpoint(whole)
		if err != nil {
			return
		}
		again, err := c.AppendBinary([]byte("before"))
		if err != nil || !bytes.Equal(again, append([]byte("before"), whole...)) {
			t.Fatalf("%v after a round trip, error %v", again, err)
		}
	})
}

// ExampleRun_resume takes the state of a training now and then, and goes on from
// the last one.
func ExampleRun_resume() {
	in := twoSymbols(&testing.T{}, source, 500)
	var saved []byte
	in.Checkpoint = func(p train.Progress, state func() ([]byte, error)) {
		if p.Batch == p.Batches && p.Epoch%5 == 0 { // or when some time has passed
			saved, _ = state()
		}
	}
	_, whole, err := train.Run(context.Background(), in, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	in.Checkpoint, in.Resume = nil, saved
	_, resumed, err := train.Run(context.Background(), in, nil)
	fmt.Println(err, resumed.TrainingMetrics.EpochsCompleted, resumed.TestMetrics.TestLoss == whole.TestMetrics.TestLoss)
	// Output: <nil> 12 true
}
