package feature_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// scaled reads values on every scale, between degrees.
var scaled = strings.Replace(mixed, "nn_inputs:\n", `nn_inputs:
  - {raw_indicator: macd.signal, timeframes: all, normalization: zscore, lags: 1}
  - {raw_indicator: rsi, timeframes: [4h, 1h], normalization: minmax}
  - {raw_indicator: adx, timeframes: [15m]}
`, 1)

// placed adds sets that follow from data, on every timeframe, after the scaled
// values.
var placed = strings.NewReplacer("fuzzy_sets:\n", `fuzzy_sets:
  place_rsi: {indicator: rsi, place: quantile, low: {type: left_shoulder}, mid: {type: triangular, hedge: very}, high: {type: right_shoulder}}
  place_macd: {indicator: macd, place: c-means, down: {type: gaussian}, up: {type: gaussian, hedge: somewhat}}
`, "nn_inputs:\n", `nn_inputs:
  - {fuzzy_set: place_rsi, timeframes: all}
  - {fuzzy_set: place_macd, timeframes: [15m]}
`).Replace(scaled)

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
	s := parse(t, placed)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		whole, err := feature.BuildUnscaled(t.Context(), s, f, market.Span{})
		if err != nil {
			t.Fatal(err)
		}
		var scaling feature.Scaling
		for _, x := range s.Features() {
			if x.Place != "" {
				scaling = append(scaling, feature.Scaler{Feature: x.Name, Method: x.Place, Parameters: map[fuzzy.Kind][]float64{
					fuzzy.Triangular: {30, 50, 70}, fuzzy.Gaussian: {0.1, 2}, fuzzy.LeftShoulder: {30, 50}, fuzzy.RightShoulder: {50, 70},
				}[s.FuzzySets[x.FuzzySet].Shapes[x.Member].Kind]})
			} else if x.IsScaled() {
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

// TestFit_placed: the sets stand where package fuzzy places them on the column of
// their timeframe, and their degrees are those of these sets.
func TestFit_placed(t *testing.T) {
	s := parse(t, strings.NewReplacer("MODE", "single", "LIST", "1h", "BASE", "1h",
		"{indicator: mean, share: [0, 1000, 1000]}", "{indicator: mean, place: quantile, low: {type: left_shoulder}, mid: {type: triangular, hedge: very}, high: {type: right_shoulder}}").Replace(source))
	rows := make([]float32, 0, 3*100)
	for i := range 100 {
		rows = append(rows, float32(i), float32(i), float32(i))
	}
	scaling, err := feature.Fit(s, rows)
	if err != nil {
		t.Fatal(err)
	}
	want := feature.Scaling{
		{Feature: "1h_c_low", Method: "quantile", Parameters: []float64{16.5, 49.5}},
		{Feature: "1h_c_mid", Method: "quantile", Parameters: []float64{16.5, 49.5, 82.5}},
		{Feature: "1h_c_high", Method: "quantile", Parameters: []float64{49.5, 82.5}},
	}
	if diff := cmp.Diff(want, scaling); diff != "" {
		t.Fatalf("Fit (-want +have):\n%s", diff)
	}
	scaling.Apply(s, rows)
	for i, want := range map[int][]float32{0: {1, 0, 0}, 33: {0.5, 0.25, 0}, 66: {0, 0.25, 0.5}, 99: {0, 0, 1}} {
		if diff := cmp.Diff(want, rows[3*i:3*i+3]); diff != "" {
			t.Errorf("degrees of %d (-want +have):\n%s", i, diff)
		}
	}
	schema := feature.SchemaOf(s).Hash
	for _, change := range []string{"quantile/c-means", "triangular, hedge: very/gaussian, hedge: very", "hedge: very/hedge: somewhat"} {
		from, to, _ := strings.Cut(change, "/")
		if other := parse(t, strings.Replace(string(s.Source), from, to, 1)); feature.SchemaOf(other).Hash == schema {
			t.Errorf("%s: the schema is the same", change)
		}
	}
}

func TestFit_placed_refuses(t *testing.T) {
	s := parse(t, strings.NewReplacer("MODE", "single", "LIST", "1h", "BASE", "1h",
		"{indicator: mean, share: [0, 1000, 1000]}", "{indicator: mean, place: c-means, low: {type: gaussian}, high: {type: gaussian}}").Replace(source))
	_, err := feature.Fit(s, []float32{1, 1, 1, 1, 1, 1})
	if want := "1h_c_low over 3 training rows: place by c-means: two sets would have the same place 1"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Fit = %v, want %q", err, want)
	}
	good := feature.Scaling{{Feature: "1h_c_low", Method: "c-means", Parameters: []float64{1, 2}}, {Feature: "1h_c_high", Method: "c-means", Parameters: []float64{3, 2}}}
	if err := good.Check(s); err != nil {
		t.Fatal(err)
	}
	for want, edit := range map[string]func(x feature.Scaling){
		"2 numbers mu and sigma": func(x feature.Scaling) { x[1].Parameters = []float64{1, 2, 3} },
		"sigma > 0":              func(x feature.Scaling) { x[1].Parameters = []float64{1, -2} },
		"no offset 3":            func(x feature.Scaling) { x[0].Offset = 3 },
		"quantile of 1h_c_low, the strategy asks": func(x feature.Scaling) { x[0].Method = "quantile" },
	} {
		bad := slices.Clone(good)
		edit(bad)
		if err := bad.Check(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check = %v, want an error with %q", err, want)
		}
	}
}

// TestFit_lags: what is seen of earlier bars is on the scale, and in the sets, of
// the decision bar.
func TestFit_lags(t *testing.T) {
	s := parse(t, strings.NewReplacer("MODE", "single", "LIST", "1h", "BASE", "1h",
		"{indicator: mean, share: [0, 1000, 1000]}", "{indicator: mean, place: quantile, low: {type: gaussian}, high: {type: gaussian}}",
		"  - {fuzzy_set: c, timeframes: all}", "  - {fuzzy_set: c, timeframes: all, lags: 1}\n  - {raw_indicator: mean, timeframes: all, normalization: zscore, lags: 2}").Replace(source))
	width := len(s.Features())
	rows := make([]float32, 0, 50*width)
	for i := range 50 * width {
		rows = append(rows, float32(i*i%97))
	}
	scaling, err := feature.Fit(s, rows)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"1h_c_low", "1h_c_high", "1h_c_low_lag_1", "1h_c_high_lag_1", "1h_mean_raw", "1h_mean_raw_lag_1", "1h_mean_raw_lag_2"}
	for i, of := range []int{0, 1, 0, 1, 4, 4, 4} {
		want := scaling[of]
		if want.Feature = names[i]; !scaling[i].Equal(want) {
			t.Errorf("scaling %d is %+v, want %+v", i, scaling[i], want)
		}
	}
}
