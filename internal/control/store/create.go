package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// errApart says that changes cannot be made together and must be made one by one,
// which tells which of them are refused.
var errApart = errors.New("not together")

// creation returns the operation that a transaction creates if it does nothing
// else.
func creation(tx operation.Transaction) (o operation.Operation, ok bool) {
	if len(tx) != 1 {
		return o, false
	}
	c, ok := tx[0].(operation.Created)
	return c.Operation, ok
}

// create creates what has gathered in w.fresh as change would one by one, with few
// statements that go out with the next. That fails with errApart where one of them
// would be refused. SQLite, which has no way to the server to save, is quicker one by one: before a
// statement of many rows it copies every page that it changes.
func (w *writer) create() {
	if len(w.fresh) == 0 {
		return
	}
	if w.newest != w.term || w.term == 0 {
		w.waiting.Queue(`SELECT term FROM scheduler WHERE id = 1`).QueryRow(w.checkTerm)
		w.newest = w.term
	}
	var operations, specs, artifacts, events []any
	for _, o := range w.fresh {
		operations = append(operations, creationArgs(o)...)
		specs = append(specs, o.ID, string(o.Spec))
		for _, a := range o.Artifacts {
			artifacts = append(artifacts, o.ID, a.SHA256, a.Role, a.Bytes, flag(false))
		}
		e, _ := operation.EventOf(operation.Created{Operation: o})
		events = append(events, micros(e.At), e.OperationID, string(e.Kind))
	}
	w.fresh = w.fresh[:0]
	for _, insert := range []struct {
		into *multiple
		rows []any
	}{{&newOperations, operations}, {&newSpecs, specs}, {&newArtifacts, artifacts}, {&newEvents, events}} {
		insert.into.each(insert.rows, w.insertAll)
	}
}

// checkTerm takes the row of the newest term.
func (w *writer) checkTerm(row pgx.Row) error {
	var term int64
	if err := row.Scan(&term); err != nil {
		return fmt.Errorf("read the scheduler's term: %w", err)
	}
	if term != w.term {
		return errApart
	}
	return nil
}

// insertAll sends a statement with the next, and has that fail with errApart where
// it does not insert all of its rows.
func (w *writer) insertAll(query string, args []any, rows int64) {
	w.waiting.Queue(query, w.store.d.texts(args)...).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != rows {
			return errApart
		}
		return nil
	})
}

// A multiple is statements that insert rows into one table, a number of them at
// a time.
type multiple struct {
	columns int // that are given
	texts   [len(together)]string
}

// together is how many rows one statement inserts, so that few statements are
// prepared.
var together = [...]int{32, 8, 2, 1}

// The statements that create operations.
var (
	newOperations = inserts(`operations (`+creationColumns+`)`, creationRow, 17)
	newSpecs      = inserts(`specs (operation_id, spec_json)`, `$1, $2`, 2)
	newArtifacts  = inserts(`artifacts (operation_id, sha256, role, bytes, is_output)`, `$1, $2, $3, $4, $5`, 5)
	newEvents     = inserts(`events (number, at, operation_id, kind, status, attempt, worker_id, reason)`,
		`(SELECT COALESCE(MAX(number), 0) + $k FROM events), $1, $2, $3, 'pending', 0, '', ''`, 3)
)

// inserts makes the statements that insert rows such as row, in which the
// parameters are $1 to those of columns and $k is the number of the row, into a
// table.
func inserts(into, row string, columns int) multiple {
	all := multiple{columns: columns}
	for i, rows := range together {
		var b strings.Builder
		b.WriteString(`INSERT INTO ` + into + ` VALUES `)
		for k := range rows {
			names := []string{"$k", fmt.Sprint(k + 1)}
			for p := columns; p > 0; p-- { // $17 before $1
				names = append(names, fmt.Sprintf("$%d", p), fmt.Sprintf("$%d", k*columns+p))
			}
			if k > 0 {
				b.WriteString(", ")
			}
			b.WriteString("(" + strings.NewReplacer(names...).Replace(row) + ")")
		}
		all.texts[i] = b.String() + ` ON CONFLICT DO NOTHING`
	}
	return all
}

// each has all rows inserted, as many at a time as there are statements for.
func (x *multiple) each(rows []any, insert func(query string, args []any, rows int64)) {
	for i := 0; len(rows) > 0; {
		n := together[i] * x.columns
		if len(rows) < n {
			i++
			continue
		}
		insert(x.texts[i], rows[:n:n], int64(together[i]))
		rows = rows[n:]
	}
}
