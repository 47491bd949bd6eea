package body

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// Layouts are what is known of the structs that bodies were read into. The zero
// value is ready to use, from any goroutine.
type Layouts struct {
	known sync.Map // reflect.Type to layout
}

// Fill reads a body into v as json.Unmarshal would, in one pass that also sees what
// Check would refuse, if v points to a struct. It is ok, as Parse is, only with what
// is right and common. Otherwise v may hold some of the body already: the caller
// reads it again from its beginning.
func (all *Layouts) Fill(body []byte, v any) (ok bool) {
	into := reflect.ValueOf(v)
	if into.Kind() != reflect.Pointer || into.IsNil() || into.Elem().Kind() != reflect.Struct {
		return false
	}
	p := parser{body: body}
	return p.fill(into.Elem(), all.of(into.Elem().Type()))
}

// A layout is the fields of a struct by their names in JSON. That of a struct whose
// fields are not plain to see is nil.
type layout map[string]field

// A field is a place in a struct.
type field struct {
	index []int
	seen  uint64 // its bit
	text  bool   // a string that nobody but encoding/json reads
}

// maxFields is how many fields have a bit.
const maxFields = 64

func (all *Layouts) of(t reflect.Type) layout {
	if known, ok := all.known.Load(t); ok {
		return known.(layout)
	}
	l := newLayout(t)
	all.known.Store(t, l)
	return l
}

func newLayout(t reflect.Type) layout {
	l := layout{}
	if reads(t) {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		_, twice := l[name]
		switch {
		case f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct && !reads(f.Type):
			continue // its fields follow
		case !f.IsExported() && !f.Anonymous, tag == "-":
			continue
		case f.Anonymous, name == "", twice, len(l) == maxFields, strings.Contains(options, "string"):
			return nil
		}
		l[name] = field{index: f.Index, seen: 1 << len(l), text: f.Type.Kind() == reflect.String && !reads(f.Type)}
	}
	return l
}

// reads tells that values of a type read themselves.
func reads(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// fill reads a whole body into a struct. It is false for whatever the slow way must
// judge.
func (p *parser) fill(into reflect.Value, fields layout) bool {
	p.space()
	if fields == nil || p.peek() != '{' || !p.open() {
		return false
	}
	seen := uint64(0)
	for more := !p.take('}'); more; more = !p.take('}') {
		if seen != 0 && !p.take(',') {
			return false
		}
		p.space()
		key, ok := p.text()
		f, known := fields[key]
		if !ok || !known || seen&f.seen != 0 || !p.take(':') {
			return false
		}
		seen |= f.seen
		if !p.fillField(into.FieldByIndex(f.index), f.text) {
			return false
		}
	}
	p.space()
	return p.at == len(p.body)
}

// fillField reads the next value into a field.
func (p *parser) fillField(into reflect.Value, text bool) bool {
	p.space()
	from := p.at
	if text {
		s, ok := p.text()
		if ok {
			into.SetString(s)
		}
		return ok
	}
	_, ok := p.value()
	return ok && json.Unmarshal(p.body[from:p.at], into.Addr().Interface()) == nil
}
