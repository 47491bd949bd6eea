package display

import (
	"fmt"
	"io"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/train"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

func printTraining(w io.Writer, url string, op wire.Operation, r job.TrainingResult) {
	d, t := r.DataSummary, r.TrainingMetrics
	stopped := ""
	if t.EarlyStopped {
		stopped = ", stopped early"
	}
	Facts(w, "Training of "+r.Model.Name, []Fact{
		{"bars", fmt.Sprintf("%s %s, %s to %s", Joined(d.Symbols), Joined(d.Timeframes), d.StartDate, d.EndDate)},
		{"network", fmt.Sprintf("%s, %s parameters, %s features", r.ModelInfo.Architecture, Integer(r.ModelInfo.ParametersCount), Integer(d.FeatureCount))},
		{"rows", fmt.Sprintf("%s of %s bars; left out: %s without a feature, %s without a label, %s purged, %s embargoed",
			Integer(d.TotalSamples), Integer(d.Bars), Integer(d.Incomplete), Integer(d.Unlabelled), Integer(d.Purged), Integer(d.Embargoed))},
		{"epochs", epochsOf(t, stopped, len(r.Members))},
	})
	printQuality(w, r)
	printMembers(w, r.Members)
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", warning)
	}
	printOrigin(w, url, op, r.EngineVersion, r.Data, []Fact{
		{"model", artifactURL(url, r.Model.SHA256)},
		{"has not seen", "bars from " + d.TestSplit.Start + " on, where its test part begins"},
		{"use it", "ktrdr backtest run STRATEGY SYMBOL TIMEFRAME --model " + r.Model.Name +
			" --start-date " + d.TestSplit.Start + " --end-date " + d.TestSplit.End},
	})
}

// epochsOf says how long a training of so many members of an ensemble took; none
// is one network.
func epochsOf(t train.TrainingMetrics, stopped string, members int) string {
	if members > 0 {
		return fmt.Sprintf("%d of %d, of %d networks together", t.EpochsCompleted, t.EpochsPlanned, members)
	}
	return fmt.Sprintf("%d of %d%s; weights of epoch %d kept", t.EpochsCompleted, t.EpochsPlanned, stopped, t.BestEpoch)
}

// printMembers writes what each network of an ensemble is worth by itself.
func printMembers(w io.Writer, members []train.MemberQuality) {
	if len(members) == 0 {
		return
	}
	var rows [][]string
	for _, q := range members {
		rows = append(rows, []string{Integer(q.Fold), Integer(int(q.Seed)), Integer(q.TrainRows), Integer(q.ValidationRows), Integer(q.BestEpoch),
			number(&q.Validation.Loss, 4), number(&q.Test.Loss, 4), Percent(q.Test.Accuracy, 1)})
	}
	Columns(w, []string{"fold", "seed", "trained on", "validated by", "epoch", "validation loss", "test loss", "test accuracy"}, rows, 1, 2, 3, 4, 5, 6, 7, 8)
}

// printQuality writes how well the model fits each part of the data.
func printQuality(w io.Writer, r job.TrainingResult) {
	headings := []string{"", "rows", "from", "to", "loss", "accuracy", "balanced", "log loss", "of class shares"}
	if r.Quality.Test.Regression != nil {
		headings = []string{"", "rows", "from", "to", "loss", "right sign", "mean error", "of the mean"}
	}
	var rows [][]string
	for _, p := range []struct {
		name    string
		split   train.SplitSummary
		quality train.Quality
	}{
		{"train", r.DataSummary.TrainSplit, r.Quality.Train},
		{"validation", r.DataSummary.ValidateSplit, r.Quality.Validation},
		{"test", r.DataSummary.TestSplit, r.Quality.Test},
	} {
		row := []string{p.name, Integer(p.quality.Rows), p.split.Start, p.split.End, number(&p.quality.Loss, 4)}
		switch q := p.quality; {
		case q.Regression != nil:
			row = append(row, Percent(&q.SignAccuracy, 1), number(&q.MAE, 6), number(&q.BaselineMAE, 6))
		case q.Classification != nil:
			row = append(row, Percent(q.Accuracy, 1), Percent(&q.BalancedAccuracy, 1), number(&q.LogLoss, 4), number(&q.BaselineLogLoss, 4))
		}
		rows = append(rows, row)
	}
	Columns(w, headings, rows, 2, 5, 6, 7, 8, 9)
}
