package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

type childrenInput struct {
	OperationID string `path:"operation_id"`
	Selection
}

func (s *server) addChildren() {
	add(s, huma.Operation{OperationID: "list-children", Method: http.MethodGet, Path: wire.PathChildren, Tags: []string{"operations"},
		Summary: "List the children of an operation, in the order of their submission"}, s.listChildren)
}

func (s *server) listChildren(ctx context.Context, in *childrenInput) (wire.OperationList, error) {
	if _, err := s.find(ctx, in.OperationID); err != nil {
		return wire.OperationList{}, err
	}
	return s.list(ctx, in.Selection, operation.Filter{Parent: in.OperationID})
}

// cancelledChildren lists the children of an operation that were asked to stop, or
// have been cancelled.
func (s *server) cancelledChildren(ctx context.Context, id string) ([]string, error) {
	ids := []string{}
	page, err := s.o.Operations.List(ctx, operation.Filter{Parent: id, Limit: operation.MaxChildren})
	if err != nil {
		return nil, fmt.Errorf("children of %s: %w", id, err)
	}
	for _, op := range page.Operations {
		if op.Status == operation.Cancelled || op.CancelRequested && !op.Status.Terminal() {
			ids = append(ids, op.ID)
		}
	}
	return ids, nil
}
