package strategy_test

import (
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func withPeriod(t *testing.T, period string) *strategy.Strategy {
	t.Helper()
	return parse(t, strings.Replace(minimal, "{mode: single, timeframe: 1h}", "{mode: single, timeframe: 1h}\n  date_range: "+period, 1))
}

// TestTrainingDates: dates that are asked for come before those of the file and stay
// in its range; what is not asked for is that of the file.
func TestTrainingDates(t *testing.T) {
	whole, none := withPeriod(t, "{start: 2012-01-01, end: 2017-12-31}"), parse(t, minimal)
	from, until := withPeriod(t, "{start: 2012-01-01T06:00:00Z}"), withPeriod(t, "{end: 2017-12-31}")
	const outside = "is outside of what strategy minimal is written for: training_data.date_range is "
	for name, tc := range map[string]struct {
		strategy         *strategy.Strategy
		start, end, want string
	}{
		"nothing_said":    {none, "", "", " | "},
		"asked_only":      {none, "2015-01-01", "", "2015-01-01 | "},
		"file_only":       {whole, "", "", "2012-01-01 | 2017-12-31"},
		"inside":          {whole, "2013-01-01", "2013-12-31T12:00:00Z", "2013-01-01 | 2013-12-31T12:00:00Z"},
		"the_same":        {whole, "2012-01-01", "2017-12-31", "2012-01-01 | 2017-12-31"},
		"start_asked":     {whole, "2013-01-01", "", "2013-01-01 | 2017-12-31"},
		"end_asked":       {whole, "", "2013-01-01", "2012-01-01 | 2013-01-01"},
		"open_end":        {from, "", "", "2012-01-01T06:00:00Z | "},
		"open_end_asked":  {from, "", "2030-01-01", "2012-01-01T06:00:00Z | 2030-01-01"},
		"open_start":      {until, "1990-01-01", "", "1990-01-01 | 2017-12-31"},
		"day_too_early":   {whole, "2011-12-31", "2013-01-01", "a training from 2011-12-31 to 2013-01-01 " + outside + "2012-01-01 to 2017-12-31. Choose dates in it, or change the file"},
		"hour_too_early":  {from, "2012-01-01", "", outside + "2012-01-01T06:00:00Z to the last bar"},
		"day_too_late":    {whole, "", "2018-01-01", "a training from the first bar to 2018-01-01 " + outside},
		"after_the_range": {whole, "2018-01-01", "", outside},
		"before_it":       {whole, "", "2011-12-31", outside},
		"backwards":       {whole, "2015-01-01", "2014-01-01", "lies before start date"},
		"no_date":         {whole, "soon", "", "\"soon\" is not a date"},
	} {
		t.Run(name, func(t *testing.T) {
			start, end, err := tc.strategy.TrainingDates(tc.start, tc.end)
			have := start + " | " + end
			if err != nil {
				have = err.Error()
			}
			if err != nil && !strings.Contains(have, tc.want) || err == nil && have != tc.want {
				t.Errorf("TrainingDates(%q, %q) = %s, want %s", tc.start, tc.end, have, tc.want)
			}
		})
	}
}

// TestBacktestDates: the same of a backtest, by a range of its own.
func TestBacktestDates(t *testing.T) {
	const file = "date_range: {start: 2012-01-01, end: 2017-12-31}\nbacktest:\n  date_range: {start: 2018-01-01, end: 2019-12-31}"
	s := parse(t, strings.Replace(minimal, "{mode: single, timeframe: 1h}", "{mode: single, timeframe: 1h}\n  "+file, 1))
	for name, tc := range map[string]struct{ start, end, want string }{
		"file_only":        {"", "", "2018-01-01 | 2019-12-31"},
		"inside":           {"2018-06-01", "2018-12-31", "2018-06-01 | 2018-12-31"},
		"end_asked":        {"", "2018-12-31", "2018-01-01 | 2018-12-31"},
		"of_the_training":  {"2013-01-01", "2013-12-31", "a backtest from 2013-01-01 to 2013-12-31 is outside of what strategy minimal is written for: backtest.date_range is 2018-01-01 to 2019-12-31. Choose dates in it, or change the file"},
		"after_what_is_it": {"2018-01-01", "2020-01-01", "backtest.date_range is 2018-01-01 to 2019-12-31"},
	} {
		t.Run(name, func(t *testing.T) {
			start, end, err := s.BacktestDates(tc.start, tc.end)
			have := start + " | " + end
			if err != nil {
				have = err.Error()
			}
			if !strings.Contains(have, tc.want) {
				t.Errorf("BacktestDates(%q, %q) = %s, want %s", tc.start, tc.end, have, tc.want)
			}
		})
	}
	if start, end, err := s.TrainingDates("", ""); err != nil || start+end != "2012-01-012017-12-31" {
		t.Errorf("a training is of %s to %s, %v", start, end, err)
	}
}

// TestHash_of_purpose: a model carries what it was trained on and what it is meant
// for.
func TestHash_of_purpose(t *testing.T) {
	plain := parse(t, minimal)
	same := withPeriod(t, "{start: 2012-01-01}")
	if same.Hash() != withPeriod(t, `{start: "2012-01-01T00:00:00Z"}`).Hash() {
		t.Error("two spellings of one day have two hashes")
	}
	hashes := map[string]bool{plain.Hash(): true, same.Hash(): true, withPeriod(t, "{start: 2012-01-01, end: 2012-12-31}").Hash(): true,
		parse(t, minimal+"deployment:\n  target_symbols: {mode: training_only}\n").Hash(): true,
		parse(t, minimal+"backtest: {date_range: {start: 2012-01-01}}\n").Hash():          true}
	if len(hashes) != 5 {
		t.Errorf("five meanings have %d hashes", len(hashes))
	}
}

func TestFitSymbol(t *testing.T) {
	trained := []market.Symbol{"EURUSD", "GBPUSD"}
	for name, tc := range map[string]struct {
		deployment, symbol, want string
	}{
		"everything":     {"", "MSFT", ""},
		"universal":      {"{mode: universal}", "MSFT", ""},
		"training":       {"{mode: training_only}", "GBPUSD", ""},
		"not_training":   {"{mode: training_only}", "USDJPY", "USDJPY is not what the strategy is meant for: deployment.target_symbols.mode is training_only, and the model was trained on EURUSD, GBPUSD"},
		"pair":           {"{mode: group_restricted, restrictions: {asset_classes: [forex]}}", "USDJPY", ""},
		"no_pair":        {"{mode: group_restricted, restrictions: {asset_classes: [forex]}}", "MSFT", "it is no pair of currencies"},
		"excluded":       {"{mode: group_restricted, restrictions: {excluded_symbols: [USDTRY]}}", "USDTRY", "excluded_symbols names it"},
		"not_excluded":   {"{mode: group_restricted, restrictions: {excluded_symbols: [USDTRY]}}", "MSFT", ""},
		"pair_and_other": {"{mode: group_restricted, restrictions: {asset_classes: [forex], excluded_symbols: [USDTRY]}}", "USDTRY", "excluded_symbols names it"},
	} {
		t.Run(name, func(t *testing.T) {
			text := minimal
			if tc.deployment != "" {
				text += "deployment:\n  target_symbols: " + tc.deployment + "\n"
			}
			err := parse(t, text).Deployment.FitSymbol(market.Symbol(tc.symbol), trained)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("FitSymbol(%s) = %v, want %q", tc.symbol, err, tc.want)
			}
		})
	}
}

func TestDeployment_String(t *testing.T) {
	for text, want := range map[string]string{
		"target_symbols: {mode: universal}":     "",
		"target_symbols: {mode: training_only}": "the symbols that they are trained on",
		"target_symbols: {mode: group_restricted, restrictions: {excluded_symbols: [USDTRY, USDRUB]}}":                                         "all symbols but USDTRY, USDRUB",
		"target_timeframes: {mode: multi_timeframe, supported: [1h, 4h]}":                                                                      "all symbols, for decisions on 1h or 4h",
		"{target_symbols: {mode: group_restricted, restrictions: {asset_classes: [forex]}}, target_timeframes: {mode: single, timeframe: 1h}}": "pairs of currencies, for decisions on 1h",
	} {
		if have := parse(t, minimal+"deployment:\n  "+text+"\n").Deployment.String(); have != want {
			t.Errorf("%s: %q, want %q", text, have, want)
		}
	}
}
