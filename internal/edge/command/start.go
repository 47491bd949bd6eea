package command

import (
	"context"
	"fmt"
	"io"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// AfterStart goes on once the backend has accepted an operation: it returns at
// once when detached, else follows it to its report. Files of a backtest or sweep are
// written to saveTo unless that is empty.
func (c *Console) AfterStart(ctx context.Context, client *wire.Client, s wire.Started, detach bool, saveTo string) error {
	if detach {
		o := Outcome{OperationID: s.OperationID, Status: "started", QueuePosition: s.QueuePosition, SpecHash: s.SpecHash,
			URL: client.URL() + wire.PathOperations + "/" + s.OperationID, Files: []string{}}
		return c.Show(o, func(w io.Writer) {
			fmt.Fprintf(w, "Started: %s\n", s.OperationID)
			if s.QueuePosition > 0 {
				fmt.Fprintf(w, "All workers are busy: place %d in the queue\n", s.QueuePosition)
			}
			fmt.Fprintf(w, "Track progress: ktrdr operations status %s\nFollow live: ktrdr operations follow %s\n", s.OperationID, s.OperationID)
		})
	}
	c.Say("Started %s", s.OperationID)
	op, err := c.FollowStarted(ctx, client, s.OperationID)
	if err != nil {
		return err
	}
	var files []string
	if saveTo != "" && op.Status == operation.Completed {
		save := SaveResult
		if op.Type == operation.Sweep {
			save = saveSweep
		}
		if files, err = save(context.WithoutCancel(ctx), client, op, saveTo); err != nil {
			return err
		}
	}
	return c.ShowOutcome(client, op, files...)
}
