package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// settings are the values of one process, each with its origin. Make them with
// console.settings.
type settings struct {
	role   role
	values map[string]settingValue
}

// A settingValue is the effective value of a setting and where it came from.
type settingValue struct{ value, origin string }

func (s settings) get(key string) string { return s.values[key].value }

// isSet says whether somebody chose the value.
func (s settings) isSet(key string) bool { return s.values[key].origin != originDefault }

const originDefault = "default"

// bindSettings adds the flags of the settings that a role reads.
func bindSettings(cmd *cobra.Command, r role) {
	for _, s := range schema() {
		if s.roles&r == 0 || cmd.Flags().Lookup(s.flag) != nil {
			continue
		}
		usage := s.doc + " (env " + s.env[0] + ")"
		if d := s.defaultFor(r); d != "" {
			usage = fmt.Sprintf("%s (env %s, default %q)", s.doc, s.env[0], d)
		}
		cmd.PersistentFlags().String(s.flag, "", usage)
	}
}

// settings returns what applies to the command in a role: flag before
// environment before file before default. Whatever is unknown, invalid or
// contradictory in any of them is an error, reported together.
func (c *console) settings(cmd *cobra.Command, r role) (settings, error) {
	result := settings{role: r, values: map[string]settingValue{}}
	path, fromFile, err := c.readConfigFile()
	if err != nil {
		return result, err
	}
	problems := checkEnvironment(os.Environ())
	for _, s := range schema() {
		v, err := s.resolve(cmd.Flags(), fromFile, path, r)
		if err == nil && s.check != nil && v.origin != originDefault {
			err = s.check(v.value)
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s (%s): %v", s.key, v.origin, err))
		}
		result.values[s.key] = v
	}
	if len(problems) > 0 {
		return result, usagef("%s", strings.Join(problems, "\n"))
	}
	return result, nil
}

// resolve finds the value of one setting.
func (s setting) resolve(flags *pflag.FlagSet, fromFile map[string]fileValue, path string, r role) (settingValue, error) {
	if f := flags.Lookup(s.flag); f != nil && f.Changed {
		return settingValue{f.Value.String(), "flag --" + s.flag}, nil
	}
	found := settingValue{}
	for _, name := range s.env {
		value, ok := os.LookupEnv(name)
		if !ok || value == "" {
			continue
		}
		if found.origin != "" && found.value != value {
			return found, fmt.Errorf("%s says %q: unset one of the two", name, value)
		}
		if found.origin == "" {
			found = settingValue{value, "environment " + name}
		}
	}
	if found.origin != "" {
		return found, nil
	}
	if v, ok := fromFile[s.key]; ok {
		return settingValue{v.text, fmt.Sprintf("file %s:%d", path, v.line)}, nil
	}
	return settingValue{s.defaultFor(r), originDefault}, nil
}

// checkEnvironment returns a problem for each variable that was removed, and for
// each KTRDR_ variable that means nothing.
func checkEnvironment(environment []string) []string {
	known := []string{configFileEnv}
	for _, s := range schema() {
		known = append(known, s.env...)
	}
	gone := removed()
	var problems []string
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case gone[name] != "":
			problems = append(problems, fmt.Sprintf("the variable %s was removed: %s", name, gone[name]))
		case strings.HasPrefix(name, "KTRDR_") && !slices.Contains(known, name):
			problems = append(problems, fmt.Sprintf("unknown variable %s%s; known are in: ktrdr config print", name, spell.Hint(name, known)))
		}
	}
	slices.Sort(problems)
	return problems
}

// A fileValue is a value of the configuration file and the line it stands on.
type fileValue struct {
	text string
	line int
}

// readConfigFile returns the values of the configuration file, if there is one.
func (c *console) readConfigFile() (path string, values map[string]fileValue, err error) {
	path = c.configFile
	if path == "" {
		path = os.Getenv(configFileEnv)
	}
	if path == "" {
		return "", nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil, notFoundf("%s: no such file", path)
	}
	if err != nil {
		return path, nil, err
	}
	values, err = parseConfig(path, text)
	return path, values, err
}

// parseConfig reads a configuration file strictly. Every problem is reported,
// each with its place.
func parseConfig(path string, text []byte) (map[string]fileValue, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, usagef("%s: %v", path, err)
	}
	p := configParser{path: path, values: map[string]fileValue{}}
	for _, s := range schema() {
		p.keys = append(p.keys, s.key)
	}
	if len(document.Content) > 0 {
		p.mapping("", document.Content[0])
	}
	if len(p.problems) > 0 {
		return nil, usagef("%s", strings.Join(p.problems, "\n"))
	}
	return p.values, nil
}

// A configParser flattens nested mappings into dotted keys.
type configParser struct {
	path     string
	keys     []string
	values   map[string]fileValue
	problems []string
}

func (p *configParser) problem(n *yaml.Node, format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf("%s:%d:%d: %s", p.path, n.Line, n.Column, fmt.Sprintf(format, args...)))
}

func (p *configParser) mapping(prefix string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		p.problem(n, "want a mapping of settings")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		p.entry(prefix+n.Content[i].Value, n.Content[i], n.Content[i+1])
	}
}

func (p *configParser) entry(key string, name, value *yaml.Node) {
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

// normalise maps other spellings of a flag to the flag.
func normalise(same map[string]string) func(*pflag.FlagSet, string) pflag.NormalizedName {
	known := maps.Clone(same)
	return func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if canonical, ok := known[name]; ok {
			name = canonical
		}
		return pflag.NormalizedName(name)
	}
}
