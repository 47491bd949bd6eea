package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/edge/system"
	"github.com/ktrdr/ktrdr/internal/work/job"
	"github.com/ktrdr/ktrdr/strategies"
)

// What the demo does: five years of an hourly sample market, of which the model
// is trained on four and tried on the fifth.
const (
	demoStrategy   = "sample_momentum.yaml"
	demoSymbol     = market.Symbol("SAMPLE")
	demoTimeframe  = market.Hour1
	demoSeed       = 1
	demoBars       = 31_300
	demoTrainFrom  = "2015-01-05"
	demoTrainTo    = "2018-12-31"
	demoTryFrom    = "2019-01-15"
	demoTryTo      = "2019-12-31"
	demoWorkerWait = 30 * time.Second
)

func newDemo(c *command.Console) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Show the whole way, offline: market, training, backtest, reports", Args: command.Arguments(0, 0),
		Long: `Show the whole way, offline: start a backend, a backtest worker and a training
worker as separate processes, make up a market, train the example strategy on four
years of it, backtest the model on the fifth, print both reports and say where
everything lies. Then stop all that was started, or with --keep leave it running
until Ctrl+C.

State goes into a fresh folder under ktrdr-data, or into --data-dir; afterwards
"ktrdr up --data-dir" with that folder shows it again.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Read(cmd, settings.RoleUp)
			if err != nil {
				return err
			}
			return demo(cmd.Context(), c, s, keep)
		},
	}
	settings.Bind(cmd, settings.RoleUp)
	cmd.Flags().BoolVar(&keep, "keep", false, "leave the system running until Ctrl+C")
	return cmd
}

// A demoReport is the JSON of demo.
type demoReport struct {
	URL      string            `json:"url"`
	DataDir  string            `json:"data_dir"`
	Import   wire.ImportReport `json:"import"`
	Training command.Outcome   `json:"training"`
	Backtest command.Outcome   `json:"backtest"`
	Files    []string          `json:"files"`
}

func demo(ctx context.Context, c *command.Console, s settings.Values, keep bool) error {
	s, err := demoSettings(s, time.Now())
	if err != nil {
		return err
	}
	c.Say("Starting a backend, a backtest worker and a training worker in %s", s.Get(settings.DataDir))
	plan := system.Plan{Settings: s, BacktestWorkers: 1, TrainingWorkers: 1, Say: c.Say}
	return system.Run(ctx, plan, func(ctx context.Context, url string) error {
		client, err := wire.NewClient(url, wire.ClientOptions{})
		if err != nil {
			return err
		}
		report := demoReport{URL: url, DataDir: s.Get(settings.DataDir)}
		if err := runDemo(ctx, c, client, &report); err != nil {
			return err
		}
		if err := c.Show(report, func(w io.Writer) { printDemoEnd(w, report, keep) }); err != nil {
			return err
		}
		if keep {
			<-ctx.Done()
		}
		return nil
	})
}

// demoSettings fills in what the user has not chosen: a fresh folder, a free
// port, and quiet logs.
func demoSettings(s settings.Values, now time.Time) (settings.Values, error) {
	s = s.WithDefault(settings.DataDir, filepath.Join(s.Get(settings.DataDir), "demo-"+now.UTC().Format("20060102-150405")))
	s = s.WithDefault(settings.Listen, "127.0.0.1:0")
	s = s.WithDefault(settings.LogLevel, "error")
	if err := os.MkdirAll(s.Get(settings.DataDir), 0o755); err != nil {
		return s, fmt.Errorf("%w: name another folder with --data-dir", err)
	}
	return s, nil
}

// runDemo does the work of the demo against a running system.
func runDemo(ctx context.Context, c *command.Console, client *wire.Client, report *demoReport) error {
	text, err := strategies.Files.ReadFile(demoStrategy)
	if err != nil {
		return err
	}
	if err := awaitWorkers(ctx, client, fleet.Backtesting, fleet.Training); err != nil {
		return err
	}
	c.Say("Making up a market of %s bars", display.Integer(demoBars))
	if report.Import, err = importDemoMarket(ctx, client); err != nil {
		return err
	}
	c.Say("Training %s on %s to %s", demoStrategy, demoTrainFrom, demoTrainTo)
	training, err := client.StartTraining(ctx, wire.StartTraining{StrategyYAML: string(text), StartDate: demoTrainFrom, EndDate: demoTrainTo}, "")
	if err != nil {
		return err
	}
	trained, err := finishDemoStep(ctx, c, client, training.OperationID)
	if err != nil {
		return err
	}
	report.Training = command.NewOutcome(client, trained)
	c.Say("Backtesting the model on %s to %s", demoTryFrom, demoTryTo)
	backtest, err := client.StartBacktest(ctx, wire.StartBacktest{StrategyYAML: string(text), BacktestTerms: wire.BacktestTerms{StartDate: demoTryFrom, EndDate: demoTryTo}}, "")
	if err != nil {
		return err
	}
	tried, err := finishDemoStep(ctx, c, client, backtest.OperationID)
	if err != nil {
		return err
	}
	report.Backtest = command.NewOutcome(client, tried)
	report.Files, err = saveDemo(ctx, client, trained, tried, filepath.Join(report.DataDir, "report"))
	return err
}

// finishDemoStep follows an operation and prints its report.
func finishDemoStep(ctx context.Context, c *command.Console, client *wire.Client, id string) (wire.Operation, error) {
	op, err := c.FollowStarted(ctx, client, id)
	if err != nil {
		return op, err
	}
	if err := command.EndError(op); err != nil {
		return op, err
	}
	if !c.JSON {
		display.Result(c.Out, c.Yellow, client.URL(), op, op.Result)
	}
	return op, nil
}

// awaitWorkers waits until a worker of each type is available.
func awaitWorkers(ctx context.Context, client *wire.Client, types ...fleet.WorkerType) error {
	ctx, stop := context.WithTimeout(ctx, demoWorkerWait)
	defer stop()
	for {
		workers, err := client.Workers(ctx)
		if err != nil {
			return err
		}
		ready := map[fleet.WorkerType]bool{}
		for _, w := range workers {
			ready[w.Type] = ready[w.Type] || w.Status == fleet.Available
		}
		missing := false
		for _, t := range types {
			missing = missing || !ready[t]
		}
		if !missing {
			return nil
		}
		if err := wire.Pause(ctx, command.PollInterval); errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("the workers were not available after %s", display.Duration(demoWorkerWait))
		} else if err != nil {
			return err
		}
	}
}

func importDemoMarket(ctx context.Context, client *wire.Client) (wire.ImportReport, error) {
	bars := sample.Generate(sample.Options{Symbol: demoSymbol, Timeframe: demoTimeframe, Seed: demoSeed, Bars: demoBars})
	var text bytes.Buffer
	if err := tabular.WriteCSV(&text, bars); err != nil {
		return wire.ImportReport{}, err
	}
	o := wire.ImportOptions{File: "sample.csv", Format: "csv", Symbol: string(demoSymbol), Timeframe: demoTimeframe.String()}
	return client.ImportBars(ctx, o, &text)
}

// saveDemo writes the reports into a folder where they can be looked at after
// the system has stopped.
func saveDemo(ctx context.Context, client *wire.Client, trained, tried wire.Operation, dir string) ([]string, error) {
	files, err := command.SaveResult(ctx, client, tried, dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "training.json")
	if err := command.SaveJSON(name, trained.Result); err != nil {
		return nil, err
	}
	model, err := saveModel(ctx, client, trained, dir)
	return append(files, name, model), err
}

// saveModel writes the model that a training made into dir.
func saveModel(ctx context.Context, client *wire.Client, op wire.Operation, dir string) (string, error) {
	var r job.TrainingResult
	if err := json.Unmarshal(op.Result, &r); err != nil {
		return "", fmt.Errorf("read result of %s: %w", op.ID, err)
	}
	name := filepath.Join(dir, "model.zip")
	_, err := command.Fetch(ctx, client, r.Model.SHA256, name)
	return name, err
}

func printDemoEnd(w io.Writer, r demoReport, keep bool) {
	fmt.Fprintln(w, "Files:")
	for _, f := range r.Files {
		fmt.Fprintf(w, "  %s\n", f)
	}
	if keep {
		fmt.Fprintf(w, "The system runs at %s; press Ctrl+C to stop it. In another terminal, for example:\n  ktrdr operations list --url %s\n", r.URL, r.URL)
		return
	}
	fmt.Fprintf(w, "Everything was stopped. To have this state served again, with the URLs above on its address:\n  ktrdr up --data-dir %s\n", r.DataDir)
}
