package ktrdr_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const modulePath = "github.com/ktrdr/ktrdr"

// A tree is the parsed Go code of the module, by package path as the lattice
// writes it: internal/core/market is core/market, cmd/ktrdr is cmd/ktrdr.
type tree struct {
	fset     *token.FileSet
	packages map[string]*goPackage
}

type goPackage struct{ files []goFile }

type goFile struct {
	path  string // from the root, with slashes
	test  bool
	lines int
	ast   *ast.File
}

// code returns the files that are not tests.
func (p *goPackage) code() []goFile {
	return slices.DeleteFunc(slices.Clone(p.files), func(f goFile) bool { return f.test })
}

// names returns the package paths in order.
func (t tree) names() []string {
	var names []string
	for name := range t.packages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// load parses every Go file under root. Folders that hold a module of their own,
// test data and what git ignores by name are skipped.
func load(root fs.FS) (tree, error) {
	t := tree{fset: token.NewFileSet(), packages: map[string]*goPackage{}}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(root, name)
		}
		if path.Ext(name) != ".go" || path.Dir(name) == "." {
			return nil
		}
		return t.add(root, name)
	})
	return t, err
}

func skipDir(root fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil || base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") {
		return fs.SkipDir
	}
	return nil
}

func (t tree) add(root fs.FS, name string) error {
	source, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(t.fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	key := strings.TrimPrefix(path.Dir(name), "internal/")
	if t.packages[key] == nil {
		t.packages[key] = &goPackage{}
	}
	t.packages[key].files = append(t.packages[key].files, goFile{
		path: name, test: strings.HasSuffix(name, "_test.go"), lines: strings.Count(string(source), "\n"), ast: parsed,
	})
	return nil
}

// imports returns what the files import, in order and once each.
func imports(files []goFile) []string {
	var all []string
	for _, f := range files {
		for _, spec := range f.ast.Imports {
			if p, err := strconv.Unquote(spec.Path.Value); err == nil {
				all = append(all, p)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// local returns an import path as the lattice writes it, and whether it lies
// inside the module.
func local(importPath string) (string, bool) {
	rest, ok := strings.CutPrefix(importPath, modulePath+"/")
	return strings.TrimPrefix(rest, "internal/"), ok
}

// parseLattice returns, for every package that the rules name, the set of
// packages it may import.
func parseLattice(rules string) (map[string]map[string]bool, error) {
	allowed := map[string]map[string]bool{}
	for _, rule := range splitRules(rules) {
		left, right, ok := strings.Cut(rule, "<")
		if !ok {
			return nil, fmt.Errorf("lattice: %q has no <", rule)
		}
		may := map[string]bool{}
		for _, below := range names(left) {
			if below == "NONE" {
				continue
			}
			if allowed[below] == nil {
				return nil, fmt.Errorf("lattice: %q uses %s above the line that defines it", rule, below)
			}
			may[below] = true
			for deeper := range allowed[below] {
				may[deeper] = true
			}
		}
		for _, above := range names(right) {
			if allowed[above] != nil {
				return nil, fmt.Errorf("lattice: %s stands on the right twice", above)
			}
			allowed[above] = may
		}
	}
	return allowed, nil
}

// splitRules joins lines until one holds a right-hand side.
func splitRules(text string) []string {
	var rules []string
	pending := ""
	for line := range strings.Lines(text) {
		pending += " " + strings.TrimSpace(line)
		if strings.Contains(pending, "<") {
			rules = append(rules, strings.TrimSpace(pending))
			pending = ""
		}
	}
	if rest := strings.TrimSpace(pending); rest != "" {
		rules = append(rules, rest)
	}
	return rules
}

func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// suiteOf returns the package that a test suite stands beside: barstoretest,
// or barstore/barstoretest, belongs to barstore.
func suiteOf(name string, allowed map[string]map[string]bool) (string, bool) {
	beside, ok := strings.CutSuffix(name, "test")
	if !ok {
		return "", false
	}
	for _, owner := range []string{beside, path.Dir(name)} {
		if allowed[owner] != nil && path.Base(owner)+"test" == path.Base(name) {
			return owner, true
		}
	}
	return "", false
}
