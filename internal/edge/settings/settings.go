package settings

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ktrdr/ktrdr/internal/core/spell"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// Values are what applies to one process, each with its origin. Make them with
// Read.
type Values struct {
	role   Role
	values map[string]value
}

// A value is the effective value of a setting and where it came from.
type value struct{ text, origin string }

const originDefault = "default"

// Get returns the value of the setting with this key as it was written, checked.
func (v Values) Get(key string) string { return v.values[key].text }

// IsSet says whether somebody chose the value.
func (v Values) IsSet(key string) bool { return v.values[key].origin != originDefault }

// Int returns a value that is a whole number.
func (v Values) Int(key string) (int, error) { return strconv.Atoi(v.Get(key)) }

// Seconds returns a value that is a number of seconds.
func (v Values) Seconds(key string) (time.Duration, error) { return parseSeconds(v.Get(key)) }

// Bytes returns a value that is a number of MiB as bytes.
func (v Values) Bytes(key string) (int64, error) { return mebibytes(v.Get(key)) }

// Claims returns a value that is a list of name=value: true, false, a whole number
// or text by name.
func (v Values) Claims(key string) (map[string]any, error) { return parseClaims(v.Get(key)) }

// WithDefault returns v with another default of one setting: text, unless somebody
// chose the value.
func (v Values) WithDefault(key, text string) Values {
	if !v.IsSet(key) {
		v.values = maps.Clone(v.values)
		v.values[key] = value{text, originDefault}
	}
	return v
}

// A Shown setting is one with its value as people and programs are shown it.
type Shown struct {
	Key    string   `json:"key"`
	Value  string   `json:"value"`
	Origin string   `json:"origin"`
	Flag   string   `json:"flag"`
	Env    []string `json:"env"`
	Roles  []string `json:"roles"`
	Doc    string   `json:"doc"`
}

// Show returns the settings that the role reads, secrets masked.
func (v Values) Show() []Shown {
	var all []Shown
	for _, s := range schema() {
		if s.roles&v.role != 0 {
			x := v.values[s.key]
			if s.shown != nil {
				x.text = s.shown(x.text)
			}
			all = append(all, Shown{s.key, x.text, x.origin, "--" + s.flag, s.env, strings.Split(s.roles.String(), ", "), s.doc})
		}
	}
	return all
}

// Bind adds the flags of the settings that a role reads.
func Bind(cmd *cobra.Command, r Role) {
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

// Read returns what applies to the command in a role: flag before environment
// before file before default. Whatever is unknown, invalid or contradictory in any
// of them is an error, reported together.
func Read(cmd *cobra.Command, r Role) (Values, error) {
	result := Values{role: r, values: map[string]value{}}
	path, fromFile, err := readFile(cmd.Flags())
	if err != nil {
		return result, err
	}
	problems := checkEnvironment(os.Environ())
	for _, s := range schema() {
		v, err := s.resolve(cmd.Flags(), fromFile, path, r)
		if err == nil && s.check != nil && v.origin != originDefault {
			err = s.check(v.text)
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s (%s): %v", s.key, v.origin, err))
		}
		result.values[s.key] = v
	}
	if len(problems) > 0 {
		return result, exit.Usagef("%s", strings.Join(problems, "\n"))
	}
	return result, nil
}

// resolve finds the value of one setting.
func (s setting) resolve(flags *pflag.FlagSet, fromFile map[string]fileValue, path string, r Role) (value, error) {
	if f := flags.Lookup(s.flag); f != nil && f.Changed {
		return value{f.Value.String(), "flag --" + s.flag}, nil
	}
	found := value{}
	for _, name := range s.env {
		text, ok := os.LookupEnv(name)
		if !ok || text == "" {
			continue
		}
		if found.origin != "" && found.text != text {
			return found, fmt.Errorf("%s says %q: unset one of the two", name, text)
		}
		if found.origin == "" {
			found = value{text, "environment " + name}
		}
	}
	if found.origin != "" {
		return found, nil
	}
	if v, ok := fromFile[s.key]; ok {
		return value{v.text, fmt.Sprintf("file %s:%d", path, v.line)}, nil
	}
	return value{s.defaultFor(r), originDefault}, nil
}

// checkEnvironment returns a problem for each variable that was removed, and for
// each KTRDR_ variable that means nothing.
func checkEnvironment(environment []string) []string {
	known := variables()
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

// variables lists the variables that mean something.
func variables() []string {
	all := []string{fileVariable}
	for _, s := range schema() {
		all = append(all, s.env...)
	}
	return all
}

// Strip returns an environment without settings, for a child that gets its own as
// flags: a WORKER_ID meant for one worker must not name them all.
func Strip(environment []string) []string {
	known := variables()
	return slices.DeleteFunc(slices.Clone(environment), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(known, name)
	})
}
