package document_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/document"
)

var horse = document.Keys{Names: []string{"name", "legs"}, Hints: map[string]string{"hooves": "the key is called legs"}}

// A small grammar: all that is wrong is said at once, where it stands.
func ExampleOpen() {
	f, top, ok := document.Open("horse.yaml", document.Kind{Name: "horse", Keys: "name and legs"}, []byte("name: 7\nlegs: five\nhooves: 4\n"))
	if ok {
		if m, ok := top.Mapping(horse); ok {
			m.Name("name", "what it is called")
			m.Whole("legs", 4, 1, 4)
		}
	}
	fmt.Println(f.Problems())
	// Output:
	// horse.yaml:1:7: name: want a text, have 7: write "7" in quotes
	// horse.yaml:2:7: legs: want a whole number, have five
	// horse.yaml:3:1: hooves: not a key here: the key is called legs
}

func ExampleMerge() {
	kind := document.Kind{Name: "file", Keys: "a and b"}
	tree := func(text string) (_ *document.File, n document.Node) {
		f, n, _ := document.Open("x.yaml", kind, []byte(text))
		return f, n
	}
	_, old := tree("a: {b: 1, c: 2}\nd: 3\n")
	_, change := tree("a: {b: null, e: 5}\nd: 4\n")
	_, merged, _ := document.Of("x.yaml", "", document.Merge(old.YAML(), change.YAML()))
	m, _ := merged.Entries()
	a, _ := m.Get("a")
	inner, _ := a.Entries()
	for key, n := range inner.All() {
		fmt.Println(key, n.Raw())
	}
	fmt.Println("d", m.Whole("d", 0, 0, 9))
	// Output:
	// c 2
	// e 5
	// d 4
}
