package ktrdr_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// planted is a small tree, clean but for the files that a case adds.
func planted(t *testing.T, files map[string]string) tree {
	t.Helper()
	root := fstest.MapFS{
		"internal/core/market/doc.go":    {Data: []byte("// Package market is here.\npackage market\n")},
		"internal/core/nn/nn.go":         {Data: []byte("// Package nn is here.\npackage nn\n")},
		"internal/control/wire/doc.go":   {Data: []byte("// Package wire is here.\npackage wire\n\nimport _ \"github.com/ktrdr/ktrdr/internal/core/market\"\n")},
		"internal/core/market/m_test.go": {Data: []byte("package market_test\n\nimport _ \"os\"\n")},
	}
	for name, source := range files {
		root[name] = &fstest.MapFile{Data: []byte(source)}
	}
	loaded, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

const plantedLattice = "NONE < core/market, core/nn\ncore/market < core/train\ncore/market < control/wire"

// TestPlantedViolations shows that each check catches what it is there for, and
// is silent about a clean tree.
func TestPlantedViolations(t *testing.T) {
	imports := func(t tree) []string { return checkImports(t, plantedLattice) }
	reaches := func(t tree) []string {
		return checkReach(t, []reach{{from: "control/", to: []string{"core/nn"}}})
	}
	purity := func(t tree) []string {
		return checkPurity(t, map[string]string{"internal/core/nn/parallel.go": "fork-join"}, map[string]string{"core/market": "example.com/yaml"})
	}
	clock := func(t tree) []string { return checkClock(t, []string{"edge/cli"}) }
	sizes := func(t tree) []string {
		return checkSizes(t, budget{mainFile: 3, function: 4, file: 8, testFile: 9, pkg: 30}, map[string]string{"internal/core/nn/long.go": "a table"})
	}
	long := strings.Repeat("// line\n", 9)

	for name, tc := range map[string]struct {
		check func(tree) []string
		file  string
		code  string
		want  string // part of the only problem; empty: none
	}{
		"import_allowed":       {imports, "internal/core/train/t.go", "package train\nimport _ \"" + modulePath + "/internal/core/market\"\n", ""},
		"import_forbidden":     {imports, "internal/core/train/t.go", "package train\nimport _ \"" + modulePath + "/internal/core/nn\"\n", "core/train must not import core/nn"},
		"import_upwards":       {imports, "internal/core/nn/t.go", "package nn\nimport _ \"" + modulePath + "/internal/core/market\"\n", "core/nn must not import core/market"},
		"import_in_a_test":     {imports, "internal/core/nn/x_test.go", "package nn_test\nimport _ \"" + modulePath + "/internal/core/market\"\n", ""},
		"package_unknown":      {imports, "internal/core/extra/e.go", "package extra\n", "does not know this package"},
		"suite_beside":         {imports, "internal/core/markettest/s.go", "package markettest\nimport _ \"" + modulePath + "/internal/core/market\"\n", ""},
		"suite_below":          {imports, "internal/core/market/markettest/s.go", "package markettest\nimport _ \"" + modulePath + "/internal/core/market\"\n", ""},
		"suite_reaches_aside":  {imports, "internal/core/markettest/s.go", "package markettest\nimport _ \"" + modulePath + "/internal/core/nn\"\n", "must not import core/nn"},
		"reach_through_others": {reaches, "internal/core/market/extra.go", "package market\nimport _ \"" + modulePath + "/internal/core/nn\"\n", "control/wire -> core/market -> core/nn"},
		"reach_none":           {reaches, "internal/core/market/extra.go", "package market\n", ""},
		"pure_os":              {purity, "internal/core/nn/x.go", "package nn\nimport _ \"os\"\n", "must not import os"},
		"pure_net_http":        {purity, "internal/core/nn/x.go", "package nn\nimport _ \"net/http\"\n", "must not import net/http"},
		"pure_slog":            {purity, "internal/core/nn/x.go", "package nn\nimport _ \"log/slog\"\n", "must not import log/slog"},
		"pure_sync":            {purity, "internal/core/nn/x.go", "package nn\nimport _ \"sync/atomic\"\n", "must not import sync/atomic"},
		"pure_module":          {purity, "internal/core/nn/x.go", "package nn\nimport _ \"example.com/yaml\"\n", "must not import example.com/yaml"},
		"pure_module_listed":   {purity, "internal/core/market/x.go", "package market\nimport _ \"example.com/yaml\"\n", ""},
		"pure_suite":           {purity, "internal/core/market/markettest/s.go", "package markettest\nimport _ \"example.com/rapid\"\n", ""},
		"pure_clock":           {purity, "internal/core/nn/x.go", "package nn\nimport \"time\"\nvar now = time.Now\n", "must not call time.Now"},
		"pure_goroutine":       {purity, "internal/core/nn/x.go", "package nn\nfunc f() { go f() }\n", "must not start goroutines"},
		"pure_global_random":   {purity, "internal/core/nn/x.go", "package nn\nimport \"math/rand/v2\"\nfunc f() int { return rand.IntN(6) }\n", "never from rand.IntN"},
		"pure_seeded_random":   {purity, "internal/core/nn/x.go", "package nn\nimport \"math/rand/v2\"\nfunc f(r *rand.Rand) int { return r.IntN(6) }\n", ""},
		"pure_exception":       {purity, "internal/core/nn/parallel.go", "package nn\nimport _ \"sync\"\nfunc f() { go f() }\n", ""},
		"clock_elsewhere":      {clock, "internal/control/wire/x.go", "package wire\nimport \"time\"\nfunc f() { _ = time.Now() }\n", "must not read the clock"},
		"clock_allowed":        {clock, "internal/edge/cli/x.go", "package cli\nimport \"time\"\nfunc f() { _ = time.Now() }\n", ""},
		"sleep_in_test":        {checkSleep, "internal/core/nn/x_test.go", "package nn_test\nimport \"time\"\nfunc f() { time.Sleep(1) }\n", "tests do not sleep"},
		"sleep_in_bubble":      {checkSleep, "internal/core/nn/x_test.go", "package nn_test\nimport \"time\"\nimport _ \"testing/synctest\"\nfunc f() { time.Sleep(1) }\n", ""},
		"comment_missing":      {checkPackageComments, "internal/core/train/t.go", "package train\n", "has no package comment"},
		"comment_twice":        {checkPackageComments, "internal/core/nn/x.go", "// Package nn again.\npackage nn\n", "more than one package comment"},
		"comment_not_in_doc":   {checkPackageComments, "internal/core/nn/doc.go", "package nn\n", "belongs into doc.go"},
		"name_drawer":          {checkNames, "internal/core/util/u.go", "package util\n", "names a drawer"},
		"name_differs":         {checkNames, "internal/core/nn/x.go", "package net\n", "package net in folder nn"},
		"size_file":            {sizes, "internal/core/nn/x.go", "package nn\n" + long, "x.go: 10 lines, want at most 8"},
		"size_excepted":        {sizes, "internal/core/nn/long.go", "package nn\n" + long[:len(long)-24], ""},
		"size_test_file":       {sizes, "internal/core/nn/x_test.go", "package nn_test\n" + long, "x_test.go: 10 lines"},
		"size_function":        {sizes, "internal/core/nn/x.go", "package nn\nfunc f() {\n\n\n\n}\n", "f: 5 lines, want at most 4"},
		"size_main":            {sizes, "cmd/ktrdr/main.go", "package main\n\n\n\n", "main.go: 4 lines, want at most 3"},
	} {
		t.Run(name, func(t *testing.T) {
			problems := tc.check(planted(t, map[string]string{tc.file: tc.code}))
			expectOne(t, problems, tc.want)
		})
	}
}

func TestPlantedPackageSize(t *testing.T) {
	tree := planted(t, map[string]string{
		"internal/core/nn/a.go": "package nn\n\n\n\n\n\n", "internal/core/nn/b.go": "package nn\n\n\n\n\n\n",
	})
	expectOne(t, checkSizes(tree, budget{mainFile: 3, function: 4, file: 8, testFile: 9, pkg: 10}, nil), "core/nn: 14 lines")
}

func TestPlantedLattice(t *testing.T) {
	for name, tc := range map[string]struct{ rules, want string }{
		"twice_on_the_right": {"NONE < a\nNONE < a", "stands on the right twice"},
		"used_before":        {"b < a", "above the line that defines it"},
		"no_relation":        {"NONE < a\nb, c", "has no <"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseLattice(tc.rules); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("parseLattice(%q) = %v, want %q", tc.rules, err, tc.want)
			}
		})
	}
	allowed, err := parseLattice("NONE < a\na\n, b < c")
	if err == nil || allowed != nil {
		t.Errorf("b is used before it is defined, have %v, %v", allowed, err)
	}
}

