package dispatch_test

import (
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// The state decides and does nothing: what must be done comes back as effects.
func ExampleState_Step() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := dispatch.NewState(1, fleet.Timing{}, now)
	s.Step(dispatch.Restored{}, now)
	s.Step(dispatch.Registered{Registration: fleet.Registration{
		WorkerID: "w1", Type: fleet.Backtesting, EndpointURL: "http://10.0.0.7:5003",
	}}, now)
	s.Step(dispatch.Answered{WorkerID: "w1", Asked: now}, now)

	order := operation.Operation{ID: "op_1", Type: operation.Backtesting, Spec: []byte(`{}`)}
	for _, effect := range s.Step(dispatch.Submitted{Request: 1, Operation: order}, now) {
		fmt.Printf("%T\n", effect) // the operation and its reservation, as one transaction
	}
	for _, effect := range s.Step(dispatch.Recorded{ID: "op_1"}, now) {
		fmt.Printf("%T\n", effect) // only now that they are durable
	}
	// Output:
	// dispatch.Write
	// dispatch.Reply
	// dispatch.Start
}
