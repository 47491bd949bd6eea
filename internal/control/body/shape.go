package body

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth = 64 // of nested objects and arrays
	// maxReuse bounds the keys of an object whose map serves another one.
	maxReuse = 64
)

// An enclosure is an object or array that a scan is in.
type enclosure struct {
	object bool
	atKey  bool            // a string that comes next is a key
	keys   map[string]bool // seen so far
}

// Check refuses text that is not UTF-8, deeply nested JSON, and objects with a
// key twice, before anything is built from it: a decoder puts something else in the
// place of bad bytes, and of two values takes one, and says nothing. The fields of a
// body are the same in any case to it; keys of objects further in may be names that
// people have chosen. What is no JSON at all is left to the decoder.
func Check(body []byte) error {
	if !utf8.Valid(body) {
		return fmt.Errorf("body is not UTF-8")
	}
	in := make([]enclosure, 0, maxDepth)
	for i := 0; i < len(body); i++ {
		switch c := body[i]; c {
		case '{', '[':
			if len(in) == maxDepth {
				return fmt.Errorf("body nests deeper than %d levels", maxDepth)
			}
			in = in[:len(in)+1]
			top := &in[len(in)-1]
			top.object, top.atKey = c == '{', c == '{'
			if len(top.keys) > maxReuse {
				top.keys = nil
			}
			clear(top.keys)
		case '}', ']':
			in = in[:max(0, len(in)-1)]
		case ',':
			if len(in) > 0 {
				in[len(in)-1].atKey = in[len(in)-1].object
			}
		case '"':
			end := stringEnd(body, i)
			if len(in) > 0 && in[len(in)-1].atKey {
				if err := in[len(in)-1].key(body[i:end], len(in) == 1); err != nil {
					return err
				}
			}
			i = end - 1
		}
	}
	return nil
}

// stringEnd returns where the string that begins at i ends, behind its quote.
func stringEnd(body []byte, i int) int {
	for from := i + 1; ; {
		quote := bytes.IndexByte(body[from:], '"')
		if quote < 0 {
			return len(body)
		}
		end := from + quote
		before := end - 1 // the last that is no backslash; the quote at i is none
		for body[before] == '\\' {
			before--
		}
		if from = end + 1; (end-before)%2 == 1 { // an even number of backslashes escape each other
			return from
		}
	}
}

// key takes the next key, with its quotes. fold says that it is the same in any case.
func (e *enclosure) key(quoted []byte, fold bool) error {
	e.atKey = false
	key := strings.Trim(string(quoted), `"`)
	if strings.Contains(key, `\`) && json.Unmarshal(quoted, &key) != nil {
		return nil // the decoder says what is wrong with it
	}
	if fold {
		key = strings.ToLower(strings.ToUpper(key)) // as encoding/json folds: ſ is s, and K is k
	}
	if e.keys[key] {
		return fmt.Errorf("field %.100q is given twice", key)
	}
	if e.keys == nil {
		e.keys = map[string]bool{}
	}
	e.keys[key] = true
	return nil
}
