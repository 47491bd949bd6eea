package backend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
)

// reusable says why the result of a part may not stand for the same work done
// today: other mathematics made it, or content that it refers to is not whole.
func reusable(files *artifact.Store) func(context.Context, operation.Operation, []operation.Artifact) error {
	return func(ctx context.Context, part operation.Operation, outputs []operation.Artifact) error {
		var order struct {
			EngineVersion string `json:"engine_version"`
		}
		if err := json.Unmarshal(part.Spec, &order); err != nil {
			return fmt.Errorf("order of %s: %w", part.ID, err)
		}
		if order.EngineVersion != EngineVersion {
			return fmt.Errorf("it was made with version %q of the mathematics, and this is %q", order.EngineVersion, EngineVersion)
		}
		for _, a := range outputs {
			content, _, err := files.Open(ctx, artifact.Hash(a.SHA256))
			if err != nil {
				return fmt.Errorf("%s of %s: %w", a.Role, part.ID, err)
			}
			_, err = io.Copy(io.Discard, content) // which verifies it
			if err = errors.Join(err, content.Close()); err != nil {
				return fmt.Errorf("%s of %s: %w", a.Role, part.ID, err)
			}
		}
		return nil
	}
}
