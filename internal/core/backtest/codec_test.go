package backtest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// resultBytes is everything in a result, in the form in which bits differ where
// values do.
func resultBytes(t interface{ Fatal(...any) }, r backtest.Result) []byte {
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// through saves the state of sim, reads it back and goes on from it.
func through(t interface{ Fatal(...any) }, s scenario, sim *backtest.Simulation) *backtest.Simulation {
	state, err := ledger.ParseState(sim.AppendState(nil), sim.Work())
	if err != nil {
		t.Fatal(err)
	}
	if sim, err = backtest.Resume(s.in, s.o, state); err != nil {
		t.Fatal(err)
	}
	return sim
}

// TestInterruptedIsUninterrupted cuts at every bar in turn, through bytes.
func TestInterruptedIsUninterrupted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		want := resultBytes(t, run(t, s))
		for cut := range s.in.Series.Len() + 1 {
			sim, err := backtest.New(s.in, s.o)
			if err != nil {
				t.Fatal(err)
			}
			if err := sim.Advance(cut); err != nil {
				t.Fatal(err)
			}
			sim = through(t, s, sim)
			if err := sim.Advance(s.in.Series.Len()); err != nil {
				t.Fatal(err)
			}
			if got := resultBytes(t, sim.Result()); !bytes.Equal(got, want) {
				t.Fatalf("interrupted after %d bars:\n%s\nuninterrupted:\n%s", cut, got, want)
			}
		}
	})
}

func TestRunFromCheckpoints(t *testing.T) {
	const n = 70_000
	s := scenario{in: backtest.Input{Series: benchSeries(n), Signals: noiseSignals(n), Rules: decision.Rules{AllowShort: true, MinSignalSeparation: 4}}, o: backtest.Options{Commission: 0.001}}
	want := resultBytes(t, run(t, s))
	why := errors.New("drained")
	var saved []byte
	for stops := 1; ; stops++ {
		ctx, cancel := context.WithCancelCause(context.Background())
		before := saved
		c := backtest.Checkpoints{Resume: saved, Save: func(state []byte) { saved = state }}
		r, err := backtest.RunFrom(ctx, s.in, s.o, c, func(p backtest.Progress) {
			if p.Bar < n {
				cancel(why)
			}
		})
		if err == nil {
			if got := resultBytes(t, r); !bytes.Equal(got, want) {
				t.Error("a run that was stopped at every checkpoint differs from one that was not")
			}
			if stops != 5 {
				t.Errorf("it took %d runs, want 5", stops)
			}
			return
		}
		if !errors.Is(err, why) || bytes.Equal(before, saved) {
			t.Fatalf("run %d: %v, want the cause %v and another state saved", stops, err, why)
		}
	}
}

func TestCheckpointIsAsked(t *testing.T) {
	const n = 50_000
	in := backtest.Input{Series: benchSeries(n), Signals: alternatingSignals(n)}
	var asked []int
	saves := 0
	_, err := backtest.RunFrom(context.Background(), in, backtest.Options{}, backtest.Checkpoints{
		Checkpoint: func(bar int) bool { asked = append(asked, bar); return bar > 20_000 },
		Save:       func([]byte) { saves++ },
	}, nil)
	if err != nil || !slices.Equal(asked, []int{16384, 32768, 49152}) || saves != 2 {
		t.Errorf("asked at %v, %d saves, %v: want 16384, 32768 and 49152, 2 saves", asked, saves, err)
	}
}

func TestParseStateRefuses(t *testing.T) {
	s := scenario{in: backtest.Input{Series: benchSeries(40), Signals: alternatingSignals(40)}}
	sim, err := backtest.New(s.in, s.o)
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Advance(30); err != nil {
		t.Fatal(err)
	}
	whole := sim.AppendState(nil)
	for n := range whole {
		if _, err := ledger.ParseState(whole[:n], sim.Work()); err == nil {
			t.Fatalf("the first %d of %d bytes are accepted", n, len(whole))
		}
		damaged := slices.Clone(whole)
		damaged[n] ^= 0x40
		if _, err := ledger.ParseState(damaged, sim.Work()); err == nil {
			t.Fatalf("byte %d of %d can change unseen", n, len(whole))
		}
	}
	if _, err := ledger.ParseState(append(slices.Clone(whole), 0), sim.Work()); err == nil {
		t.Error("a byte too many is accepted")
	}
	newer := slices.Clone(whole)
	newer[bytes.IndexByte(newer, '3')] = '4'
	if _, err := ledger.ParseState(newer, sim.Work()); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("version 4 gives %v, want another version", err)
	}
}

