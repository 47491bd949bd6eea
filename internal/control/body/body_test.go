package body_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/body"
)

// A request is one of the common kind.
type request struct {
	Text  string   `json:"text"`
	List  []string `json:"list"`
	Count *uint64  `json:"count"`
	inner
}

type inner struct {
	Flag bool `json:"flag"`
}

// TestCommonBodiesAreReadAtOnce: the quick ways are for these, and for nothing that
// is wrong.
func TestCommonBodiesAreReadAtOnce(t *testing.T) {
	const common = ` {"text":"a\n\"b\" \u00fc ü","list":["x"] , "count":18446744073709551615,"flag":true}`
	var want any
	if err := json.Unmarshal([]byte(common), &want); err != nil {
		t.Fatal(err)
	}
	if v, ok := body.Parse([]byte(common)); !ok || !reflect.DeepEqual(v, want) {
		t.Errorf("Parse = %v, %t, want %v", v, ok, want)
	}
	var layouts body.Layouts
	var filled, slow request
	if err := json.Unmarshal([]byte(common), &slow); err != nil {
		t.Fatal(err)
	}
	if !layouts.Fill([]byte(common), &filled) || !reflect.DeepEqual(filled, slow) {
		t.Errorf("Fill gave %+v, want %+v", filled, slow)
	}
	for _, wrong := range []string{`{"text":"a","text":"b"}`, `{"Text":"a","text":"b"}`, `{"text":"a"} {}`, `{"text":"a",}`, `{"text":`, strings.Repeat("[", 70) + strings.Repeat("]", 70)} {
		if v, ok := body.Parse([]byte(wrong)); ok {
			t.Errorf("Parse(%s) = %v, want it left to Check", wrong, v)
		}
		if layouts.Fill([]byte(wrong), new(request)) {
			t.Errorf("Fill(%s) is ok, want it left to Check", wrong)
		}
	}
}
