package ledger_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/ledger"
)

// TestStateBytesHoldEveryField fills every field of a State by reflection, so
// that a field that is added and not saved fails here.
func TestStateBytesHoldEveryField(t *testing.T) {
	var s ledger.State
	next := 1
	fill(reflect.ValueOf(&s).Elem(), &next)
	got, err := ledger.ParseState(s.AppendBinary([]byte("before")[6:], ledger.Work{1}), ledger.Work{1})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got); diff != "" {
		t.Errorf("after a trip through bytes (-want +got):\n%s", diff)
	}
}

func TestPortfolioStateBytesHoldEveryField(t *testing.T) {
	var s ledger.PortfolioState
	next := 1
	fill(reflect.ValueOf(&s).Elem(), &next)
	works := []ledger.Work{{1}, {2}, {3}} // fill makes slices of three
	b := s.AppendBinary(nil, works)
	got, err := ledger.ParsePortfolioState(b, works)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got); diff != "" {
		t.Errorf("after a trip through bytes (-want +got):\n%s", diff)
	}
	for n := range b {
		if _, err := ledger.ParsePortfolioState(b[:n], works); err == nil {
			t.Fatalf("the first %d of %d bytes are accepted", n, len(b))
		}
	}
	works[1] = ledger.Work{9}
	if _, err := ledger.ParsePortfolioState(b, works); !errors.Is(err, ledger.ErrOtherWork) {
		t.Errorf("a symbol of other work gives %v", err)
	}
}

// fill sets every field to another value; enumerations and flags to 1.
func fill(v reflect.Value, next *int) {
	*next++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), next)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			fill(v.Index(i), next)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int8:
		v.SetInt(1)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*next))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(*next) + 0.5)
	default:
		panic("fill: " + v.Kind().String())
	}
}
