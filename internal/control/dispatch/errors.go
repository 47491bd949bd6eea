package dispatch

import (
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
)

// A NoWorkersError says that no worker of the needed type is registered.
type NoWorkersError struct {
	Type       fleet.WorkerType
	Registered int           // workers of the type: 0
	Uptime     time.Duration // since the backend started
}

func (e *NoWorkersError) Error() string {
	switch e.Type {
	case fleet.Training:
		return "No training workers available. Start GPU or CPU training workers."
	case fleet.Backtesting:
		return "No workers available: no backtesting worker is registered. Start one with: ktrdr worker backtest"
	default:
		return fmt.Sprintf("No workers available: no %s worker is registered.", e.Type)
	}
}

// A BusyError says that every worker of the type is busy or out of service and that
// the submitter did not want to wait.
type BusyError struct {
	Type       fleet.WorkerType
	Registered int // workers of the type
	Drained    int // of them out of service
	Uptime     time.Duration
}

func (e *BusyError) Error() string {
	if e.Drained == e.Registered {
		return fmt.Sprintf("All %s workers are drained and take no operations. Put one back with: ktrdr workers undrain ID. Or submit without queue: false to wait in the queue.", e.Type)
	}
	return fmt.Sprintf("All %s workers are currently busy. Retry in a few seconds, or submit without queue: false to wait in the queue.", e.Type)
}
