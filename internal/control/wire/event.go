package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// EventProgress is the kind of the events that tell progress. They have no number
// and are not kept.
const EventProgress = "progress"

// A ProgressEvent is what an operation is at now.
type ProgressEvent struct {
	OperationID     string             `json:"operation_id"`
	Status          operation.Status   `json:"status"`
	QueuePosition   int                `json:"queue_position"`
	CancelRequested bool               `json:"cancel_requested"`
	Progress        operation.Progress `json:"progress"`
}

// A Happening is one message of an event stream: an event, or progress.
type Happening struct {
	Event    *operation.Event
	Progress *ProgressEvent
}

// maxEventBytes bounds one line of an event stream.
const maxEventBytes = 1 << 20

// Follow calls f for everything that happens to an operation after the event with
// the given number. It returns nil when the operation has ended, and an error of
// kind Unavailable when the stream broke off: then call it again with the last
// number seen.
func (c *Client) Follow(ctx context.Context, id string, after int64, f func(Happening) error) error {
	h := http.Header{"Accept": {"text/event-stream"}, "Last-Event-Id": {strconv.FormatInt(after, 10)}}
	resp, err := c.send(ctx, call{method: http.MethodGet, path: fill(PathOperationEvents, id), header: h}, nil, 0)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return nil
	}
	ended := false
	err = readEvents(resp.Body, func(h Happening) error {
		ended = ended || h.Event != nil && h.Event.Status.Terminal()
		return f(h)
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil || !ended:
		return Errorf(CodeUnavailable, "the event stream of %s broke off: %w", id, errors.Join(err, io.ErrUnexpectedEOF))
	}
	return nil
}

// readEvents calls f for every message of a stream until its end.
func readEvents(r io.Reader, f func(Happening) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEventBytes)
	kind := ""
	var data []byte
	for lines.Scan() {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			kind = string(value)
		case "data":
			data = append(data, value...)
		}
		if len(lines.Bytes()) > 0 {
			continue
		}
		if len(data) > 0 {
			h, err := parseHappening(kind, data)
			if err == nil {
				err = f(h)
			}
			if err != nil {
				return err
			}
		}
		kind, data = "", nil
	}
	return lines.Err()
}

func parseHappening(kind string, data []byte) (h Happening, err error) {
	if kind == EventProgress {
		h.Progress = &ProgressEvent{}
		err = json.Unmarshal(data, h.Progress)
	} else {
		h.Event = &operation.Event{}
		err = json.Unmarshal(data, h.Event)
	}
	return h, err
}
