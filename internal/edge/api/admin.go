package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// Upkeep is what an operator has the backend do with all that it keeps.
type Upkeep interface {
	// Backup writes a backup to w.
	Backup(ctx context.Context, w io.Writer) error
	// Cleanup deletes what is old, or says what it would delete.
	Cleanup(ctx context.Context, req wire.CleanupRequest) (wire.CleanupReport, error)
}

func (s *server) addAdmin() {
	tags := []string{"admin"}
	s.addRaw(huma.Operation{OperationID: "backup", Method: http.MethodGet, Path: wire.PathAdminBackup, Tags: tags,
		Summary:     "Make a backup while everything runs",
		Description: "A tar archive with the records as they are at one moment, the artifacts that they refer to, and the bars. It ends with sums of all that it holds; one that ends without them failed on the way.",
		Responses:   map[string]*huma.Response{"200": bytesResponse("application/x-tar")}}, s.backup)
	add(s, huma.Operation{OperationID: "cleanup", Method: http.MethodPost, Path: wire.PathAdminCleanup, Tags: tags,
		Summary:     "Delete old operations, old checkpoints, and artifacts that nothing refers to",
		Description: "What is old is in the settings of the backend. Operations that have not ended stay, and so do those that made a model. An artifact goes in two steps, so that whoever is about to refer to it finds it."}, s.cleanup)
}

func (s *server) backup(w http.ResponseWriter, r *http.Request) error {
	out := &begunWriter{ResponseWriter: w}
	w.Header().Set("Content-Type", "application/x-tar")
	err := s.o.Upkeep.Backup(r.Context(), out)
	if err != nil && out.begun {
		s.log.WarnContext(r.Context(), "backup not sent to its end", "error", err)
		panic(http.ErrAbortHandler) // nobody must take what was sent for whole
	}
	return err
}

type cleanupInput struct{ Body wire.CleanupRequest }

func (s *server) cleanup(ctx context.Context, in *cleanupInput) (wire.CleanupReport, error) {
	return s.o.Upkeep.Cleanup(ctx, in.Body)
}

// A begunWriter knows whether anything was sent.
type begunWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *begunWriter) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}
