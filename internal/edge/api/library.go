package api

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
)

// A library is the folders that hold strategies, searched in order. A name in it
// never reaches a path outside of them.
type library []string

var strategyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

const strategyExtension = ".yaml"

// read returns the text of the strategy with this name.
func (l library) read(name string) ([]byte, error) {
	if !strategyName.MatchString(name) {
		return nil, wire.Errorf(wire.CodeBadRequest, "Invalid strategy name: '%s': want letters, digits, _ and -, as in a file name without %s", name, strategyExtension)
	}
	for _, dir := range l {
		text, err := readIn(dir, name+strategyExtension)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return text, err
	}
	names, _, err := l.names()
	if err != nil {
		return nil, err
	}
	return nil, wire.Errorf(wire.CodeStrategyNotFound, "Strategy file not found: %s%s (searched: %s)%s", name, strategyExtension,
		strings.Join(l, ", "), spell.Hint(name, names))
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

// names lists the strategies, sorted, and the files that cannot be one for their
// name.
func (l library) names() (names, others []string, err error) {
	for _, dir := range l {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("list strategies: %w", err)
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), strategyExtension)
			switch {
			case !ok || e.IsDir():
			case !strategyName.MatchString(name):
				others = append(others, e.Name())
			case !slices.Contains(names, name): // an earlier folder wins, as in read
				names = append(names, name)
			}
		}
	}
	return sorted(names), sorted(others), nil
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

// source returns the text of a request's strategy: what it brings if it brings
// one, else what is held under its name. file is how problems name it.
func (l library) source(name, text string) (file, source string, err error) {
	file = name + strategyExtension
	switch {
	case text != "" && name == "":
		return "strategy_yaml", text, nil
	case text != "":
		return file, text, nil
	case name == "":
		return "", "", wire.Errorf(wire.CodeBadRequest, "strategy_name or strategy_yaml is required")
	}
	held, err := l.read(name)
	return file, string(held), err
}

// A strategyFile is a text and the name that its problems have.
type strategyFile struct{ file, text string }

// Of the strategies asked for last, parsedStrategies are kept parsed: a search
// submits one strategy thousands of times. Longer texts than any that a person
// writes are parsed each time, so that they do not fill the memory.
const (
	parsedStrategies   = 64
	parsedStrategySize = 64 << 10
)

// parse reads the strategy of a request. The answer is shared: nobody may change
// it.
func (s *server) parse(name, text string) (*strategy.Strategy, error) {
	file, source, err := library(s.o.StrategyDirs).source(name, text)
	if err != nil {
		return nil, err
	}
	work := func() (*strategy.Strategy, error) {
		parsed, err := grammar.Parse(file, []byte(source))
		if err != nil {
			return nil, invalidStrategy(err)
		}
		return parsed, nil
	}
	if len(source) > parsedStrategySize {
		return work()
	}
	return s.parsed.of(strategyFile{file, source}, work)
}

// invalidStrategy is the error of a strategy with problems, all of them.
func invalidStrategy(err error) error {
	e := wire.Errorf(wire.CodeStrategyInvalid, "strategy is not valid:\n%w", err)
	if problems, ok := errors.AsType[document.Problems](err); ok {
		e.Details = issues("error", problems)
	}
	return e
}

func issues(severity string, problems document.Problems) []wire.StrategyIssue {
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
