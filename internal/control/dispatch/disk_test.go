package dispatch_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// disk is a store in memory: what a database would hold after a crash. It does
// to its records what Operation.Apply says, as package store does in SQL.
type disk struct {
	mu         sync.Mutex // guards all below
	term       int64
	order      []string
	operations map[string]operation.Operation
	losses     map[string]map[int]string // of an operation, by attempt
	attempts   map[string]map[int]operation.Opened
	candidates map[string]operation.Report
	models     map[string]operation.ModelRecord
	outputs    map[string][]operation.Artifact
	workers    map[string]fleet.Worker
	cordons    map[string]bool
	points     map[string][]operation.Point
	events     map[string][]operation.EventKind
	commits    int
	fail       error // of the next commit
}

func newDisk() *disk {
	return &disk{
		operations: map[string]operation.Operation{}, losses: map[string]map[int]string{},
		attempts: map[string]map[int]operation.Opened{}, candidates: map[string]operation.Report{},
		models: map[string]operation.ModelRecord{}, outputs: map[string][]operation.Artifact{}, workers: map[string]fleet.Worker{}, cordons: map[string]bool{},
		points: map[string][]operation.Point{}, events: map[string][]operation.EventKind{},
	}
}

func (d *disk) AcquireTerm(context.Context, string) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.term++
	return d.term, nil
}

func (d *disk) Operation(_ context.Context, id string) (operation.Operation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	op, ok := d.operations[id]
	if !ok {
		return op, fmt.Errorf("operation %s: %w", id, operation.ErrNotFound)
	}
	return op, nil
}

func (d *disk) ByKey(_ context.Context, submitter, key string) (operation.Operation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, op := range d.operations {
		if op.Submitter == submitter && op.IdempotencyKey == key {
			return op, nil
		}
	}
	return operation.Operation{}, operation.ErrNotFound
}

func (d *disk) Unfinished(context.Context) ([]operation.Unfinished, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []operation.Unfinished
	for _, id := range d.order {
		op := d.operations[id]
		if op.Status.Terminal() {
			continue
		}
		u := operation.Unfinished{Operation: op}
		for _, n := range slices.Sorted(maps.Keys(d.losses[id])) {
			u.Losses = append(u.Losses, d.losses[id][n])
		}
		if c, ok := d.candidates[id]; ok {
			u.Candidate = &c
		}
		if op.Type.Gathers() {
			u.Family = d.family(id)
		}
		all = append(all, u)
	}
	return all, nil
}

// family is what is on the disk of the children of an operation.
func (d *disk) family(id string) (f operation.Family) {
	for _, child := range d.children(id) {
		f.Add(child.Weight)
		if child.Status.Terminal() {
			message := ""
			if child.ErrorMessage != nil {
				message = *child.ErrorMessage
			}
			f.End(child.ID, child.Weight, child.Status, message)
		}
	}
	return f
}

func (d *disk) children(id string) (all []operation.Operation) {
	for _, child := range d.order {
		if op := d.operations[child]; op.ParentID != nil && *op.ParentID == id {
			all = append(all, op)
		}
	}
	return all
}

func (d *disk) Children(_ context.Context, id string) ([]operation.Operation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.children(id), nil
}

func (d *disk) Outputs(_ context.Context, id string) ([]operation.Artifact, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.outputs[id], nil
}

func (d *disk) Workers(context.Context) ([]fleet.Worker, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []fleet.Worker
	for _, id := range slices.Sorted(maps.Keys(d.workers)) {
		all = append(all, d.workers[id])
	}
	return all, nil
}

func (d *disk) Cordons(context.Context) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.cordons)), nil
}

func (d *disk) Commit(_ context.Context, term int64, batch []operation.Transaction) []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.commits++
	errs := make([]error, len(batch))
	for i, tx := range batch {
		errs[i] = d.fail
		if d.fail == nil {
			errs[i] = d.apply(term, tx)
		}
	}
	d.fail = nil
	return errs
}

// apply applies a transaction whole or not at all.
func (d *disk) apply(term int64, tx operation.Transaction) error {
	if term != d.term {
		return fmt.Errorf("term %d of %d: %w", term, d.term, operation.ErrDeposed)
	}
	staged := map[string]operation.Operation{}
	for _, c := range tx {
		switch c.(type) {
		case fleet.Saved, fleet.Forgotten, fleet.Marked:
			continue
		}
		op, ok := staged[c.Subject()]
		if !ok {
			op = d.operations[c.Subject()]
		}
		if created, isNew := c.(operation.Created); isNew {
			if err := d.taken(op.ID, created.Operation); err != nil {
				return err
			}
		}
		next, err := op.Apply(c)
		if err != nil {
			return err
		}
		staged[c.Subject()] = next
	}
	maps.Copy(d.operations, staged)
	for _, c := range tx {
		d.note(c)
	}
	return nil
}

// taken refuses a new operation whose id or key is taken.
func (d *disk) taken(id string, op operation.Operation) error {
	if id != "" {
		return fmt.Errorf("%s: %w", id, operation.ErrDuplicate)
	}
	for _, other := range d.operations {
		if op.IdempotencyKey != "" && other.IdempotencyKey == op.IdempotencyKey && other.Submitter == op.Submitter {
			return fmt.Errorf("%s: %w", other.ID, operation.ErrKeyTaken)
		}
	}
	return nil
}

// note keeps what is not in the record of the operation.
func (d *disk) note(c operation.Change) {
	id := c.Subject()
	if e, tells := operation.EventOf(c); tells {
		d.events[id] = append(d.events[id], e.Kind)
	}
	switch c := c.(type) {
	case operation.Created:
		d.order = append(d.order, id)
		d.losses[id], d.attempts[id] = map[int]string{}, map[int]operation.Opened{}
	case operation.Opened:
		d.attempts[id][c.Token.Attempt] = c
	case operation.Ended:
		if c.Outcome == operation.Lost {
			d.losses[id][c.Token.Attempt] = operation.Loss(c.Token, d.attempts[id][c.Token.Attempt].WorkerID, c.Reason)
		}
	case operation.Reopened:
		delete(d.losses[id], c.Token.Attempt)
	case operation.Measured:
		d.points[id] = append(d.points[id], c.Points...)
	case operation.Kept:
		d.candidates[id] = c.Report
	case operation.Adopted:
		d.outputs[id] = c.Artifacts
	case operation.Finished:
		d.outputs[id] = c.Artifacts
		if c.Model != nil {
			d.models[c.Model.ID] = *c.Model
		}
	case fleet.Saved:
		d.workers[id] = c.Worker
	case fleet.Forgotten:
		delete(d.workers, id)
	case fleet.Marked:
		delete(d.cordons, id)
		if c.Cordoned {
			d.cordons[id] = true
		}
	}
}

// began is when the time of these tests begins.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// submission is an operation ready to be submitted.
func submission(id string, kind operation.Type) operation.Operation {
	return operation.Operation{ID: id, Type: kind, Spec: []byte(`{"work":1}`)}
}
