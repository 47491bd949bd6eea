package document

import "regexp"

// An id names an indicator, a fuzzy set or one of its sets. It becomes part of
// feature names; a dot would be read as the output of an indicator.
var idPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// IsID reports a key that cannot be an id.
func (e Entry) IsID() bool {
	if idPattern.MatchString(e.Name) {
		return true
	}
	e.Key.Problem("%q is not an id: want 1 to 64 letters, digits, _ and -, beginning with a letter", Clip(e.Name))
	return false
}

// A Definition is what the file says under one id, right or wrong, so that a
// reference to a wrong one is not reported as a second problem.
type Definition struct {
	Entry
	OK    bool // it is right
	Index int  // among what the program made of the right ones
	used  bool
}

// Definitions are those of one kind.
type Definitions []*Definition

// Get returns the definition of an id, or nil.
func (list Definitions) Get(id string) *Definition {
	for _, def := range list {
		if def.Name == id {
			return def
		}
	}
	return nil
}

// Of returns what n refers to by id and notes that it is used. It reports an
// id that is not there, unless nothing is, which is reported already.
func (list Definitions) Of(n Node, id string) *Definition {
	def := list.Get(id)
	switch {
	case def != nil:
		def.used = true
	case len(list) > 0:
		n.Problem("%q is not defined%s", Clip(id), n.hintOrList(id, list.ids()))
	}
	return def
}

// maxListed bounds how many names a message lists.
const maxListed = 20

// hintOrList is Hint, or where nothing is near a list of all there are.
func (n Node) hintOrList(name string, names []string) string {
	hint := n.Hint(name, names)
	if hint == "" && len(names) <= maxListed {
		hint = ": want " + Alternatives(names)
	}
	return hint
}

func (list Definitions) ids() []string {
	ids := make([]string, len(list))
	for i, def := range list {
		ids[i] = def.Name
	}
	return ids
}

// WarnUnused tells of definitions that nothing refers to.
func (list Definitions) WarnUnused(by string) {
	for _, def := range list {
		if !def.used {
			def.Key.Warn("it is defined but not used by any %s", by)
		}
	}
}

// Define reads the mapping under key of parent, whose keys are ids.
func Define(parent Mapping, key, want string) Definitions {
	n, ok := parent.Need(key, want)
	if !ok {
		return nil
	}
	m, ok := n.Entries()
	if !ok {
		return nil
	}
	if len(m.order) == 0 {
		n.Problem("it is empty: want %s", want)
	}
	var list Definitions
	for _, e := range m.order {
		def := &Definition{Entry: e}
		def.OK = e.IsID()
		list = append(list, def)
	}
	return list
}
