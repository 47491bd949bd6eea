package catalog_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
)

func ExampleLookup() {
	spec, ok := catalog.Lookup("MACD")
	if !ok {
		return
	}
	macd, err := spec.New(map[string]indicator.Value{"fast_period": indicator.Int(8)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(macd.Key())
	fmt.Println(macd.Outputs(), "known from bar", macd.Lookbacks(), "settled after", macd.WarmUp())
	// Output:
	// macd(definition=textbook,fast_period=8,signal_period=9,slow_period=26,source=close)
	// [line signal histogram] known from bar [25 33 33] settled after 154
}

func TestContract(t *testing.T) {
	for _, spec := range catalog.All() {
		t.Run(spec.Name, func(t *testing.T) { indicatortest.Run(t, spec) })
	}
}

func TestCatalog(t *testing.T) {
	seen := map[string]bool{}
	var names []string
	for _, spec := range catalog.All() {
		names = append(names, spec.Name)
		for _, name := range append([]string{spec.Name}, spec.Aliases...) {
			if seen[name] || name != strings.ToLower(name) {
				t.Errorf("%s: name %q is not lower case, or taken", spec.Name, name)
			}
			seen[name] = true
			found, ok := catalog.Lookup(strings.ToUpper(name))
			if !ok || found.Name != spec.Name {
				t.Errorf("Lookup(%q) = %q, %v, want %q", strings.ToUpper(name), found.Name, ok, spec.Name)
			}
		}
		if spec.Doc == "" || len(spec.Outputs) == 0 || len(spec.Scales) != len(spec.Outputs) {
			t.Errorf("%s: lacks a doc, outputs or scales", spec.Name)
		}
		for _, p := range spec.Params {
			if v, err := p.Accept(p.Default); err != nil || v != p.Default || p.Doc == "" {
				t.Errorf("%s: parameter %s lacks a doc, or does not accept its default: %v", spec.Name, p.Name, err)
			}
		}
	}
	if !slices.IsSorted(names) || !slices.Equal(names, catalog.Names()) {
		t.Errorf("names %v are not sorted, or not those of Names: %v", names, catalog.Names())
	}
	for _, name := range []string{"", "stochastics", "rsi ", "bollinger bands"} {
		if spec, ok := catalog.Lookup(name); ok {
			t.Errorf("Lookup(%q) = %s, want nothing", name, spec.Name)
		}
	}
}

// TestNamesOfTheOriginal holds the catalogue to every name that strategy files of
// the original KTRDR use.
func TestNamesOfTheOriginal(t *testing.T) {
	const names = `
		adline: adlineindicator ad_line AccumulationDistribution
		adx: adxindicator AverageDirectionalIndex
		aroon: aroonindicator
		atr: atrindicator
		bollingerbands: bbands bollinger_bands BollingerBandsIndicator
		bollingerbandwidth: bb_width bollingerbandwidthindicator
		cci: cciindicator
		cmf: cmfindicator ChaikinMoneyFlow
		distancefromma: distance_from_ma distancefrommaindicator
		donchianchannels: donchian donchianchannelsindicator
		exponentialmovingaverage: ema exponentialmovingaverageindicator
		fishertransform: fisher_transform fishertransformindicator
		ichimoku: ichimokuindicator
		keltnerchannels: keltner_channels keltnerchannelsindicator
		macd: macdindicator
		mfi: mfiindicator
		momentum: momentumindicator
		obv: obvindicator
		parabolicsar: psar parabolic_sar parabolicsarindicator
		roc: rocindicator
		rsi: rsiindicator
		rvi: rviindicator
		simplemovingaverage: sma simplemovingaverageindicator
		squeezeintensity: squeeze_intensity squeezeintensityindicator
		stochastic: stoch stochasticindicator
		supertrend: supertrendindicator
		volumeratio: volume_ratio volumeratioindicator
		volumesma: volume_sma
		vwap: vwapindicator
		weightedmovingaverage: wma weightedmovingaverageindicator
		williamsr: williams_r williamsrindicator
		zigzag: zigzagindicator`
	for _, line := range strings.Split(strings.TrimSpace(names), "\n") {
		canonical, aliases, _ := strings.Cut(strings.TrimSpace(line), ":")
		for _, name := range append(strings.Fields(aliases), canonical) {
			if spec, ok := catalog.Lookup(name); !ok || spec.Name != canonical {
				t.Errorf("Lookup(%q) = %q, %v, want %s", name, spec.Name, ok, canonical)
			}
		}
	}
}

func TestCatalogIsNotShared(t *testing.T) {
	catalog.All()[0].Params[0].Name = "changed"
	catalog.All()[0].Outputs[0] = "changed"
	if first := catalog.All()[0]; first.Params[0].Name == "changed" || first.Outputs[0] == "changed" {
		t.Error("a caller changed the catalogue")
	}
}

func TestNewRefuses(t *testing.T) {
	type params map[string]indicator.Value
	for _, c := range []struct {
		name      string
		indicator string
		params    params
		want      []string // one per problem, in order
	}{
		{"below", "rsi", params{"period": indicator.Int(1)}, []string{"period: want a whole number from 2 to 100, have 1"}},
		{"above", "atr", params{"period": indicator.Int(101)}, []string{"period: want a whole number from 1 to 100, have 101"}},
		{"fraction", "rsi", params{"period": indicator.Number(14.5)}, []string{"period: want a whole number from 2 to 100, have 14.5"}},
		{"nan_period", "rsi", params{"period": indicator.Number(nan)}, []string{"period: want a whole number"}},
		{"huge_period", "rsi", params{"period": indicator.Number(1e300)}, []string{"period: want a whole number"}},
		{"text_for_int", "rsi", params{"period": indicator.Text("14")}, []string{"period: want a whole number from 2 to 100, have 14"}},
		{"no_value", "rsi", params{"period": indicator.Value{}}, []string{"period: want a whole number from 2 to 100, have none"}},
		{"unknown", "rsi", params{"perod": indicator.Int(9)}, []string{"perod: rsi has no such parameter (did you mean period?)"}},
		{"choice", "sma", params{"source": indicator.Text("clos")}, []string{`source: want one of open, high, low, close, have "clos" (did you mean close?)`}},
		{"not_a_price", "sma", params{"source": indicator.Text("volume")}, []string{`source: want one of open, high, low, close, have "volume"`}},
		{"definition_without_difference", "rsi", params{"definition": indicator.Text("ktrdr")}, []string{"definition: rsi has no such parameter"}},
		{"open_minimum", "bbands", params{"multiplier": indicator.Number(0)}, []string{"multiplier: want a number above 0 and up to 10, have 0"}},
		{"nan_number", "bbands", params{"multiplier": indicator.Number(nan)}, []string{"multiplier: want a number"}},
		{"flag", "ema", params{"adjust": indicator.Int(1)}, []string{"adjust: want true or false, have 1"}},
		{"no_effect", "ema", params{"adjust": indicator.Flag(true)}, []string{"adjust: has no effect with definition textbook"}},
		{"obsolete", "donchian", params{"include_middle": indicator.Flag(true)}, []string{"include_middle: the middle is always given: remove it"}},
		{"displacement_of_ktrdr", "ichimoku", params{"definition": indicator.Text("ktrdr"), "displacement": indicator.Int(26)}, []string{"displacement: has no effect with definition ktrdr"}},
		{"smoothing_of_textbook", "fisher_transform", params{"smoothing": indicator.Int(3)}, []string{"smoothing: has no effect with definition textbook"}},
		{"signal_of_textbook", "rvi", params{"signal_period": indicator.Int(4)}, []string{"signal_period: has no effect with definition textbook"}},
		{"smoothing_not_asked_for", "adline", params{"smoothing_period": indicator.Int(9)}, []string{"smoothing_period: has no effect without use_sma_smoothing"}},
		{"initial_above_max", "psar", params{"initial_af": indicator.Number(0.5)}, []string{"initial_af: want at most max_af (0.2), have 0.5"}},
		{"empty_session", "session", params{"end": indicator.Number(8)}, []string{"end: the session is empty or the whole day"}},
		{"ppo_order", "ppo", params{"slow_period": indicator.Int(12)}, []string{"fast_period: want less than slow_period (12), have 12"}},
		{"fast_not_below_slow", "macd", params{"fast_period": indicator.Int(26)}, []string{"fast_period: want less than slow_period (26), have 26"}},
		{
			"all_at_once", "macd", params{"fast_period": indicator.Int(0), "source": indicator.Int(3), "b": indicator.Int(1), "a": indicator.Int(1)},
			[]string{"fast_period: want a whole number", "source: want one of", "a: macd has no such parameter", "b: macd has no such parameter"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := lookup(t, c.indicator).New(c.params)
			if err == nil {
				t.Fatalf("New(%v) was accepted", c.params)
			}
			var joined interface{ Unwrap() []error }
			if !errors.As(err, &joined) || len(joined.Unwrap()) != len(c.want) {
				t.Fatalf("New(%v): %v, want %d problems", c.params, err, len(c.want))
			}
			for i, problem := range joined.Unwrap() {
				var p *indicator.ParamError
				if !errors.As(problem, &p) || !strings.Contains(problem.Error(), c.want[i]) {
					t.Errorf("problem %d is %q, want a ParamError with %q", i, problem, c.want[i])
				}
			}
		})
	}
}

// TestAllocations: what is allocated beside the result does not grow with it, and
// a stream allocates nothing.
func TestAllocations(t *testing.T) {
	few, many := benchSeries(100), benchSeries(10_000)
	for _, spec := range catalog.All() {
		in := build(t, spec.Name, nil)
		short := testing.AllocsPerRun(5, func() { in.Compute(few) })
		long := testing.AllocsPerRun(5, func() { in.Compute(many) })
		if !spec.Repaints {
			stream, t0 := in.Stream(), 0
			if each := testing.AllocsPerRun(1000, func() { stream.Next(many.Bar(t0)); t0++ }); each > 0 {
				t.Errorf("%s: %v allocations for a bar of a stream", spec.Name, each)
			}
		}
		if long > short {
			t.Errorf("%s: %v allocations for 100 bars, %v for 10,000", spec.Name, short, long)
		}
	}
}

func TestNewAccepts(t *testing.T) {
	bands := build(t, "bbands", map[string]indicator.Value{"multiplier": indicator.Int(3), "period": indicator.Number(10)})
	if got, want := bands.Key(), "bollingerbands(definition=textbook,multiplier=3,period=10,source=close)"; got != want {
		t.Errorf("Key() = %s, want %s", got, want)
	}
	if got := bands.Value("multiplier"); got != indicator.Number(3) {
		t.Errorf("multiplier = %v, want the number 3", got)
	}
	if got := bands.Value("period"); got != indicator.Int(10) {
		t.Errorf("period = %v, want the whole number 10", got)
	}
}

func FuzzLookup(f *testing.F) {
	f.Add("RSI")
	f.Add("bbands")
	f.Fuzz(func(t *testing.T, name string) {
		if spec, ok := catalog.Lookup(name); ok {
			if again, ok := catalog.Lookup(spec.Name); !ok || again.Name != spec.Name {
				t.Fatalf("%q -> %q -> %q", name, spec.Name, again.Name)
			}
		}
	})
}

func lookup(t testing.TB, name string) indicator.Spec {
	t.Helper()
	spec, ok := catalog.Lookup(name)
	if !ok {
		t.Fatalf("no indicator %q", name)
	}
	return spec
}

func build(t testing.TB, name string, params map[string]indicator.Value) indicator.Indicator {
	t.Helper()
	in, err := lookup(t, name).New(params)
	if err != nil {
		t.Fatal(err)
	}
	return in
}
