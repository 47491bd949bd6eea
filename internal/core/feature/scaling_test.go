package feature_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// scaled reads values on every scale, between degrees.
var scaled = strings.Replace(mixed, "nn_inputs:\n", `nn_inputs:
  - {raw_indicator: macd.signal, timeframes: all, normalization: zscore}
  - {raw_indicator: rsi, timeframes: [4h, 1h], normalization: minmax}
  - {raw_indicator: adx, timeframes: [15m]}
`, 1)

// one has one feature: the average of two closes, scaled as METHOD says.
func one(t testing.TB, method string) *strategy.Strategy {
	src := strings.NewReplacer("MODE", "single", "LIST", "1h", "BASE", "1h",
		"  - {fuzzy_set: c, timeframes: all}", "  - {raw_indicator: mean, timeframes: all, normalization: "+method+"}").Replace(source)
	return parse(t, src)
}

func TestFit(t *testing.T) {
	for _, tc := range []struct {
		method string
		rows   []float32
		want   feature.Scaling
		scaled []float32 // of rows and then 5
	}{
		{"minmax", []float32{2, 1, 3, 2}, feature.Scaling{{Feature: "1h_mean_raw", Method: "minmax", Offset: 1, Scale: 2}},
			[]float32{0.5, 0, 1, 0.5, 2}},
		{"zscore", []float32{2, 4, 4, 4, 5, 5, 7, 9}, feature.Scaling{{Feature: "1h_mean_raw", Method: "zscore", Offset: 5, Scale: 2}},
			[]float32{-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2, 0}},
		{"none", []float32{7, 8}, nil, []float32{7, 8, 5}},
	} {
		t.Run(tc.method, func(t *testing.T) {
			s := one(t, tc.method)
			have, err := feature.Fit(s, tc.rows)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, have); diff != "" {
				t.Fatalf("Fit (-want +have):\n%s", diff)
			}
			rows := append(tc.rows, 5)
			have.Apply(s, rows)
			if diff := cmp.Diff(tc.scaled, rows); diff != "" {
				t.Errorf("Apply (-want +have):\n%s", diff)
			}
		})
	}
}

func TestFit_refuses(t *testing.T) {
	for _, tc := range []struct {
		name, method string
		rows         []float32
		want         string
	}{
		{"one_value", "minmax", []float32{2, 2, 2}, "every value is 2"},
		{"one_value_that_rounds", "zscore", []float32{0.1, 0.1, 0.1}, "every value is"},
		{"not_known", "zscore", []float32{1, float32(math.NaN()), 3}, "no finite number"},
		{"infinite", "minmax", []float32{1, float32(math.Inf(1))}, "no finite number"},
		{"no_rows", "minmax", nil, "no finite number"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := feature.Fit(one(t, tc.method), tc.rows); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Fit = %v, want an error with %q", err, tc.want)
			}
		})
	}
}

// TestScaling_check: constants of other inputs, or none, make no rows.
func TestScaling_check(t *testing.T) {
	s := one(t, "zscore")
	good := feature.Scaler{Feature: "1h_mean_raw", Method: "zscore", Offset: 1, Scale: 2}
	change := func(edit func(*feature.Scaler)) feature.Scaling {
		r := good
		edit(&r)
		return feature.Scaling{r}
	}
	f := frame(flat(market.Hour1, every(t, market.Hour1, "2024-01-02 00:00", 12)...))
	for name, tc := range map[string]struct {
		scaling feature.Scaling
		want    string
	}{
		"none":      {nil, "use the model"},
		"other":     {change(func(r *feature.Scaler) { r.Feature = "1h_rsi_raw" }), "1h_rsi_raw"},
		"method":    {change(func(r *feature.Scaler) { r.Method = "minmax" }), "asks for zscore"},
		"zero":      {change(func(r *feature.Scaler) { r.Scale = 0 }), "cannot be scaled"},
		"negative":  {change(func(r *feature.Scaler) { r.Scale = -1 }), "below 0"},
		"not_known": {change(func(r *feature.Scaler) { r.Offset = math.NaN() }), "no finite number"},
		"more":      {feature.Scaling{good, good}, "no scaled input"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.scaling.Check(s); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Check = %v, want an error with %q", err, tc.want)
			}
			if _, err := feature.BuildScaled(t.Context(), s, f, market.Span{}, tc.scaling); err == nil {
				t.Error("BuildScaled makes rows of it")
			}
		})
	}
	if err := (feature.Scaling{good}).Check(s); err != nil {
		t.Errorf("Check = %v, want none", err)
	}
	if _, err := feature.Build(t.Context(), s, f, market.Span{}); err == nil || !strings.Contains(err.Error(), "1h_mean_raw") {
		t.Errorf("Build = %v, want a refusal that names the input", err)
	}
}

// TestBuildScaled: a row that a training scaled is the row that a backtest gets
// from the constants, whatever rows are asked for.
func TestBuildScaled(t *testing.T) {
	s := parse(t, scaled)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		whole, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{})
		if err != nil {
			t.Fatal(err)
		}
		var scaling feature.Scaling
		for _, x := range s.Features() {
			if x.IsScaled() {
				scaling = append(scaling, feature.Scaler{Feature: x.Name, Method: x.Normalization,
					Offset: rapid.Float64Range(-50, 50).Draw(t, "offset"), Scale: rapid.Float64Range(0.01, 50).Draw(t, "scale")})
			}
		}
		scaling.Apply(s, whole.Data)
		row := rapid.IntRange(0, whole.Len()-1).Draw(t, "row")
		alone, err := feature.BuildScaled(t.Context(), s, f, market.Span{From: whole.Time[row], To: whole.Time[row] + 1}, scaling)
		if err != nil {
			t.Fatal(err)
		}
		if !sameBits(alone.Data, whole.Row(row)) {
			t.Fatalf("row %d = %v asked for alone, %v in training", row, alone.Data, whole.Row(row))
		}
	})
}

func TestSchemaOfRaw(t *testing.T) {
	a, b := feature.SchemaOf(one(t, "minmax")), feature.SchemaOf(one(t, "zscore"))
	if a.Names[0] != "1h_mean_raw" || a.Hash == b.Hash {
		t.Errorf("schemas %v and %v: want 1h_mean_raw, and hashes that tell the scales apart", a, b)
	}
}
