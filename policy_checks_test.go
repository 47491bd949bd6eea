package ktrdr_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// A reach forbids every package that begins with from to depend, through any
// chain of imports, on one of to.
type reach struct {
	from string
	to   []string
}

// A budget is the largest number of lines of each thing.
type budget struct{ mainFile, function, file, testFile, pkg int }

// checkImports returns one problem for each import that the lattice does not
// allow, and for each package it does not know.
func checkImports(t tree, rules string) []string {
	allowed, err := parseLattice(rules)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	for _, name := range t.names() {
		owner, may := name, allowed[name]
		if may == nil {
			suite, ok := suiteOf(name, allowed)
			if !ok {
				problems = append(problems, fmt.Sprintf("%s: the lattice does not know this package: add it there and say why in an ADR", name))
				continue
			}
			owner, may = suite, allowed[suite]
		}
		for _, imported := range imports(t.packages[name].code()) {
			if below, ok := local(imported); ok && !may[below] && below != owner {
				problems = append(problems, fmt.Sprintf("%s must not import %s", name, below))
			}
		}
	}
	return problems
}

// checkReach follows the imports as they are and returns a problem, with the
// chain, for each forbidden reach.
func checkReach(t tree, rules []reach) []string {
	var problems []string
	for _, name := range t.names() {
		for _, rule := range rules {
			if !strings.HasPrefix(name, rule.from) {
				continue
			}
			for _, goal := range rule.to {
				if chain := t.chain(name, goal, map[string]bool{}); chain != nil {
					problems = append(problems, fmt.Sprintf("%s must not reach %s: %s", name, goal, strings.Join(chain, " -> ")))
				}
			}
		}
	}
	return problems
}

// chain returns the packages from one to another along imports, or nil.
func (t tree) chain(from, to string, seen map[string]bool) []string {
	if from == to {
		return []string{to}
	}
	if seen[from] || t.packages[from] == nil {
		return nil
	}
	seen[from] = true
	for _, imported := range imports(t.packages[from].code()) {
		if below, ok := local(imported); ok {
			if rest := t.chain(below, to, seen); rest != nil {
				return append([]string{from}, rest...)
			}
		}
	}
	return nil
}

// coreForbidden are the imports that no package of core may have; a trailing
// slash forbids everything below.
var coreForbidden = []string{"os", "os/", "net", "net/", "log", "log/", "sync", "sync/", "syscall", "unsafe", "io/ioutil", "runtime", "runtime/", "embed", "expvar"}

// clockFunctions read the clock or wait for it.
var clockFunctions = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// checkPurity returns a problem for everything in core that touches the world:
// files, network, logs, clocks, locks, goroutines, random numbers without a
// seed, and modules other than the listed ones.
func checkPurity(t tree, exceptions, modules map[string]string) []string {
	var problems []string
	for _, name := range t.names() {
		if !strings.HasPrefix(name, "core/") || strings.HasSuffix(name, "test") { // a suite is test code
			continue
		}
		for _, f := range t.packages[name].code() {
			if exceptions[f.path] != "" {
				continue
			}
			for _, imported := range imports([]goFile{f}) {
				_, inside := local(imported)
				isModule := strings.Contains(strings.Split(imported, "/")[0], ".") && !inside
				if matches(imported, coreForbidden) || isModule && !isPartOf(imported, modules[name]) {
					problems = append(problems, fmt.Sprintf("%s: core is pure and must not import %s", f.path, imported))
				}
			}
			problems = append(problems, impurities(t.fset, f)...)
		}
	}
	return problems
}

func matches(importPath string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return importPath == p || strings.HasSuffix(p, "/") && strings.HasPrefix(importPath, p)
	})
}

func isPartOf(importPath, module string) bool {
	return module != "" && (importPath == module || strings.HasPrefix(importPath, module+"/"))
}

func impurities(fset *token.FileSet, f goFile) []string {
	var problems []string
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			problems = append(problems, at(fset, n, "core must not start goroutines"))
		case *ast.SelectorExpr:
			if isCall(n, "time", clockFunctions) {
				problems = append(problems, at(fset, n, "core is given the time and must not call time."+n.Sel.Name))
			}
			if isGlobalRandom(f, n) {
				problems = append(problems, at(fset, n, "core draws from a seeded *rand.Rand, never from rand."+n.Sel.Name))
			}
		}
		return true
	})
	return problems
}

func isCall(n *ast.SelectorExpr, pkg string, functions []string) bool {
	id, ok := n.X.(*ast.Ident)
	return ok && id.Name == pkg && slices.Contains(functions, n.Sel.Name)
}

