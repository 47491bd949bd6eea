package indicator

import (
	"fmt"
	"strconv"
)

// A ParamKind is the kind of value that a parameter takes. The zero value is
// not a kind.
type ParamKind uint8

// The kinds of parameters.
const (
	KindInt    ParamKind = iota + 1 // a whole number
	KindNumber                      // a finite number
	KindText                        // one of a list of words
	KindFlag                        // true or false
)

var paramKindNames = [...]string{KindInt: "int", KindNumber: "number", KindText: "text", KindFlag: "flag"}

// String returns int, number, text or flag, or ParamKind(n) for a value that is
// not a kind.
func (k ParamKind) String() string {
	if k < KindInt || k > KindFlag {
		return fmt.Sprintf("ParamKind(%d)", uint8(k))
	}
	return paramKindNames[k]
}

// MarshalText implements encoding.TextMarshaler; it refuses the zero value.
func (k ParamKind) MarshalText() ([]byte, error) {
	if k < KindInt || k > KindFlag {
		return nil, fmt.Errorf("%v is not a kind of parameter", k)
	}
	return []byte(paramKindNames[k]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *ParamKind) UnmarshalText(text []byte) error {
	for kind := KindInt; kind <= KindFlag; kind++ {
		if paramKindNames[kind] == string(text) {
			*k = kind
			return nil
		}
	}
	return fmt.Errorf("unknown kind of parameter %q: want int, number, text or flag", text)
}

// A Value is what a parameter is set to: made by Int, Number, Text or Flag, and
// comparable with ==. The zero value is no value and fits no parameter.
type Value struct {
	kind   ParamKind
	whole  int // also a flag: 0 or 1
	number float64
	text   string
}

// Int returns the whole number n.
func Int(n int) Value { return Value{kind: KindInt, whole: n} }

// Number returns the number x.
func Number(x float64) Value { return Value{kind: KindNumber, number: x} }

// Text returns the word s.
func Text(s string) Value { return Value{kind: KindText, text: s} }

// Flag returns the truth value b.
func Flag(b bool) Value {
	if b {
		return Value{kind: KindFlag, whole: 1}
	}
	return Value{kind: KindFlag}
}

// Kind returns what kind of value v is; 0 for no value.
func (v Value) Kind() ParamKind { return v.kind }

// Int returns the whole number that v is. It panics if v is of another kind.
func (v Value) Int() int {
	v.must(KindInt)
	return v.whole
}

// Number returns the number that v is. It panics if v is of another kind.
func (v Value) Number() float64 {
	v.must(KindNumber)
	return v.number
}

// Text returns the word that v is. It panics if v is of another kind.
func (v Value) Text() string {
	v.must(KindText)
	return v.text
}

// Flag returns the truth value that v is. It panics if v is of another kind.
func (v Value) Flag() bool {
	v.must(KindFlag)
	return v.whole != 0
}

func (v Value) must(k ParamKind) {
	if v.kind != k {
		panic(fmt.Sprintf("indicator: value %v is of kind %v, not %v", v, v.kind, k))
	}
}

// Any returns v as an int, float64, string or bool, as JSON would show it, or
// nil for no value.
func (v Value) Any() any {
	switch v.kind {
	case KindInt:
		return v.whole
	case KindNumber:
		return v.number
	case KindText:
		return v.text
	case KindFlag:
		return v.whole != 0
	default:
		return nil
	}
}

// String returns v as a strategy file would write it. Equal values have equal
// strings.
func (v Value) String() string {
	switch v.kind {
	case KindInt:
		return strconv.Itoa(v.whole)
	case KindNumber:
		return strconv.FormatFloat(v.number, 'g', -1, 64)
	case KindText:
		return v.text
	case KindFlag:
		return strconv.FormatBool(v.whole != 0)
	default:
		return "none"
	}
}
