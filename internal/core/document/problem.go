package document

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing wrong, or doubtful, in a file, at the place
// where it stands. Line and Column begin with 1; they are 0 where the problem is
// the whole file or does not come from one.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"` // for example fuzzy_sets.rsi_momentum.indicator
	Message string `json:"message"`
}

// String returns file:line:column: path: message, without the parts that are
// not known.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are all that was found in one file, in the order of the file. As an
// error it reads one problem per line.
type Problems []Problem

// Error implements error.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds a report: whoever has a hundred problems does not read the
// hundred and first.
const maxProblems = 100

// A report collects problems up to maxProblems and counts the rest.
type report struct {
	list    Problems
	dropped int
}

func (r *report) add(p Problem) {
	if slices.Contains(r.list, p) {
		return // found a second time, on a second look at the same place
	}
	if len(r.list) == maxProblems {
		r.dropped++
		return
	}
	r.list = append(r.list, p)
}

// full tells that a further problem would only be counted.
func (r *report) full() bool { return len(r.list) == maxProblems }

// sorted returns the problems in the order of the file, or nil.
func (r *report) sorted() Problems {
	if len(r.list) == 0 {
		return nil
	}
	list := slices.Clone(r.list)
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if r.dropped > 0 {
		list = append(list, Problem{File: list[0].File, Message: fmt.Sprintf("and %d more problems", r.dropped)})
	}
	return list
}
