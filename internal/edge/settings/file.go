package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/spell"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// A fileValue is a value of the file of settings and the line it stands on.
type fileValue struct {
	text string
	line int
}

const (
	fileVariable = "KTRDR_CONFIG"
	fileFlag     = "config"
)

// BindFile adds the flag that names the file of settings.
func BindFile(flags *pflag.FlagSet) {
	flags.String(fileFlag, "", "file of settings in YAML (env "+fileVariable+")")
}

// readFile returns the values of the file of settings, if there is one.
func readFile(flags *pflag.FlagSet) (path string, values map[string]fileValue, err error) {
	if f := flags.Lookup(fileFlag); f != nil {
		path = f.Value.String()
	}
	if path == "" {
		path = os.Getenv(fileVariable)
	}
	if path == "" {
		return "", nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil, exit.NotFoundf("%s: no such file", path)
	}
	if err != nil {
		return path, nil, err
	}
	values, err = parseFile(path, text)
	return path, values, err
}

// parseFile reads a file of settings strictly. Every problem is reported,
// each with its place.
func parseFile(path string, text []byte) (map[string]fileValue, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, exit.Usagef("%s: %v", path, err)
	}
	p := fileParser{path: path, values: map[string]fileValue{}}
	for _, s := range schema() {
		p.keys = append(p.keys, s.key)
	}
	if len(document.Content) > 0 {
		p.mapping("", document.Content[0])
	}
	if len(p.problems) > 0 {
		return nil, exit.Usagef("%s", strings.Join(p.problems, "\n"))
	}
	return p.values, nil
}

// A fileParser flattens nested mappings into dotted keys.
type fileParser struct {
	path     string
	keys     []string
	values   map[string]fileValue
	problems []string
}

func (p *fileParser) problem(n *yaml.Node, format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf("%s:%d:%d: %s", p.path, n.Line, n.Column, fmt.Sprintf(format, args...)))
}

func (p *fileParser) mapping(prefix string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		p.problem(n, "want a mapping of settings")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		p.entry(prefix+n.Content[i].Value, n.Content[i], n.Content[i+1])
	}
}

func (p *fileParser) entry(key string, name, value *yaml.Node) {
	isGroup := slices.ContainsFunc(p.keys, func(k string) bool { return strings.HasPrefix(k, key+".") })
	switch {
	case isGroup:
		p.mapping(key+".", value)
	case !slices.Contains(p.keys, key):
		p.problem(name, "unknown key %q%s", key, spell.Hint(key, p.keys))
	case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
		p.problem(value, "%s: want one value", key)
	default:
		if _, twice := p.values[key]; twice {
			p.problem(name, "%s is given twice", key)
		}
		p.values[key] = fileValue{value.Value, value.Line}
	}
}
