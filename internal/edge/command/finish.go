package command

import (
	"context"
	"errors"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/listen"
)

// A failure is the JSON form of an error on stdout.
type failure struct {
	Status     string `json:"status"` // always error
	Message    string `json:"message"`
	ErrorCode  string `json:"error_code"`
	ExitCode   int    `json:"exit_code"`
	Suggestion string `json:"suggestion,omitempty"`
	Details    any    `json:"details,omitempty"`
}

// Finish reports err to the user and returns the exit code.
func (c *Console) Finish(ctx context.Context, err error) int {
	if err == nil {
		return exit.OK
	}
	code := exit.Code(err)
	if errors.Is(err, exit.ErrReported) {
		return code
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		code, err = exit.Cancelled, errors.New("interrupted")
	}
	f := failure{Status: "error", Message: err.Error(), ErrorCode: exit.Name(code, err), ExitCode: code, Suggestion: c.suggestion(err)}
	if known, ok := errors.AsType[*wire.Error](err); ok {
		f.Details = known.Details
	}
	if c.JSON {
		c.WriteJSON(f)
		return code
	}
	message := f.Message
	if at := strings.Index(message, " To start one:"); at >= 0 && f.Suggestion != "" {
		message = message[:at] // the suggestion says it with the address
	}
	if f.Suggestion != "" {
		message = sentence(message) + " " + f.Suggestion
	}
	c.Say("%s %s", c.Red("Error:"), message)
	return code
}

// sentence ends s with a full stop unless it has an end.
func sentence(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// suggestion says what to do about err, or nothing.
func (c *Console) suggestion(err error) string {
	if u, ok := errors.AsType[*wire.UnreachableError](err); ok {
		if address, found := strings.CutPrefix(u.URL, "http://"); found && listen.Local(address) {
			return "Start one with: ktrdr serve --listen " + address
		}
		return "Name another with --url"
	}
	known, ok := errors.AsType[*wire.Error](err)
	switch {
	case ok && known.Code == wire.CodeWorkerUnavailable:
		return "Start one with: " + workerCommand(known.Message) + " --url " + c.backend
	case ok && known.Code == wire.CodeInSample && strings.Contains(known.Message, "allow_in_sample"):
		return "To run it all the same, marked in-sample, add --allow-in-sample"
	default:
		return ""
	}
}

// workerCommand returns the command that starts a worker of the type that is
// missing.
func workerCommand(message string) string {
	if strings.Contains(strings.ToLower(message), "training") {
		return "ktrdr worker training"
	}
	return "ktrdr worker backtest"
}
