package settings

// A Setting is one row of the table of settings, for the generated reference.
type Setting struct {
	Key, Flag, Doc string
	Env            []string
	Roles          string
	Default        string
	RoleDefaults   map[string]string // by role, where another default holds
}

// Settings lists the table of settings.
func Settings() []Setting {
	var all []Setting
	for _, s := range schema() {
		x := Setting{Key: s.key, Flag: s.flag, Doc: s.doc, Env: s.env, Roles: s.roles.String(), Default: s.fallback, RoleDefaults: map[string]string{}}
		for r, d := range s.defaults {
			x.RoleDefaults[r.String()] = d
		}
		all = append(all, x)
	}
	return all
}

// Removed lists the variables of older versions.
func Removed() map[string]string { return removed() }

// ParseFile reads a file of settings and returns its values by key.
func ParseFile(path string, text []byte) (map[string]string, error) {
	values, err := parseFile(path, text)
	flat := map[string]string{}
	for k, v := range values {
		flat[k] = v.text
	}
	return flat, err
}

// For tests of the address of a database, which may hold a password.
var (
	MaskDatabase  = maskDatabase
	CheckDatabase = checkDatabase
)
