package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pressly/goose/v3"
)

// The portable form of all records is lines of JSON: a recordsHead, and then for
// every table a tableHead and one array per row, in the order of its columns.
// It is the same whatever database it came from or goes to.

// A recordsHead begins the portable form.
type recordsHead struct {
	Records int   `json:"records"` // version of the form: 1
	Schema  int64 `json:"schema"`  // version of the schema that the rows are of
	Term    int64 `json:"term"`    // newest term of a scheduler; the next one is later by the clock too
}

// A tableHead precedes the rows of a table.
type tableHead struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
}

// portableTables are the tables that hold records, those that others refer to
// first. The scheduler's lease and the names of folders belong to one place and
// stay there.
var portableTables = [...]string{"operations", "specs", "results", "attempts", "artifacts", "checkpoints", "points", "events",
	"models", "model_markets", "workers", "cordons"}

// Dump writes all records, as they were at one moment, in a form that Restore
// reads into either kind of database. It returns the hashes of the content that
// they refer to, sorted.
func (s *Store) Dump(ctx context.Context, w io.Writer) (hashes []string, err error) {
	out := bufio.NewWriterSize(w, 1<<20)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	err = snapshot(ctx, s.slow, &s.d.snapshot, func(tx *sql.Tx) error {
		head := recordsHead{Records: 1}
		if err := tx.QueryRowContext(ctx, `SELECT MAX(version_id), (SELECT term FROM scheduler WHERE id = 1) FROM goose_db_version WHERE is_applied`).
			Scan(&head.Schema, &head.Term); err != nil {
			return err
		}
		if err := enc.Encode(head); err != nil {
			return err
		}
		for _, table := range portableTables {
			if err := dumpTable(ctx, tx, table, enc); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
		}
		hashes, err = query(ctx, tx, func(scan func(...any) error) (h string, err error) { return h, scan(&h) },
			`SELECT sha256 FROM artifacts UNION SELECT sha256 FROM checkpoints UNION SELECT sha256 FROM models ORDER BY sha256`)
		return err
	})
	if err != nil {
		return nil, s.readError("all records", err)
	}
	return hashes, out.Flush()
}

func dumpTable(ctx context.Context, tx *sql.Tx, table string, enc *json.Encoder) (err error) {
	head := tableHead{Table: table}
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&head.Rows); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, `SELECT * FROM `+table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if head.Columns, err = rows.Columns(); err != nil {
		return err
	}
	if err := enc.Encode(head); err != nil {
		return err
	}
	row, into := make([]any, len(head.Columns)), make([]any, len(head.Columns))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// ErrNotEmpty says that a database already holds records.
var ErrNotEmpty = errors.New("database already holds records")

// Restore fills the database at location, which Open would take, with what Dump
// has written, all or nothing. Records of an older schema are migrated. A
// database that holds any is refused with ErrNotEmpty.
func Restore(ctx context.Context, location string, records io.Reader) (err error) {
	lines := json.NewDecoder(bufio.NewReaderSize(records, 1<<20))
	lines.UseNumber()
	var head recordsHead
	if err := lines.Decode(&head); err != nil {
		return fmt.Errorf("restore database: %w: %w", errRecords, err)
	}
	if head.Records != 1 {
		return fmt.Errorf("restore database: records of version %d: this program reads version 1; use the release that wrote them", head.Records)
	}
	s, err := Open(ctx, location, Options{schema: head.Schema, patient: true})
	if err != nil {
		return err
	}
	if err := errors.Join(s.load(ctx, lines, head.Term), s.Close()); err != nil {
		return fmt.Errorf("restore database %s: %w", s.name, explain(err))
	}
	if s, err = Open(ctx, location, Options{}); err != nil { // migrates them
		return err
	}
	return s.Close()
}

var errRecords = errors.New("the records are damaged")

// load inserts all rows in one transaction.
func (s *Store) load(ctx context.Context, lines *json.Decoder, term int64) error {
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	for _, table := range portableTables {
		if err := s.loadTable(ctx, tx, table, lines); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	if _, err := lines.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more follows the last table", errRecords)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE scheduler SET term = $1 WHERE id = 1`, term); err != nil {
		return err
	}
	return tx.Commit()
}

// loadParameters bounds the values of one INSERT; SQLite takes 32,766.
const loadParameters = 8000

func (s *Store) loadTable(ctx context.Context, tx *sql.Tx, table string, lines *json.Decoder) error {
	var head tableHead
	if err := lines.Decode(&head); err != nil {
		return fmt.Errorf("%w: %w", errRecords, err)
	}
	if head.Table != table || len(head.Columns) == 0 {
		return fmt.Errorf("%w: table %.40q with %d columns comes in its place", errRecords, head.Table, len(head.Columns))
	}
	var held int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&held); err != nil {
		return err
	}
	if held > 0 {
		return fmt.Errorf("%w: restore into a new one", ErrNotEmpty)
	}
	if err := s.checkColumns(ctx, tx, head); err != nil {
		return err
	}
	many := loadParameters / len(head.Columns)
	var args []any
	for n := int64(1); n <= head.Rows; n++ {
		row, err := readRow(lines, len(head.Columns))
		if err != nil {
			return fmt.Errorf("row %d of %d: %w", n, head.Rows, err)
		}
		args = append(args, row...)
		if n%int64(many) == 0 || n == head.Rows {
			if _, err := tx.ExecContext(ctx, insertion(head, len(args)/len(head.Columns)), s.d.texts(args)...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	return nil
}

// checkColumns holds the columns of a table to those of the schema: their names
// become part of statements.
func (s *Store) checkColumns(ctx context.Context, tx *sql.Tx, head tableHead) (err error) {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM `+head.Table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	have, err := rows.Columns()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, c := range have {
		known[c] = true
	}
	for _, c := range head.Columns {
		if !known[c] {
			return fmt.Errorf("%w: column %.40q is not one of %s", errRecords, c, strings.Join(have, ", "))
		}
		known[c] = false // twice is once too often
	}
	return nil
}

// insertion is the statement that inserts n rows.
func insertion(head tableHead, n int) string {
	rows, place := make([]string, n), 0
	for i := range rows {
		places := make([]string, len(head.Columns))
		for j := range places {
			place++
			places[j] = fmt.Sprintf("$%d", place)
		}
		rows[i] = "(" + strings.Join(places, ", ") + ")"
	}
	return `INSERT INTO ` + head.Table + ` (` + strings.Join(head.Columns, ", ") + `) VALUES ` + strings.Join(rows, ", ")
}

// readRow reads the values of one row: texts, whole numbers and nulls.
func readRow(lines *json.Decoder, columns int) ([]any, error) {
	var row []any
	if err := lines.Decode(&row); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecords, err)
	}
	if len(row) != columns {
		return nil, fmt.Errorf("%w: %d values for %d columns", errRecords, len(row), columns)
	}
	for i, v := range row {
		switch v := v.(type) {
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errRecords, err)
			}
			row[i] = n
		case string, nil:
		default:
			return nil, fmt.Errorf("%w: %T is not a value", errRecords, v)
		}
	}
	return row, nil
}

// upTo migrates to one version of the schema, 0 for the newest.
func upTo(ctx context.Context, p *goose.Provider, version int64) error {
	if version == 0 {
		_, err := p.Up(ctx)
		return err
	}
	_, err := p.UpTo(ctx, version)
	return err
}
