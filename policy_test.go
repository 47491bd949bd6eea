// Package ktrdr_test holds the rules of the tree as tests: who may import whom,
// what core may not touch, how large things may grow, and which names and
// documents may exist. A rule that no test checks is a wish.
package ktrdr_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// lattice states every import that is allowed inside the module. "a, b < c"
// lets c import a, b and all that they may import; a package that is named by
// no line may not exist. The format is that of go/build/deps_test.go.
//
// Do not relax a line to make a build pass: an edge that is missing here means
// that the code is in the wrong place, or that an ADR is missing.
const lattice = `
	NONE                                     < core/spell
	core/spell                               < core/market, core/fuzzy, core/document
	NONE                                     < core/elementary
	core/elementary                          < core/rate, core/kernel
	core/rate, core/kernel                   < core/nn
	NONE                                     < core/rolling
	core/market, core/rolling                < core/indicator
	core/indicator, core/elementary          < core/indicator/average, core/indicator/momentum, core/indicator/trend
	core/indicator, core/elementary          < core/indicator/volatility, core/indicator/volume, core/indicator/single
	core/indicator/average, core/indicator/momentum, core/indicator/trend,
	core/indicator/volatility, core/indicator/volume,
	core/indicator/single                    < core/indicator/catalog
	core/indicator/average,
	core/indicator/volatility                < core/label
	core/indicator/catalog, core/fuzzy,
	core/label, core/document                < core/strategy
	core/strategy                            < core/trading, core/feature
	core/trading                             < core/grammar
	core/grammar                             < core/migration, core/sweep
	core/grammar, core/feature, core/nn      < core/model
	core/feature, core/label, core/model     < core/train
	core/strategy, core/nn                   < core/decision
	core/train, core/decision                < core/leak
	core/market                              < core/margin
	core/decision                            < core/ledger, core/fill
	core/rolling                             < core/daily
	core/ledger, core/daily                  < core/batch
	core/batch, core/fill, core/margin       < core/backtest
	core/trading, core/feature, core/decision < core/ensemble
	core/backtest                            < core/performance, core/assumption
	core/performance, core/sweep             < core/trial

	core/market                              < data/gap, data/barstore, data/tabular, data/sample, data/ib
	NONE                                     < data/artifact, data/backup, data/shelf
	core/market, data/shelf                  < data/featurecache

	core/spell                               < control/operation
	control/operation                        < control/fleet
	NONE                                     < control/queue
	control/fleet, control/queue             < control/dispatch
	control/fleet                            < control/store
	NONE                                     < control/body
	control/body, control/fleet, core/market < control/wire
	control/store, data/artifact,
	data/backup, data/barstore               < control/upkeep
	control/store, data/artifact,
	data/barstore                            < control/replica

	control/wire, data/shelf                 < work/worker
	core/train, core/performance, core/assumption, core/trial, core/ensemble,
	data/gap, data/barstore, data/tabular, data/ib, data/featurecache,
	work/worker                              < work/job

	NONE                                     < edge/memo
	control/wire, core/grammar, edge/memo    < edge/library
	edge/library, core/ensemble, core/sweep  < edge/intake
	edge/intake                              < edge/api
	NONE                                     < observe, golden, web, strategies, bench/limits
	work/job                                 < edge/display
	control/wire                             < edge/exit
	edge/exit, control/store                 < edge/settings
	edge/exit                                < edge/listen
	edge/settings, edge/listen, edge/api, control/dispatch,
	control/upkeep, control/replica, data/tabular, observe < edge/backend
	edge/settings, edge/display              < edge/system
	edge/settings, edge/listen, edge/display, observe < edge/command
	edge/command, data/sample, core/migration, core/leak < edge/study
	edge/command                             < edge/submission
	edge/study, edge/submission, edge/backend, edge/system,
	web, strategies                          < edge/cli
	edge/cli                                 < cmd/ktrdr
	control/store, core/nn                   < bench
`

// never lists reaches that no chain of imports may make, whatever the lattice
// says: the backend orchestrates and computes nothing.
var never = []reach{
	{from: "control/", to: []string{"core/train", "core/backtest", "core/nn"}},
	{from: "edge/api", to: []string{"core/train", "core/backtest", "core/nn"}},
	{from: "edge/backend", to: []string{"core/train", "core/backtest", "core/nn"}},
}

