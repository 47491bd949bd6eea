package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// A Wish is who asks for an operation and how a repetition is recognised. Every
// start has one. Its tags are read by package api.
type Wish struct {
	Key       string `header:"Idempotency-Key" maxLength:"128" pattern:"^[!-~]*$" doc:"printable ASCII without spaces; names the wish: the same request with the same key is answered with the operation that the first one made, another request with it is refused"`
	Submitter string `header:"X-Ktrdr-Submitter" maxLength:"200" doc:"who asks; waiting operations of different submitters take turns"`
}

// repeated returns the operation that this very wish has made before, if it has.
// It fills op with what Submit needs to recognise the next repetition.
func (desk *Desk) repeated(ctx context.Context, w Wish, body any, op *operation.Operation) (operation.Operation, bool, error) {
	if !utf8.ValidString(w.Submitter) {
		return operation.Operation{}, false, wire.Errorf(wire.CodeValidation, "Request validation failed: header -> X-Ktrdr-Submitter: %.80q is not UTF-8", w.Submitter)
	}
	op.Submitter = w.Submitter
	if w.Key == "" {
		return operation.Operation{}, false, nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		return operation.Operation{}, false, fmt.Errorf("encode request: %w", err)
	}
	sum := sha256.Sum256(text)
	op.IdempotencyKey, op.Fingerprint = w.Key, hex.EncodeToString(sum[:])
	before, found, err := desk.o.Scheduler.Repeated(ctx, *op)
	return before, found, err
}

// orderOf reads the work order of an operation.
func orderOf[T any](op operation.Operation) (T, error) {
	var order T
	if err := json.Unmarshal(op.Spec, &order); err != nil {
		return order, fmt.Errorf("order of %s: %w", op.ID, err)
	}
	return order, nil
}
