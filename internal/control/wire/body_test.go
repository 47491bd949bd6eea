package wire_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// agree holds how requests are read to how everything else is, which is slower.
func agree[T any](t interface {
	Helper()
	Fatalf(string, ...any)
}, b *wire.Bodies, body string) {
	t.Helper()
	var quick, slow T
	err := b.Unmarshal([]byte(body), &quick)
	want := wire.DecodeTolerant(strings.NewReader(body), 1<<20, &slow)
	if (err != nil) != (want != nil) {
		t.Fatalf("Unmarshal(%q) into %T = %v, the slow way says %v", body, quick, err, want)
	}
	if err == nil && !reflect.DeepEqual(slow, quick) {
		t.Fatalf("Unmarshal(%q) = %#v, the slow way says %#v", body, quick, slow)
	}
}

func TestBodiesOfAnyKind(t *testing.T) {
	var b wire.Bodies
	for _, body := range []string{
		``, ` `, `{`, `{}`, ` { } `, `[ ]`, `[1,]`, `{,}`, `{"a":1,}`, `{"a" 1}`, `{"a":}`, `{"a":1 "b":2}`, `[1 2]`, `{} {}`, `{"a":1}x`,
		`tru`, `true`, `truex`, `null`, `nul`, `false`, `"`, `"a`, `"\`, `"\"`, `"\x"`, `"\u12"`, `"\u+123"`, `"\u00e4"`, `"\ud83d\ude00"`, `"\ud800"`, `"\ud800\u0041"`,
		"\"\x01\"", "\"a\nb\"", "\"\xff\"", "\"ä\x7f\u2028\"", `"\b\f\n\r\t\/\\\""`, `"\U0041"`, `"\u0000"`,
		`0`, `-0`, `01`, `-`, `1.`, `.5`, `1.5e3`, `1E+2`, `1e`, `1e-`, `1e999`, `-1e999`, `12345678901234567890`, `0x10`, `1_0`, `Inf`, `NaN`, `+1`,
		strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 65) + strings.Repeat("]", 65), `[{"a":1},{"a":1}]`, `{"a":{"a":1},"a":2}`, `{"a":1,"\u0061":2}`, `{1:2}`,
	} {
		agree[any](t, &b, body)
	}
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(value(3).Draw(t, "body"))
		for range rapid.IntRange(0, 3).Draw(t, "spoiled") {
			i := rapid.IntRange(0, len(body)-1).Draw(t, "at")
			body[i] = rapid.SampledFrom([]byte("{}[]\",:\\u0e1.-t \n\x00\xff")).Draw(t, "to")
		}
		agree[any](t, &b, string(body))
	})
}

func FuzzBodies(f *testing.F) {
	var b wire.Bodies
	f.Add(`{"strategy_name":"x","symbols":["EURUSD"],"seed":7,"queue":false,"deadline":null}`)
	f.Add(`{"a":"\ud83d\ude00 \\ \u00e4","b":[-0.5e-3,{}],"a":1}`)
	f.Fuzz(func(t *testing.T, body string) {
		agree[any](t, &b, body)
		agree[wire.StartTraining](t, &b, body)
	})
}

// BenchmarkBodies reads the body of a start that brings its strategy: as huma
// wants it for its checks, and as the handler does.
func BenchmarkBodies(b *testing.B) {
	strategy, err := os.ReadFile("../../../cmd/ktrdr/testdata/quick.yaml")
	if err != nil {
		b.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"strategy_yaml": string(strategy), "symbol": "EURUSD", "timeframe": "1h", "start_date": "2015-01-05", "end_date": "2015-03-31"})
	if err != nil {
		b.Fatal(err)
	}
	var bodies wire.Bodies
	agree[any](b, &bodies, string(body))
	agree[wire.StartTraining](b, &bodies, string(body))
	b.Run("checked", func(b *testing.B) { readBody[any](b, &bodies, body) })
	b.Run("taken", func(b *testing.B) { readBody[wire.StartTraining](b, &bodies, body) })
}

func readBody[T any](b *testing.B, bodies *wire.Bodies, body []byte) {
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var v T
		if err := bodies.Unmarshal(body, &v); err != nil {
			b.Fatal(err)
		}
	}
}

// odd has what the quick reader of structs leaves to the slow one.
type odd struct {
	wire.Submission `json:"submission"`
	N               int `json:"n,string"`
}

func TestBodiesOfStructs(t *testing.T) {
	var b wire.Bodies
	field := rapid.SampledFrom([]string{
		`"strategy_name":"x"`, `"strategy_yaml":"a: \"b\"\nü"`, `"symbols":["EURUSD","x"]`, `"symbols":null`, `"symbol":null`, `"symbol":5`, `"Symbol":"case"`,
		`"start_date":"2015-01-05"`, `"seed":18446744073709551615`, `"seed":1.5`, `"seed":null`, `"task_id":"op"`, `"threads":-3`, `"threads":1e2`, `"queue":false`,
		`"deadline":"2026-01-02T03:04:05Z"`, `"deadline":"soon"`, `"decisions":{"costs":{"a":1,"b":[null]}}`, `"initial_capital":12.5`, `"unknown":{}`, `"submission":{"queue":true}`, `"n":"7"`, `"n":7`,
	})
	rapid.Check(t, func(t *rapid.T) {
		body := []byte("{" + strings.Join(rapid.SliceOfN(field, 0, 6).Draw(t, "fields"), " , ") + "}")
		for range rapid.IntRange(0, 2).Draw(t, "spoiled") {
			i := rapid.IntRange(0, len(body)-1).Draw(t, "at")
			body[i] = rapid.SampledFrom([]byte("{}[]\",:\\u0e1.-t \n\x00\xff")).Draw(t, "to")
		}
		agree[wire.StartTraining](t, &b, string(body))
		agree[wire.StartBacktest](t, &b, string(body))
		agree[odd](t, &b, string(body))
		agree[map[string]any](t, &b, string(body))
		agree[time.Time](t, &b, string(body))
	})
}
