package store

import (
	"database/sql"
	"strings"
	"unicode/utf8"
)

// A dialect is what the two databases do not say alike. Everything else is one
// set of statements.
type dialect struct {
	// begin starts a transaction that writes. Until it ends, no other process
	// can take the scheduler's term: SQLite has one writer at a time, and on
	// PostgreSQL the row of the term is held, so that a term that was found to
	// be the newest still is when the transaction commits.
	begin []string
	// end is executed before COMMIT. It wakes the other processes once for a
	// whole group: PostgreSQL takes a lock for it that would serialise commits.
	end []string
	// now is the clock of the database in microseconds since 1970.
	now string
	// snapshot is how all reads of one transaction see one state.
	snapshot sql.TxOptions
	// shared says that several processes use the database at once.
	shared bool
}

func sqliteDialect() dialect {
	return dialect{
		begin:    []string{"BEGIN IMMEDIATE"},
		now:      "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
		snapshot: sql.TxOptions{ReadOnly: true},
	}
}

func postgresDialect() dialect {
	return dialect{
		begin:    []string{"BEGIN", "SELECT term FROM scheduler WHERE id = 1 FOR SHARE"},
		end:      []string{ring},
		now:      "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
		snapshot: sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
		shared:   true,
	}
}

// channel is the name under which PostgreSQL tells of commits.
const channel = "ktrdr_commit"

const ring = "SELECT pg_notify('" + channel + "', '')"

// texts returns args with texts that PostgreSQL takes: it refuses the character
// 0 and what is not UTF-8, and one such text would undo the writes of all others
// in its group.
func (d dialect) texts(args []any) []any {
	if !d.shared {
		return args
	}
	for i, a := range args {
		switch a := a.(type) {
		case string:
			args[i] = clean(a)
		case sql.NullString:
			a.String = clean(a.String)
			args[i] = a
		}
	}
	return args
}

func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
