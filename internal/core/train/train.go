package train

import (
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// An Input is all that a training depends on.
type Input struct {
	Strategy      *strategy.Strategy
	Frames        []feature.Frame // one per symbol, each series from the first bar held
	Span          market.Span     // of the decision bars; no bar that opens at or after Span.To is read
	Data          []model.DataRef // where the bars came from, for the manifest
	Threads       int             // goroutines at work; zero is 1. It does not change the result
	EngineVersion string

	// Calls are the decisions of the primary model in the span, of each symbol in
	// the order of time, where the strategy names one; Primary is its SHA-256.
	Calls   map[market.Symbol][]label.Call
	Primary string

	// Resume is the binary form of a Checkpoint to go on from; nil begins anew. One
	// of other work (strategy, seed, rows, engine) is refused.
	Resume []byte
	// Checkpoint, if not nil, is called between batches: every ten of them, after
	// every epoch, and a last time when ctx has ended the training. During the call,
	// and only then, state returns the binary form of the Checkpoint at hand; it
	// costs a copy of four times the weights, so it is for the receiver to ask for
	// it as often as it is worth that.
	Checkpoint func(p Progress, state func() ([]byte, error))
}

// The phases of a training.
const (
	PhaseFeatures   = "features"
	PhaseLabels     = "labels"
	PhaseTraining   = "training"
	PhaseEvaluation = "evaluation"
)

// A Progress tells how far Run is. Epoch and Batch are those of PhaseTraining.
type Progress struct {
	Phase          string
	Epoch, Epochs  int // from 1
	Batch, Batches int // finished ones of the epoch
	Percent        float64
	TrainLoss      float64  // mean so far in this epoch
	ValidationLoss *float64 // of the last finished epoch; nil before the first
}
