package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

func TestDecodeRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"unknown_field": {`{"strategy_nam":"x"}`, `unknown field "strategy_nam" (did you mean strategy_name?)`},
		"wrong_type":    {`{"strategy_name":5}`, `strategy_name: want a string, have number`},
		"wrong_list":    {`{"symbols":"EURUSD"}`, `symbols: want an array, have string`},
		"second_value":  {`{} {}`, `body goes on after its JSON value`},
		"nothing":       {``, `it is empty`},
		"too_large":     {`{"strategy_name":"` + strings.Repeat("x", 200) + `"}`, `body is larger than 100 bytes`},
		"too_deep":      {strings.Repeat("[", 70), `body nests deeper than 64 levels`},
		"twice":         {`{"symbols":["a"],"symbols":["b"]}`, `field "symbols" is given twice`},
		"twice_escaped": {`{"symbols":["a"],"s\u0079mbols":["b"]}`, `field "symbols" is given twice`},
		"twice_folded":  {`{"symbols":["a"],"ſYMBOLS":["b"]}`, `given twice`},
		"no_utf8":       {"{\"strategy_name\":\"\xff\"}", `body is not UTF-8`},
		"twice_inside":  {`{"seed":1,"symbols":[{},{"a":{"b":1,"c":2,"b":3}}]}`, `field "b" is given twice`},
		"cut":           {`{"strategy_name":"x`, `unexpected EOF`},
	} {
		t.Run(name, func(t *testing.T) {
			var v wire.StartTraining
			err := wire.Decode(strings.NewReader(tc.body), 100, &v)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("Decode(%.40q) error is %v, want one with %q", tc.body, err, tc.want)
			}
			if wire.KindOf(err) != wire.Invalid {
				t.Errorf("kind is %s, want invalid", wire.KindOf(err))
			}
		})
	}
}

func TestDecodeTolerantIgnoresUnknownFields(t *testing.T) {
	var v wire.StartTraining
	if err := wire.DecodeTolerant(strings.NewReader(`{"strategy_name":"x","from_the_future":[{}]}`), 100, &v); err != nil {
		t.Fatal(err)
	}
	if v.StrategyName != "x" {
		t.Errorf("strategy_name is %q, want x", v.StrategyName)
	}
}

func TestBracketsInTextAreNoDepth(t *testing.T) {
	var v wire.StartTraining
	body := `{"strategy_yaml":"` + strings.Repeat(`[\"`, 200) + `"}`
	if err := wire.Decode(strings.NewReader(body), 10_000, &v); err != nil {
		t.Fatal(err)
	}
}

// TestKeysThatAreNoRepetition: the same word in other places is none.
func TestKeysThatAreNoRepetition(t *testing.T) {
	for _, body := range []string{
		`{"a":"a","b":["a","a"],"c":{"a":1},"d":{"a":{"a":1}}}`,
		`{"names":{"a":1,"A":2}}`, `[{"a":1,"A":2}]`,
		`[{"a":1},{"a":2}]`, `{"a\"":1,"a":2}`, `{"a":"\",\"a\":\""}`, `"a"`, `{"":1," ":2}`,
	} {
		var v any
		if err := new(wire.Bodies).Unmarshal([]byte(body), &v); err != nil {
			t.Errorf("Unmarshal(%s): %v", body, err)
		}
	}
}

// TestShapeIsAsTheDecoderSees holds the scan to the decoder's own tokens.
func TestShapeIsAsTheDecoderSees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := value(3).Draw(t, "body")
		var v any
		if err := new(wire.Bodies).Unmarshal([]byte(body), &v); (err != nil) != repeats(json.NewDecoder(strings.NewReader(body))) {
			t.Fatalf("Unmarshal(%s): %v", body, err)
		}
	})
}

// value generates JSON in which keys are few.
func value(depth int) *rapid.Generator[string] {
	leaf := rapid.SampledFrom([]string{`1`, `"a"`, `"{\"a\":1}"`, `true`, `null`, `"\\"`, `" , "`})
	if depth == 0 {
		return leaf
	}
	key := rapid.SampledFrom([]string{`"a"`, `"b"`, `"c"`, `"\u0061"`, `"\\"`, `"\""`})
	field := rapid.Custom(func(t *rapid.T) string { return key.Draw(t, "key") + ` : ` + value(depth-1).Draw(t, "value") })
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(all []string) string { return "[" + strings.Join(all, ",") + "]" }),
		rapid.Map(rapid.SliceOfN(field, 0, 3), func(all []string) string { return "{" + strings.Join(all, " ,") + "}" }))
}

// repeats reads one value and says whether an object in it has a key twice.
func repeats(d *json.Decoder) bool {
	token, _ := d.Token() // the value is JSON
	open, isDelim := token.(json.Delim)
	if !isDelim {
		return false
	}
	seen, twice := map[string]bool{}, false
	for d.More() {
		if open == '{' {
			key, _ := d.Token()
			twice = twice || seen[key.(string)]
			seen[key.(string)] = true
		}
		twice = repeats(d) || twice
	}
	_, _ = d.Token() // the closing delimiter
	return twice
}