// TestStateIsOfOneWork changes one thing at a time about what is simulated.
func TestStateIsOfOneWork(t *testing.T) {
	const n = 20_000
	var saved []byte
	ctx, cancel := context.WithCancel(context.Background())
	first := backtest.Input{Series: benchSeries(n), Signals: alternatingSignals(n)}
	_, err := backtest.RunFrom(ctx, first, backtest.Options{}, backtest.Checkpoints{Save: func(b []byte) { saved = b }}, func(backtest.Progress) { cancel() })
	if err == nil || saved == nil {
		t.Fatalf("the first run was not stopped: %v", err)
	}
	for name, change := range map[string]func(*backtest.Input, *backtest.Options){
		"nothing":    func(*backtest.Input, *backtest.Options) {},
		"default":    func(_ *backtest.Input, o *backtest.Options) { o.Capital = backtest.DefaultCapital },
		"symbol":     func(in *backtest.Input, _ *backtest.Options) { in.Series.Symbol = "OTHER" },
		"price":      func(in *backtest.Input, _ *backtest.Options) { in.Series.Low[19_000] *= 0.99 },
		"time":       func(in *backtest.Input, _ *backtest.Options) { in.Series.Time[19_999]++ },
		"signal":     func(in *backtest.Input, _ *backtest.Options) { in.Signals[18_000].Signal = decision.Hold },
		"confidence": func(in *backtest.Input, _ *backtest.Options) { in.Signals[18_000].Confidence = 0.91 },
		"rules":      func(in *backtest.Input, _ *backtest.Options) { in.Rules.AllowShort = true },
		"options":    func(_ *backtest.Input, o *backtest.Options) { o.Slippage = 1e-9 },
	} {
		in, o := backtest.Input{Series: benchSeries(n), Signals: alternatingSignals(n)}, backtest.Options{}
		change(&in, &o)
		_, err := backtest.RunFrom(context.Background(), in, o, backtest.Checkpoints{Resume: saved}, nil)
		if same := name == "nothing" || name == "default"; same != (err == nil) || !same && !errors.Is(err, ledger.ErrOtherWork) {
			t.Errorf("another %s gives %v", name, err)
		}
	}
}

// FuzzParseState gives any bytes a right frame, so that what is inside is read.
func FuzzParseState(f *testing.F) {
	s := scenario{in: backtest.Input{Series: benchSeries(12), Signals: alternatingSignals(12)}}
	sim, err := backtest.New(s.in, s.o)
	if err != nil {
		f.Fatal(err)
	}
	work := sim.Work()
	head := len("ktrdr backtest state 3\n") + len(work)
	for bar := range 12 {
		if err := sim.Advance(bar); err != nil {
			f.Fatal(err)
		}
		b := sim.AppendState(nil)
		f.Add(b[head : len(b)-sha256.Size])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := ledger.ParseState(body, work); err == nil {
			t.Fatal("bytes without a frame are accepted")
		}
		b := slices.Concat([]byte("ktrdr backtest state 3\n"), work[:], body)
		sum := sha256.Sum256(b)
		b = append(b, sum[:]...)
		state, err := ledger.ParseState(b, work)
		if err != nil {
			return
		}
		if again := state.AppendBinary(nil, work); !bytes.Equal(again, b) {
			t.Fatalf("%x is written as %x", b, again)
		}
		if sim, err := backtest.Resume(s.in, s.o, state); err == nil && sim.Advance(12) == nil {
			sim.Result() // must not panic
		}
	})
}

// BenchmarkSaveState saves and reads a state of many trades. A regression delays
// every checkpoint.
func BenchmarkSaveState(b *testing.B) {
	const n = 1_000_000
	in := backtest.Input{Series: benchSeries(n), Signals: alternatingSignals(n)}
	sim, err := backtest.New(in, backtest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := sim.Advance(n - 1); err != nil {
		b.Fatal(err)
	}
	saved := sim.AppendState(nil)
	b.Run("bars=1000000/step=work", func(b *testing.B) {
		for b.Loop() {
			sim, _ := backtest.New(in, backtest.Options{})
			sim.Work()
		}
	})
	b.Run("bars=1000000/step=save", func(b *testing.B) {
		b.SetBytes(int64(len(saved)))
		for b.Loop() {
			sim.AppendState(nil)
		}
	})
	b.Run("bars=1000000/step=read", func(b *testing.B) {
		b.SetBytes(int64(len(saved)))
		for b.Loop() {
			if _, err := ledger.ParseState(saved, sim.Work()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