func TestPlantedDocuments(t *testing.T) {
	root := fstest.MapFS{
		"bin/staticcheck":                {Data: []byte("built here")},
		"Makefile":                       {Data: []byte("test:\n\tgo test ./...\n")},
		"internal/core/market/doc.go":    {Data: []byte("package market\n")},
		"docs/howto/add-an-indicator.md": {Data: []byte("# Add\n")},
	}
	for name, tc := range map[string]struct{ line, want string }{
		"link":            {"see [that](howto/add-an-indicator.md#top)", ""},
		"link_broken":     {"see [that](howto/gone.md)", "howto/gone.md"},
		"link_elsewhere":  {"see [that](https://example.com/gone.md)", ""},
		"path":            {"`internal/core/market` and `core/market` and `docs/howto/`", ""},
		"path_missing":    {"`internal/core/wrong`", "internal/core/wrong"},
		"path_pattern":    {"`docs/<name>.md`", ""},
		"not_a_path":      {"`a/b`", ""},
		"build_output":    {"`bin/ktrdr`", ""},
		"target":          {"run `make test`", ""},
		"target_missing":  {"run `make coffee`", "make coffee"},
		"several_in_line": {"`make test` `docs/gone.md`", "docs/gone.md"},
	} {
		t.Run(name, func(t *testing.T) {
			root["docs/x.md"] = &fstest.MapFile{Data: []byte(tc.line + "\n")}
			expectOne(t, checkDocuments(root, nil), tc.want)
		})
	}
}

