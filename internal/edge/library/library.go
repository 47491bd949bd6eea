package library

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/spell"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/edge/memo"
)

// A Library is the folders that hold strategies, searched in order. A name in it
// never reaches a path outside of them. Its methods may be called from several
// goroutines. Make one with New.
type Library struct {
	dirs   []string
	parsed *memo.Recent[file, *strategy.Strategy]
}

// New returns the library of these folders, which need not exist.
func New(dirs []string) *Library {
	return &Library{dirs: dirs, parsed: memo.New[file, *strategy.Strategy](parsedStrategies)}
}

var strategyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// Extension is what the file of a strategy has after its name.
const Extension = ".yaml"

// Read returns the text of the strategy with this name.
func (l *Library) Read(name string) ([]byte, error) {
	if !strategyName.MatchString(name) {
		return nil, wire.Errorf(wire.CodeBadRequest, "Invalid strategy name: '%s': want letters, digits, _ and -, as in a file name without %s", name, Extension)
	}
	for _, dir := range l.dirs {
		text, err := readIn(dir, name+Extension)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return text, err
	}
	names, _, err := l.Names()
	if err != nil {
		return nil, err
	}
	return nil, wire.Errorf(wire.CodeStrategyNotFound, "Strategy file not found: %s%s (searched: %s)%s", name, Extension,
		strings.Join(l.dirs, ", "), spell.Hint(name, names))
}

// readIn reads one file of bounded size in dir.
func readIn(dir, file string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, wire.MaxStrategyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read strategy %s: %w", file, err)
	}
	if len(text) > wire.MaxStrategyBytes {
		return nil, wire.Errorf(wire.CodeStrategyInvalid, "%s is larger than %d bytes, so it is no strategy", file, wire.MaxStrategyBytes)
	}
	return text, nil
}

// Names lists the strategies, sorted, and the files that cannot be one for their
// name.
func (l *Library) Names() (names, others []string, err error) {
	for _, dir := range l.dirs {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("list strategies: %w", err)
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), Extension)
			switch {
			case !ok || e.IsDir():
			case !strategyName.MatchString(name):
				others = append(others, e.Name())
			case !slices.Contains(names, name): // an earlier folder wins, as in Read
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	slices.Sort(others)
	return names, others, nil
}

// source returns the text of a request's strategy: what it brings if it brings
// one, else what is held under its name. from is how problems name it.
func (l *Library) source(name, text string) (from, source string, err error) {
	from = name + Extension
	switch {
	case text != "" && name == "":
		return "strategy_yaml", text, nil
	case text != "":
		return from, text, nil
	case name == "":
		return "", "", wire.Errorf(wire.CodeBadRequest, "strategy_name or strategy_yaml is required")
	}
	held, err := l.Read(name)
	return from, string(held), err
}

// A file is a text and the name that its problems have.
type file struct{ name, text string }

// Of the strategies asked for last, parsedStrategies are kept parsed: a search
// submits one strategy thousands of times. Longer texts than any that a person
// writes are parsed each time, so that they do not fill the memory.
const (
	parsedStrategies   = 64
	parsedStrategySize = 64 << 10
)

// Parse reads the strategy of a request: text if it brings one, else what is held
// under the name. The answer is shared: nobody may change it.
func (l *Library) Parse(name, text string) (*strategy.Strategy, error) {
	from, source, err := l.source(name, text)
	if err != nil {
		return nil, err
	}
	work := func() (*strategy.Strategy, error) {
		parsed, err := grammar.Parse(from, []byte(source))
		if err != nil {
			return nil, Invalid(wire.CodeStrategyInvalid, "strategy is", err)
		}
		return parsed, nil
	}
	if len(source) > parsedStrategySize {
		return work()
	}
	return l.parsed.Of(file{from, source}, work)
}

// Invalid is the refusal of what people write with problems, all of them; what names
// it, as in "strategy is".
func Invalid(code wire.Code, what string, err error) *wire.Error {
	e := wire.Errorf(code, "%s not valid:\n%w", what, err)
	if problems, ok := errors.AsType[document.Problems](err); ok {
		e.Details = Issues("error", problems)
	}
	return e
}

// Issues writes problems in the words of the contract.
func Issues(severity string, problems document.Problems) []wire.StrategyIssue {
	list := []wire.StrategyIssue{}
	for _, p := range problems {
		category, _, _ := strings.Cut(p.Path, ".")
		if category == "" {
			category = "strategy"
		}
		list = append(list, wire.StrategyIssue{Severity: severity, Category: category, Message: p.Message,
			File: p.File, Line: p.Line, Column: p.Column, Path: p.Path})
	}
	return list
}
