package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/body"
	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// The largest bodies that are read, in bytes. An artifact is limited by the
// store that receives it.
const (
	MaxRequestBytes  = 1 << 20  // a request of a person
	MaxReportBytes   = 16 << 20 // a report of a worker: it may carry a result
	MaxResponseBytes = 64 << 20 // an answer to a client
	MaxStrategyBytes = 1 << 20  // the text of a strategy
)

// Decode reads one JSON value of at most limit bytes from r into v and refuses
// everything else: unknown fields, fields given twice, a second value, nesting
// beyond what any body of this contract has.
func Decode(r io.Reader, limit int64, v any) error { return decode(r, limit, v, true) }

// DecodeTolerant is Decode, except that it ignores fields it does not know: the
// other side may be of another version.
func DecodeTolerant(r io.Reader, limit int64, v any) error { return decode(r, limit, v, false) }

func decode(r io.Reader, limit int64, v any, strict bool) error {
	text, err := readAll(r, limit)
	if err != nil {
		return err
	}
	if err := checkShape(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return Errorf(CodeValidation, "body is not what is expected here: %s", explain(err, v))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Errorf(CodeValidation, "body goes on after its JSON value: send one value")
	}
	return nil
}

// Bodies read bodies from outside. The zero value is ready to use, from any
// goroutine.
type Bodies struct{ layouts body.Layouts }

// Unmarshal is json.Unmarshal, except that it refuses fields given twice and
// nesting beyond what any body of this contract has.
func (b *Bodies) Unmarshal(text []byte, v any) error {
	if into, ok := v.(*any); ok && *into == nil {
		if parsed, ok := body.Parse(text); ok {
			*into = parsed
			return nil
		}
	}
	if b.layouts.Fill(text, v) {
		return nil
	}
	if err := checkShape(text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return Errorf(CodeValidation, "%s", explain(err, v))
	}
	return nil
}

// checkShape refuses what body.Check does.
func checkShape(text []byte) error {
	if err := body.Check(text); err != nil {
		return Errorf(CodeValidation, "%w", err)
	}
	return nil
}

// readAll reads at most limit bytes; one more is an error.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, ReadError(err)
	}
	if int64(len(body)) > limit {
		return nil, ReadError(&http.MaxBytesError{Limit: limit})
	}
	return body, nil
}

// ReadError is the error of a body that could not be read to its end.
func ReadError(err error) *Error {
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Errorf(CodeTooLarge, "body is larger than %d bytes", e.Limit)
	}
	return Errorf(CodeBadRequest, "body ended early: %w", err)
}

// explain turns an error of encoding/json into one for a person: the field, and
// for an unknown one the nearest valid name.
func explain(err error, v any) string {
	if errors.Is(err, io.EOF) {
		return "it is empty"
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := wrong.Field
		if where == "" {
			where = "the value"
		}
		return fmt.Sprintf("%s: want %s, have %s", where, jsonName(wrong.Type), wrong.Value)
	}
	// encoding/json has no type for this error; the text has been stable since Go 1.10
	// and a change of it costs the hint only.
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if name, uerr := strconv.Unquote(quoted); uerr == nil {
			return fmt.Sprintf("unknown field %q%s", name, spell.Hint(name, fieldNames(reflect.TypeOf(v))))
		}
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func jsonName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return t.String()
	}
}

// fieldNames returns the JSON names of the fields of t and of the structs in it.
func fieldNames(t reflect.Type) []string {
	var names []string
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.IsExported() && name != "" && name != "-" {
				names = append(names, name)
			}
			walk(f.Type)
		}
	}
	walk(t)
	return names
}

// retryAfter reads the Retry-After header in its form in seconds, the only one
// that this contract sends.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
