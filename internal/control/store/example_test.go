package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(ctx, filepath.Join(dir, "ktrdr.db"), store.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	term, _ := s.AcquireTerm(ctx, "backend-1")
	op := operation.Operation{ID: "op_1", Type: operation.Training, Spec: []byte(`{}`), CreatedAt: time.Unix(0, 0)}
	fmt.Println(s.Commit(ctx, term, []operation.Transaction{{operation.Created{Operation: op}}}))

	page, _ := s.List(ctx, operation.Filter{Active: true})
	fmt.Println(page.Total, page.Operations[0].ID, page.Operations[0].Status)
	// Output:
	// [<nil>]
	// 1 op_1 pending
}