func isGlobalRandom(f goFile, n *ast.SelectorExpr) bool {
	id, ok := n.X.(*ast.Ident)
	if !ok || id.Name != "rand" || !slices.Contains(imports([]goFile{f}), "math/rand/v2") {
		return false
	}
	return !slices.Contains([]string{"New", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "Source", "PCG", "ChaCha8", "Zipf"}, n.Sel.Name)
}

// checkClock returns a problem for each time.Now outside the allowed packages
// and files, tests aside.
func checkClock(t tree, allowed []string) []string {
	var problems []string
	for _, name := range t.names() {
		for _, f := range t.packages[name].code() {
			if slices.Contains(allowed, name) || slices.Contains(allowed, strings.TrimPrefix(f.path, "internal/")) {
				continue
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && isCall(s, "time", []string{"Now", "Since", "Until"}) {
					problems = append(problems, at(t.fset, n, "this package is given the time; it must not read the clock"))
				}
				return true
			})
		}
	}
	return problems
}

// checkSleep returns a problem for each time.Sleep in a test that runs on the
// real clock: tests wait for events.
func checkSleep(t tree) []string {
	var problems []string
	for _, name := range t.names() {
		for _, f := range t.packages[name].files {
			if !f.test || slices.Contains(imports([]goFile{f}), "testing/synctest") {
				continue
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && isCall(s, "time", []string{"Sleep"}) {
					problems = append(problems, at(t.fset, n, "tests do not sleep: wait for the event, or use testing/synctest"))
				}
				return true
			})
		}
	}
	return problems
}

// checkPackageComments wants exactly one package comment per package, in doc.go
// where there is one.
func checkPackageComments(t tree) []string {
	var problems []string
	for _, name := range t.names() {
		var with []string
		hasDoc := false
		code := t.packages[name].code()
		for _, f := range code {
			hasDoc = hasDoc || path.Base(f.path) == "doc.go"
			if f.ast.Doc != nil && strings.TrimSpace(f.ast.Doc.Text()) != "" {
				with = append(with, f.path)
			}
		}
		switch {
		case len(code) == 0:
		case len(with) == 0:
			problems = append(problems, name+": has no package comment: write doc.go")
		case len(with) > 1:
			problems = append(problems, fmt.Sprintf("%s: has more than one package comment: %s", name, strings.Join(with, ", ")))
		case hasDoc && path.Base(with[0]) != "doc.go":
			problems = append(problems, name+": the package comment belongs into doc.go")
		}
	}
	return problems
}

// drawers are names that say nothing about what a package gives.
var drawers = []string{"util", "utils", "common", "helper", "helpers", "base", "manager", "managers", "type", "types", "misc", "shared", "lib", "tools", "pkg"}

// checkNames refuses drawer names and packages named differently from their
// folder.
func checkNames(t tree) []string {
	var problems []string
	for _, name := range t.names() {
		for _, element := range strings.Split(name, "/") {
			if slices.Contains(drawers, element) {
				problems = append(problems, fmt.Sprintf("%s: %q names a drawer: name a package for what it gives", name, element))
			}
		}
		for _, f := range t.packages[name].code() {
			if got := f.ast.Name.Name; got != path.Base(name) && got != "main" {
				problems = append(problems, fmt.Sprintf("%s: package %s in folder %s", f.path, got, path.Base(name)))
			}
		}
	}
	return problems
}

// checkSizes returns a problem for everything over budget that exceptions do
// not name.
func checkSizes(t tree, b budget, exceptions map[string]string) []string {
	var problems []string
	over := func(name string, lines, limit int) {
		if lines > limit && exceptions[name] == "" {
			problems = append(problems, fmt.Sprintf("%s: %d lines, want at most %d", name, lines, limit))
		}
	}
	for _, name := range t.names() {
		total := 0
		for _, f := range t.packages[name].files {
			limit := b.file
			if strings.HasPrefix(f.path, "cmd/") {
				limit = b.mainFile
			}
			if f.test {
				over(f.path, f.lines, b.testFile)
				continue
			}
			over(f.path, f.lines, limit)
			total += f.lines
			for _, d := range f.ast.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					lines := t.fset.Position(fn.End()).Line - t.fset.Position(fn.Pos()).Line + 1
					over(f.path+" "+fn.Name.Name, lines, b.function)
				}
			}
		}
		over(name, total, b.pkg)
	}
	return problems
}

func at(fset *token.FileSet, n ast.Node, message string) string {
	p := fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, message)
}
