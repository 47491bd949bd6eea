package job

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A TrainingResult is the summary of a training: what the evaluation says about
// the weights that were saved, and where they lie.
type TrainingResult struct {
	ModelPath string   `json:"model_path"` // the name by which a backtest asks for the model
	Model     ModelRef `json:"model"`
	train.Evaluation
	Data          []model.DataRef `json:"data"`
	EngineVersion string          `json:"engine_version"`
}

// Training returns the job that runs a wire.TrainingOrder.
func Training() worker.Job { return worker.JobFunc(runTraining) }

func runTraining(ctx context.Context, text json.RawMessage, env worker.Env) (json.RawMessage, error) {
	var order wire.TrainingOrder
	if err := readOrder(text, &order); err != nil {
		return nil, err
	}
	s, err := parseStrategy(order.StrategyName, order.StrategyYAML, order.Symbols, order.Timeframes)
	if err != nil {
		return nil, err
	}
	if order.Seed != nil {
		seeded := *s
		seeded.Training.Seed = *order.Seed
		s = &seeded
	}
	span, err := trainingSpan(s, order)
	if err != nil {
		return nil, err
	}
	all, err := frames(ctx, env, s, order.Data)
	if err != nil {
		return nil, err
	}
	threads := order.Threads
	if threads == 0 {
		threads = env.Threads()
	}
	in := train.Input{
		Strategy: s, Frames: all, Span: span, Data: dataRefs(order.Data), Threads: threads, EngineVersion: order.EngineVersion,
	}
	if err := addCalls(ctx, env, order, &in); err != nil {
		return nil, err
	}
	var trained model.Model
	var evaluation train.Evaluation
	err = fromSaved(ctx, env, func(saved []byte, begun func()) (err error) {
		in.Resume, in.Checkpoint = saved, saveTrainingState(ctx, env, begun)
		told := int64(0)
		trained, evaluation, err = train.Run(ctx, in, func(p train.Progress) {
			env.Report(trainingProgress(p))
			told = tellEpoch(env, p, told)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, w := range s.Warnings {
		env.Warn(w.String())
	}
	for _, w := range evaluation.Warnings {
		env.Warn(w)
	}
	return saveTraining(ctx, env, order, s, trained, evaluation)
}

// trainingSpan is the span of the bars that an order is trained on, which must lie in
// that of the strategy.
func trainingSpan(s *strategy.Strategy, order wire.TrainingOrder) (market.Span, error) {
	start, end, err := s.TrainingDates(order.StartDate, order.EndDate)
	if err != nil {
		return market.Span{}, err
	}
	return market.ParseSpan(start, end)
}

// saveTrainingState returns the checkpoint hook of a training: it saves when the
// time has come, and at last when the training is stopped.
func saveTrainingState(ctx context.Context, env worker.Env, begun func()) func(train.Progress, func() ([]byte, error)) {
	return func(p train.Progress, state func() ([]byte, error)) {
		begun()
		finished := int64(max(p.Epoch-1, 0))
		if p.Batch == p.Batches {
			finished = int64(p.Epoch)
		}
		if ctx.Err() == nil && !env.CheckpointDue(worker.Epochs, finished) {
			return
		}
		content, err := state()
		if err != nil {
			env.Warn("the state of the training was not saved: " + err.Error())
			return
		}
		env.Checkpoint(ctx, worker.Epochs, finished, content)
	}
}

// tellEpoch keeps the losses of an epoch that has ended, after the one told last,
// and returns the epoch told now.
func tellEpoch(env worker.Env, p train.Progress, told int64) int64 {
	epoch := int64(p.Epoch)
	if p.Phase != train.PhaseTraining || p.ValidationLoss == nil || p.Batch != p.Batches || epoch <= told {
		return told
	}
	values, err := json.Marshal(map[string]float64{"epoch": float64(epoch), "train_loss": p.TrainLoss, "val_loss": *p.ValidationLoss})
	if err != nil {
		return told // a loss that is not a number ends the training anyway
	}
	env.Point(epoch, values)
	return epoch
}

func trainingProgress(p train.Progress) operation.Progress {
	step := p.Phase
	if p.Epochs > 0 && p.Epoch > 0 {
		step = fmt.Sprintf("Epoch %d/%d", p.Epoch, p.Epochs)
		if p.Batch > 0 {
			step += fmt.Sprintf(" · Batch %d/%d", p.Batch, p.Batches)
		}
	}
	total := int64(p.Epochs) * int64(p.Batches)
	done := operation.Progress{Phase: p.Phase, CurrentStep: step, Percentage: p.Percent, StepsCompleted: p.Epoch, StepsTotal: p.Epochs}
	if total > 0 {
		done.ItemsTotal = &total
		done.ItemsProcessed = int64(max(p.Epoch-1, 0))*int64(p.Batches) + int64(p.Batch)
		done.Context = map[string]any{"epoch_index": p.Epoch, "total_epochs": p.Epochs, "batch_number": p.Batch,
			"batch_total_per_epoch": p.Batches, "train_loss": p.TrainLoss, "val_loss": p.ValidationLoss}
	}
	return done
}

// saveTraining uploads the model and returns the summary.
func saveTraining(ctx context.Context, env worker.Env, order wire.TrainingOrder, s *strategy.Strategy, m model.Model, e train.Evaluation) (json.RawMessage, error) {
	content, err := model.Encode(m)
	if err != nil {
		return nil, fmt.Errorf("write model: %w", err)
	}
	hash, err := env.Upload(ctx, content)
	if err != nil {
		return nil, fmt.Errorf("upload model: %w", err)
	}
	name := order.ModelName
	if name == "" {
		name = m.Manifest.Name
	}
	record := operation.ModelRecord{
		Name: name, StrategyName: s.Name, SHA256: hash, Bytes: int64(len(content)),
		TrainStart: time.Unix(m.Manifest.Training.From, 0).UTC(), TrainEnd: time.Unix(m.Manifest.KnownUntil, 0).UTC(),
		FeatureHash: m.Manifest.Features.Hash, Description: s.Description,
	}
	for _, symbol := range s.Symbols {
		record.Symbols = append(record.Symbols, string(symbol))
	}
	for _, tf := range s.Timeframes {
		record.Timeframes = append(record.Timeframes, tf.String())
	}
	if record.Metrics, err = json.Marshal(e); err != nil {
		return nil, fmt.Errorf("write evaluation: %w", err)
	}
	env.Produce(operation.Artifact{SHA256: hash, Role: "model", Bytes: record.Bytes})
	env.ProduceModel(record)
	return json.Marshal(TrainingResult{
		ModelPath: name, Model: ModelRef{Name: name, SHA256: hash}, Evaluation: e,
		Data: dataRefs(order.Data), EngineVersion: order.EngineVersion,
	})
}
