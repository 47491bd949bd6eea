package dispatch_test

import (
	"context"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

func (d *disk) RenewTerm(_ context.Context, term int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if term != d.term {
		return fmt.Errorf("renew term %d: %w", term, operation.ErrDeposed)
	}
	return nil
}

func (d *disk) ReleaseTerm(context.Context, int64) error { return nil }

func (d *disk) Scheduler(context.Context) (operation.Lease, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return operation.Lease{Term: d.term}, nil
}