// budgets bound the size of things, in lines. Functions and packages are counted
// without tests, whose tables are long by nature; a file of tests may have twice
// the length of a file of code.
var budgets = budget{mainFile: 30, function: 60, file: 500, testFile: 1000, pkg: 3000}

// overBudget names what may be larger than its budget, with the reason.
var overBudget = map[string]string{}

// impure lists the files of core that may use what core otherwise may not.
var impure = map[string]string{
	"internal/core/nn/parallel.go": "fork-join over fixed chunks: the order of every sum is independent of GOMAXPROCS",
}

// coreModules names the packages of core that may import a module beside the
// standard library, and which.
var coreModules = map[string]string{
	"core/document":  "go.yaml.in/yaml/v4",
	"core/grammar":   "go.yaml.in/yaml/v4",
	"core/migration": "go.yaml.in/yaml/v4",
	"core/decision":  "golang.org/x/sys/cpu",
	"core/kernel":    "golang.org/x/sys/cpu",
	"core/rolling":   "golang.org/x/sys/cpu",
	"core/sweep":     "go.yaml.in/yaml/v4",
	"core/trading":   "go.yaml.in/yaml/v4",
	"core/trial":     "golang.org/x/sys/cpu",
}

// clocks lists the packages that may read the clock (R12); every other one is
// given the time.
var clocks = []string{"edge/cli", "edge/backend", "edge/system", "edge/command", "edge/submission", "edge/api", "work/worker", "data/ib", "control/dispatch/loop.go", "control/store", "bench/limits"}

// testModules may be imported by tests only and so never reach the binary.
var testModules = []string{
	"github.com/google/go-cmp", "github.com/rogpeppe/go-internal", "github.com/markcheno/go-talib",
	"github.com/getkin/kin-openapi", "go.uber.org/goleak", "pgregory.net/rapid",
}

func TestImports(t *testing.T) {
	tree := loadRepository(t)
	report(t, checkImports(tree, lattice))
	report(t, checkReach(tree, never))
}

func TestCoreIsPure(t *testing.T) { report(t, checkPurity(loadRepository(t), impure, coreModules)) }

func TestClock(t *testing.T) { report(t, checkClock(loadRepository(t), clocks)) }

func TestPackageComments(t *testing.T) { report(t, checkPackageComments(loadRepository(t))) }

func TestNames(t *testing.T) { report(t, checkNames(loadRepository(t))) }

func TestSizes(t *testing.T) { report(t, checkSizes(loadRepository(t), budgets, overBudget)) }

func TestTestsDoNotSleep(t *testing.T) { report(t, checkSleep(loadRepository(t))) }

func TestWords(t *testing.T) { report(t, checkWords(os.DirFS("."), tracked(t))) }

func TestMapNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	report(t, checkMap(loadRepository(t), string(text)))
}

func TestDocumentsNameWhatExists(t *testing.T) {
	report(t, checkDocuments(os.DirFS("."), tracked(t)))
}

// TestDependencies compares the modules that the binary links with the
// committed list, so that a new one is a visible change.
func TestDependencies(t *testing.T) {
	if testing.Short() {
		t.Skip("go list takes seconds; run without -short")
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/ktrdr").Output()
	if err != nil {
		t.Fatalf("go list -deps ./cmd/ktrdr: %v", err)
	}
	linked := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(linked)
	got := strings.Join(slices.Compact(linked), "\n") + "\n"

	want, err := os.ReadFile("docs/dependencies.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the binary links other modules than docs/dependencies.txt lists; if that is intended, write an ADR and run make gen.\nlinked:\n%s\nlisted:\n%s", got, want)
	}
	for _, module := range testModules {
		if strings.Contains(got, module+" ") {
			t.Errorf("%s is for tests only and must not be linked into the binary", module)
		}
	}
}

func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}

func loadRepository(t *testing.T) tree {
	t.Helper()
	tree, err := load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// tracked returns the files that git knows, or nil outside a checkout, where
// every file is looked at.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		return nil
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
}
