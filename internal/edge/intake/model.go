package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// Model returns the model with this id, else the newest with this name.
func (desk *Desk) Model(ctx context.Context, idOrName string) (operation.ModelRecord, error) {
	m, err := desk.o.Models.Model(ctx, idOrName)
	if err == nil {
		return m, nil
	}
	if !errors.Is(err, operation.ErrNotFound) {
		return m, fmt.Errorf("model %s: %w", idOrName, err)
	}
	named, err := desk.o.Models.Models(ctx, ModelQuery{Name: idOrName, Limit: 1})
	if err != nil {
		return m, fmt.Errorf("model %s: %w", idOrName, err)
	}
	if len(named) > 0 {
		return named[0], nil
	}
	all, err := desk.o.Models.Models(ctx, ModelQuery{})
	if err != nil {
		return m, fmt.Errorf("list models: %w", err)
	}
	var names []string
	for _, have := range all {
		names = append(names, have.ID, have.Name)
	}
	return m, wire.Errorf(wire.CodeModelNotFound, "Model not found: %s%s. List them with: ktrdr models list", idOrName, spell.Hint(idOrName, names))
}