// TestDispatchRoundTrip: what a backend encodes, a worker takes apart into the
// same head and an order with the same meaning.
func TestDispatchRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.MapOf(rapid.StringMatching(`[a-z_]{1,12}`), rapid.SampledFrom([]any{"x", 1.5, true, nil, "ü\n\""})).Draw(t, "order")
		delete(order, "task_id")
		delete(order, "token")
		spec, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		id := rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`).Draw(t, "id")
		token := operation.Token{OperationID: id, Attempt: rapid.IntRange(1, 1000).Draw(t, "attempt"), Term: rapid.Int64().Draw(t, "term")}
		var gathered []json.RawMessage
		for range rapid.IntRange(0, 3).Draw(t, "children") {
			gathered = append(gathered, json.RawMessage(`{"rows":1}`))
		}
		body, err := wire.EncodeDispatch(operation.Operation{ID: id, Spec: spec, Gathered: gathered}, token)
		if err != nil {
			t.Fatal(err)
		}
		d, got, err := wire.DecodeDispatch(body)
		if err != nil {
			t.Fatal(err)
		}
		var meaning map[string]any
		if err := json.Unmarshal(got, &meaning); err != nil {
			t.Fatal(err)
		}
		if d.TaskID != id || d.Token != token || cmp.Diff(order, meaning) != "" || cmp.Diff(gathered, d.Gathered) != "" {
			t.Fatalf("%s became %+v %s", body, d, got)
		}
	})
}

func TestDecodeDispatchRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"no_task_id":     `{"token":{"operation_id":"op","attempt":1,"term":1}}`,
		"no_token":       `{"task_id":"op"}`,
		"foreign_token":  `{"task_id":"op","token":{"operation_id":"other","attempt":1}}`,
		"attempt_zero":   `{"task_id":"op","token":{"operation_id":"op","attempt":0}}`,
		"impossible_id":  `{"task_id":"../etc","token":{"operation_id":"../etc","attempt":1}}`,
		"not_an_object":  `[1,2]`,
		"not_json":       `task`,
		"deep":           strings.Repeat(`{"a":`, 100),
		"token_of_texts": `{"task_id":"op","token":"op"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := wire.DecodeDispatch([]byte(body)); wire.KindOf(err) != wire.Invalid || err == nil {
				t.Errorf("DecodeDispatch(%.60s) error is %v, want an invalid one", body, err)
			}
		})
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func FuzzDecodeDispatch(f *testing.F) {
	f.Add([]byte(`{"task_id":"op_1","token":{"operation_id":"op_1","attempt":1,"term":2},"symbol":"EURUSD"}`))
	f.Add([]byte(`{"task_id":"op_1","token":{}}`))
	f.Add([]byte(`{"task_id":"op_1","token":{"operation_id":"op_1","attempt":2,"term":2},"checkpoints":[{"sha256":"` + strings.Repeat("0a", 32) + `","checkpoint_type":"periodic","state":{ "a": 1 }}]}`))
	f.Add([]byte(`{"task_id":"op_1","token":{"operation_id":"op_1","attempt":1,"term":2},"gathered":[{"rows":1},null,2]}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, order, err := wire.DecodeDispatch(body)
		if err != nil {
			return
		}
		if d.Token.OperationID != d.TaskID || !json.Valid(order) {
			t.Fatalf("accepted %q as %+v %s", body, d, order)
		}
		again, err := wire.EncodeDispatch(operation.Operation{ID: d.TaskID, Spec: order, Checkpoints: d.Checkpoints, Gathered: d.Gathered}, d.Token)
		if err != nil {
			t.Fatal(err)
		}
		if d2, order2, err := wire.DecodeDispatch(again); err != nil || jsonOf(t, d2) != jsonOf(t, d) || string(order2) != string(order) {
			t.Fatalf("%q -> %q -> %+v %s %v", body, again, d2, order2, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"strategy_name":"x","symbols":["EURUSD"],"seed":7}`)
	f.Add(`{"queue":false,"threads":-1}`)
	f.Add(`{"a":"\ud800"} {}`)
	f.Fuzz(func(t *testing.T, body string) {
		var strict, tolerant wire.StartTraining
		err := wire.Decode(strings.NewReader(body), 4096, &strict)
		if err == nil {
			if err := wire.DecodeTolerant(strings.NewReader(body), 4096, &tolerant); err != nil || cmp.Diff(strict, tolerant) != "" {
				t.Fatalf("strict accepts %q, tolerant says %v", body, err)
			}
		} else if wire.KindOf(err) != wire.Invalid {
			t.Fatalf("%q: kind is %s, want invalid", body, wire.KindOf(err))
		}
	})
}

func FuzzNormaliseURL(f *testing.F) {
	for _, s := range []string{"localhost", "http://h:1/api/v1/", "https://h", "[::1]:80", "http://u:p@h", "h:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		root, err := wire.NormaliseURL(s)
		if err != nil {
			return
		}
		if again, err := wire.NormaliseURL(root); err != nil || again != root {
			t.Fatalf("%q -> %q -> %q, %v", s, root, again, err)
		}
	})
}
