package indicator_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
)

func TestValues(t *testing.T) {
	for _, c := range []struct {
		value indicator.Value
		text  string
		json  string
	}{
		{indicator.Int(-3), "-3", "-3"},
		{indicator.Number(0.5), "0.5", "0.5"},
		{indicator.Text("low"), "low", `"low"`},
		{indicator.Flag(true), "true", "true"},
		{indicator.Flag(false), "false", "false"},
		{indicator.Value{}, "none", "null"},
	} {
		if got := c.value.String(); got != c.text {
			t.Errorf("String() = %q, want %q", got, c.text)
		}
		if got, err := json.Marshal(c.value.Any()); err != nil || string(got) != c.json {
			t.Errorf("Any() of %v as JSON = %s, %v, want %s", c.value, got, err, c.json)
		}
	}
	if indicator.Int(1) == indicator.Number(1) || indicator.Flag(true) == indicator.Int(1) {
		t.Error("values of different kinds are equal")
	}
}

func TestKindsAndUnitsAsText(t *testing.T) {
	kinds := []indicator.ParamKind{indicator.KindInt, indicator.KindNumber, indicator.KindText, indicator.KindFlag}
	units := []indicator.Unit{indicator.Price, indicator.Plain, indicator.Volume, indicator.Nonlinear, indicator.Clock}
	text, err := json.Marshal([]any{kinds, units})
	if want := `[["int","number","text","flag"],["price","plain","volume","nonlinear","clock"]]`; err != nil || string(text) != want {
		t.Fatalf("as JSON = %s, %v, want %s", text, err, want)
	}
	var gotKinds []indicator.ParamKind
	var gotUnits []indicator.Unit
	if err := json.Unmarshal(text, &[]any{&gotKinds, &gotUnits}); err != nil || !slices.Equal(gotKinds, kinds) || !slices.Equal(gotUnits, units) {
		t.Errorf("from JSON = %v, %v, %v", gotKinds, gotUnits, err)
	}
	if _, err := json.Marshal([]any{indicator.ParamKind(0)}); err == nil {
		t.Error("the zero kind was marshalled")
	}
	if _, err := json.Marshal([]any{indicator.Unit(0)}); err == nil {
		t.Error("the zero unit was marshalled")
	}
	if err := json.Unmarshal([]byte(`["metres"]`), &gotUnits); err == nil {
		t.Error("an unknown unit was accepted")
	}
}
