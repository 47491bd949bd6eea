package operation

// A Filter selects operations for a list, newest first. The zero value selects
// the newest DefaultLimit of all.
type Filter struct {
	Status Status // "" is every status
	Type   Type   // "" is every type
	// Active selects what is not terminal.
	Active bool
	// Parent selects the children of one operation, oldest first; "" is no matter.
	Parent string
	// Roots selects what is no part of another operation.
	Roots  bool
	Limit  int // 0 means DefaultLimit
	Offset int
}

// DefaultLimit is how many operations a list holds when its filter says nothing.
const DefaultLimit = 10

// A Page is one page of a list.
type Page struct {
	Operations []Operation // without Spec, Result and Artifacts
	Total      int         // how many the filter selects over all pages
	Active     int         // how many are not terminal, whatever the filter
}