func TestPlantedMap(t *testing.T) {
	const text = "internal/observe    logs\n| `core/market` | bars |\n| `control/wire` | HTTP |\n| `core/nn` | networks |\n| `core/label`, `core/train/one`, `two` | more |\n"
	for name, tc := range map[string]struct{ pkg, want string }{
		"row":            {"core/nn", ""},
		"block":          {"observe", ""},
		"family":         {"core/train/two", ""},
		"helps_tests":    {"core/nn/nntest", ""},
		"missing":        {"core/backtest", "does not name core/backtest"},
		"missing_member": {"core/train/three", "does not name core/train/three"},
		"of_others":      {"core/two", "does not name core/two"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := planted(t, map[string]string{"internal/" + tc.pkg + "/doc.go": "package " + path.Base(tc.pkg) + "\n"})
			expectOne(t, checkMap(tree, text), tc.want)
		})
	}
}

func TestPlantedWords(t *testing.T) {
	for name, tc := range map[string]struct{ line, want string }{
		"clean":         {"// all is well with internal/work/job", ""},
		"home":          {"// see /home/somebody/notes", "path of one machine"},
		"reminder":      {"// TODO: later", "needs an issue number"},
		"reminder_bare": {"// FIXME", "needs an issue number"},
		"reminder_of":   {"// TODO(#12): later", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{"a.go": {Data: []byte(tc.line + "\n")}}
			expectOne(t, checkWords(root, nil), tc.want)
		})
	}
}

// expectOne wants exactly one problem that contains want, or none if want is
// empty.
func expectOne(t *testing.T, problems []string, want string) {
	t.Helper()
	if want == "" {
		if len(problems) != 0 {
			t.Errorf("have %q, want no problem", problems)
		}
		return
	}
	if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, want) }) || len(problems) != 1 {
		t.Errorf("have %q, want one problem with %q", problems, want)
	}
}
