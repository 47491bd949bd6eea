package ktrdr_test

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	// machinePath matches a path that exists on one person's machine only.
	machinePath = regexp.MustCompile(`(?:^|[\s"'(=:` + "`" + `])/(?:home|Users|root|mnt|work|workspace)/[\w.-]`)
	// openTask matches a reminder that names no issue.
	openTask = regexp.MustCompile(`\b(?:TODO|FIXME|XXX)\b(?:[^(]|$|\([^#])`)

	mdLink   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	anchor   = regexp.MustCompile(`[#?].*$`)
)

// textual lists the file names and extensions whose words are checked.
var textual = []string{".go", ".md", ".yaml", ".yml", ".sh", ".txt", ".sql", "Makefile", "run"}

// checkWords returns a problem for each line that names somebody's machine or
// holds a reminder without an issue number. The policy's own files, which
// define the patterns, are left out.
func checkWords(root fs.FS, files []string) []string {
	var problems []string
	for _, name := range listed(root, files) {
		if !slices.Contains(textual, path.Ext(name)) && !slices.Contains(textual, path.Base(name)) ||
			strings.HasPrefix(name, "policy_") || strings.Contains(name, "testdata/") {
			continue
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		line := 0
		for l := range strings.Lines(string(text)) {
			line++
			if machinePath.MatchString(l) {
				problems = append(problems, fmt.Sprintf("%s:%d: names a path of one machine: %s", name, line, strings.TrimSpace(l)))
			}
			if openTask.MatchString(l) {
				problems = append(problems, fmt.Sprintf("%s:%d: a reminder needs an issue number, as in TODO(#12): %s", name, line, strings.TrimSpace(l)))
			}
		}
	}
	return problems
}

// checkDocuments returns a problem for each file, folder or make target that a
// Markdown document names and that does not exist.
func checkDocuments(root fs.FS, files []string) []string {
	targets := makeTargets(root)
	var problems []string
	for _, name := range listed(root, files) {
		if path.Ext(name) != ".md" {
			continue
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		for line, l := range strings.Split(string(text), "\n") {
			for _, missing := range missingNames(root, name, l, targets) {
				problems = append(problems, fmt.Sprintf("%s:%d: names %s, which does not exist", name, line+1, missing))
			}
		}
	}
	return problems
}

// checkMap returns a problem for each package of internal that text, the map of the
// tree, does not name: by its path, or by its last element behind a path beside it
// in one row. Packages that only help tests need no place on it.
func checkMap(t tree, text string) []string {
	var problems []string
	named := mapped(text)
	for _, name := range t.names() {
		inside := strings.HasPrefix(t.packages[name].files[0].path, "internal/")
		helper := path.Base(name) == path.Base(path.Dir(name))+"test"
		if inside && !helper && !named[name] {
			problems = append(problems, fmt.Sprintf("docs/ARCHITECTURE.md: does not name %s: give it a row", name))
		}
	}
	return problems
}

// mapped returns the paths of packages that text names.
func mapped(text string) map[string]bool {
	named := map[string]bool{}
	for line := range strings.Lines(text) {
		if block, ok := strings.CutPrefix(line, "internal/"); ok {
			named[strings.Fields(block)[0]] = true
		}
		beside := ""
		for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
			if strings.Contains(m[1], "/") {
				beside = path.Dir(m[1])
			}
			named[m[1]], named[path.Join(beside, m[1])] = true, true
		}
	}
	return named
}

func missingNames(root fs.FS, document, line string, targets []string) []string {
	var missing []string
	for _, m := range mdLink.FindAllStringSubmatch(line, -1) {
		link := anchor.ReplaceAllString(m[1], "")
		if link != "" && !strings.Contains(link, "://") && !exists(root, path.Join(path.Dir(document), link)) {
			missing = append(missing, m[1])
		}
	}
	for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
		if target, ok := strings.CutPrefix(m[1], "make "); ok {
			if word := strings.Fields(target)[0]; !slices.Contains(targets, word) {
				missing = append(missing, "`make "+word+"`")
			}
		} else if isRepositoryPath(root, m[1]) && !exists(root, strings.TrimSuffix(m[1], "/")) {
			missing = append(missing, "`"+m[1]+"`")
		}
	}
	return missing
}

// isRepositoryPath reports whether a code span means a file of this repository:
// a path whose first element is a folder at the root or of the layers, or one of
// the folders that the layout foresees.
func isRepositoryPath(root fs.FS, span string) bool {
	if strings.ContainsAny(span, " <>*{}$|:,()=\"'…") || !strings.Contains(span, "/") {
		return false
	}
	first, _, _ := strings.Cut(span, "/")
	if slices.Contains([]string{"bin", "dist", "ktrdr-data"}, first) { // what is built or kept by a run may be there or not
		return false
	}
	if slices.Contains([]string{"internal", "cmd", "docs", "strategies", "tools", "bench", "deploy", "web", "testdata", "changelog", ".ci"}, first) {
		return true
	}
	for _, folder := range []string{first, "internal/" + first} {
		if info, err := fs.Stat(root, folder); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}

// exists reports whether name, or for a package path as the lattice writes it
// internal/name, is there.
func exists(root fs.FS, name string) bool {
	for _, candidate := range []string{name, "internal/" + name} {
		if _, err := fs.Stat(root, path.Clean(candidate)); err == nil {
			return true
		}
	}
	return false
}

func makeTargets(root fs.FS) []string {
	text, _ := fs.ReadFile(root, "Makefile")
	var targets []string
	for l := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(l, ":"); ok && !strings.ContainsAny(name, " \t=#.$") {
			targets = append(targets, name)
		}
	}
	return targets
}

// listed returns files, or where there is no list every file under root.
func listed(root fs.FS, files []string) []string {
	if files != nil {
		return files
	}
	var all []string
	_ = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, name)
		}
		return nil
	})
	return all
}
