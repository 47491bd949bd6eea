package store

import (
	"context"
	"errors"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
)

func (w *writer) marked(c fleet.Marked) error {
	if c.Cordoned {
		return w.guarded(c, `INSERT INTO cordons (worker_id, since) SELECT $1, $2 FROM scheduler WHERE id = 1 AND term = $3
			ON CONFLICT (worker_id) DO UPDATE SET since = excluded.since`, c.WorkerID, micros(c.At), w.term)
	}
	_, err := w.exec(`DELETE FROM cordons WHERE worker_id = $1 AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $2)`, c.WorkerID, w.term)
	return errors.Join(err, w.fence(c))
}

// Cordons returns the ids of the workers that operators took out of service,
// sorted.
func (s *Store) Cordons(ctx context.Context) ([]string, error) {
	all, err := query(ctx, s.reads, func(scan func(...any) error) (id string, err error) { return id, scan(&id) },
		`SELECT worker_id FROM cordons ORDER BY worker_id`)
	return all, s.readError("cordons", err)
}
