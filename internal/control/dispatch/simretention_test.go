package dispatch_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// retention is how long what has ended is kept: short, so that what is late finds
// it gone.
const retention = 90 * time.Second

// retain is what deletes from the disk, beside the scheduler and without its
// knowledge, what ended long ago.
func (w *world) retain() {
	for _, id := range slices.Clone(w.disk.order) {
		op := w.disk.operations[id]
		if !op.Status.Terminal() || w.now.Add(w.skew).Sub(*op.CompletedAt) < retention || w.gathering(op) {
			continue
		}
		if w.acked[id] { // for the last time
			w.checkEnd(id)
		}
		w.logf("retention deletes %s", id)
		w.deleted[id] = true
		w.disk.delete(id)
		delete(w.acked, id)
		delete(w.stopped, id)
		delete(w.saved, id)
		maps.DeleteFunc(w.told, func(point string, _ bool) bool { return strings.HasPrefix(point, id+"#") })
	}
	w.after(w.upTo(time.Minute), w.retain)
}

// gathering reports whether the parent of an operation still needs it.
func (w *world) gathering(op operation.Operation) bool {
	if op.ParentID == nil {
		return false
	}
	parent, known := w.disk.operations[*op.ParentID]
	return known && !parent.Status.Terminal()
}

// delete forgets an operation.
func (d *disk) delete(id string) {
	d.order = slices.DeleteFunc(d.order, func(other string) bool { return other == id })
	delete(d.operations, id)
	delete(d.losses, id)
	delete(d.attempts, id)
	delete(d.candidates, id)
	delete(d.points, id)
	delete(d.events, id)
}
