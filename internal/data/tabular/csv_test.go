package tabular_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
)

func options(tf market.Timeframe) tabular.CSVOptions {
	return tabular.CSVOptions{Options: tabular.Options{Symbol: "EURUSD", Timeframe: tf}}
}

func series(tf market.Timeframe, bars ...market.Bar) market.Series {
	s := market.NewSeries("EURUSD", tf, len(bars))
	for _, b := range bars {
		s.Append(b)
	}
	return s
}

func at(t testing.TB, stamp string) int64 {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Unix()
}

func diff(want, got any) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b }))
}

// One and the same two bars in every layout.
func TestReadCSV_layouts(t *testing.T) {
	first := market.Bar{Time: at(t, "2012-11-16T05:00:00Z"), Open: 1.5, High: 1.75, Low: 1.25, Close: 1.625, Volume: 10}
	second := market.Bar{Time: first.Time + 3600, Open: 1.625, High: 1.65, Low: 1.6, Close: 1.64, Volume: 20}
	const prices1, prices2 = "1.5,1.75,1.25,1.625", "1.625,1.65,1.6,1.64"
	plain := func(t1, t2 string) string {
		return "timestamp,open,high,low,close,volume\n" + t1 + "," + prices1 + ",10\n" + t2 + "," + prices2 + ",20\n"
	}
	for _, tc := range []struct{ name, text string }{
		{"iso_z", plain("2012-11-16T05:00:00Z", "2012-11-16T06:00:00Z")},
		{"iso_offset", plain("2012-11-16 07:00:00+02:00", "2012-11-15T23:30:00-0630")},
		{"iso_no_seconds", plain("2012-11-16 05:00", "2012-11-16T06:00")},
		{"iso_fraction", plain("2012-11-16 05:00:00.000", "2012-11-16T06:00:00.000000Z")},
		{"iso_utc", plain("2012-11-16 05:00:00 UTC", "2012-11-16 06:00:00 +00")},
		{"slashes", plain("2012/11/16 05:00", "2012/11/16 06:00:00")},
		{"seconds", plain("1353042000", "1353045600")},
		{"milliseconds", plain("1353042000000", "1353045600000")},
		{"seconds_as_float", plain("1353042000.0", "1353045600.000")},
		{"compact", plain("20121116 050000", "20121116 0600")},
		{"crlf", strings.ReplaceAll(plain("1353042000", "1353045600"), "\n", "\r\n")},
		{"byte_order_mark", "\ufeff" + plain("1353042000", "1353045600")},
		{"blank_lines", "\n" + plain("1353042000", "1353045600") + "\n \n"},
		{"no_end_of_line", strings.TrimSuffix(plain("1353042000", "1353045600"), "\n")},
		{"unnamed_index", strings.Replace(plain("1353042000", "1353045600"), "timestamp", "", 1)},
		{"spaces_and_quotes", "\"Date\", \"Open\", \"High\", \"Low\", \"Close\", \"Volume\"\n\"2012-11-16 05:00\", 1.5 , 1.75, 1.25, 1.625, 10\n1353045600," + prices2 + ",20"},
		{"no_header", "1353042000," + prices1 + ",10\n1353045600," + prices2 + ",20"},
		{"tabs", strings.ReplaceAll(plain("1353042000", "1353045600"), ",", "\t")},
		{"semicolons", strings.ReplaceAll("20121116 050000,"+prices1+",10\n20121116 060000,"+prices2+",20\n", ",", ";")},
		{"metatrader_4", "2012.11.16,05:00," + prices1 + ",10\n2012.11.16,06:00," + prices2 + ",20\n"},
		{"metatrader_5", "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n" +
			"2012.11.16\t05:00:00\t1.5\t1.75\t1.25\t1.625\t10\t0\t12\n2012.11.16\t06:00:00\t1.625\t1.65\t1.6\t1.64\t20\t0\t12\n"},
		{"metatrader_5_no_header", "2012.11.16\t05:00:00\t1.5\t1.75\t1.25\t1.625\t10\t0\t12\n2012.11.16\t06:00:00\t1.625\t1.65\t1.6\t1.64\t20\t0\t12\n"},
		{"other_order", "Close,Volume,Low,High,Open,Open Time\n1.625,10,1.25,1.75,1.5,1353042000\n1.64,20,1.6,1.65,1.625,1353045600\n"},
		{"signs_and_exponents", "t,o,h,l,c,v\n"[:0] + "1353042000,+1.5,175e-2,.125E+1,1.6250,1e1\n1353045600,1.625,1.65,1.6000,01.64,20."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{"at_once": strings.NewReader(tc.text), "bytewise": iotest.OneByteReader(strings.NewReader(tc.text))} {
				got, report, err := tabular.ReadCSV(r, "prices.csv", options(market.Hour1))
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				if d := diff(series(market.Hour1, first, second), got); d != "" {
					t.Errorf("%s (-want +got):\n%s", how, d)
				}
				if report.Rows != 2 || report.Bars != 2 || report.UnknownVolumes != 0 {
					t.Errorf("%s: report %+v", how, report)
				}
			}
		})
	}
}

func TestReadCSV_yahoo(t *testing.T) {
	const text = "Date,Open,High,Low,Close,Adj Close,Volume\n2020-01-02,74.06,75.15,73.80,75.09,73.25,135480400\n2020-01-03,74.29,75.14,74.13,74.36,72.53,146322800\n"
	o := options(market.Day1)
	var err error
	if o.Location, err = tabular.ParseZone("America/New_York"); err != nil {
		t.Fatal(err)
	}
	got, report, err := tabular.ReadCSV(strings.NewReader(text), "AAPL.csv", o)
	if err != nil {
		t.Fatal(err)
	}
	want := series(market.Day1,
		market.Bar{Time: at(t, "2020-01-02T05:00:00Z"), Open: 74.06, High: 75.15, Low: 73.80, Close: 75.09, Volume: 135480400},
		market.Bar{Time: at(t, "2020-01-03T05:00:00Z"), Open: 74.29, High: 75.14, Low: 74.13, Close: 74.36, Volume: 146322800})
	if d := diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"Adj Close"}, report.Ignored); d != "" {
		t.Errorf("ignored columns (-want +got):\n%s", d)
	}
}

func TestReadCSV_named_columns(t *testing.T) {
	const text = "when,clock,bid open,bid high,bid low,bid close,ticks\n2020-01-02,10:00,1,2,0.5,1.5,7\n"
	o := options(market.Hour1)
	o.Columns = tabular.Columns{Time: "when", Clock: "clock", Open: "bid open", High: "bid high", Low: "bid low", Close: "bid close", Volume: "ticks"}
	got, _, err := tabular.ReadCSV(strings.NewReader(text), "x.csv", o)
	want := series(market.Hour1, market.Bar{Time: at(t, "2020-01-02T10:00:00Z"), Open: 1, High: 2, Low: 0.5, Close: 1.5, Volume: 7})
	if d := diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestReadCSV_volume_not_reported(t *testing.T) {
	const head = "timestamp,open,high,low,close,volume\n"
	for name, text := range map[string]string{
		"empty": head + "0,1,1,1,1,\n", "minus_one": head + "0,1,1,1,1,-1\n", "minus_one_point_zero": head + "0,1,1,1,1,-1.0\n",
		"nan": head + "0,1,1,1,1,NaN\n", "null": head + "0,1,1,1,1,null\n",
		"no_column": "timestamp,open,high,low,close\n0,1,1,1,1\n", "no_header": "0,1,1,1,1\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, report, err := tabular.ReadCSV(strings.NewReader(text), "x.csv", options(market.Hour1))
			if err != nil || got.Len() != 1 || !math.IsNaN(got.Volume[0]) || report.UnknownVolumes != 1 {
				t.Errorf("volume %v, report %+v, %v", got.Volume, report, err)
			}
		})
	}
}

// Each rule that a single row can break, with where and why.
func TestReadCSV_bad_row(t *testing.T) {
	const good = "2020-01-06 00:00,1,2,0.5,1.5,7"
	for _, tc := range []struct {
		name, row string
		want      tabular.BadRow
	}{
		{"few_fields", "2020-01-06 01:00,1,2", tabular.BadRow{Problem: "3 fields, want 6 as in the first line"}},
		{"many_fields", good + ",1,2", tabular.BadRow{Problem: "8 fields, want 6 as in the first line"}},
		{"no_time", ",1,2,0.5,1.5,7", tabular.BadRow{Column: "Date", Problem: `"" is not a time: want 2006-01-02T15:04:05Z, a date, or Unix seconds`}},
		{"day_first", "06.01.2020,1,2,0.5,1.5,7", tabular.BadRow{Column: "Date", Problem: `"06.01.2020" is not a time: want 2006-01-02T15:04:05Z, a date, or Unix seconds`}},
		{"february_30", "2020-02-30,1,2,0.5,1.5,7", tabular.BadRow{Column: "Date", Problem: `"2020-02-30" is not a time: want 2006-01-02T15:04:05Z, a date, or Unix seconds`}},
		{"hour_24", "2020-01-06 24:00,1,2,0.5,1.5,7", tabular.BadRow{Column: "Date", Problem: `"24:00" is not a time of day: want 00:00:00 to 23:59:59`}},
		{"half_second", "2020-01-06 01:00:00.5,1,2,0.5,1.5,7", tabular.BadRow{Column: "Date", Problem: `"01:00:00.5" is not at a whole second`}},
		{"zone_name", "2020-01-06 01:00:00 EST,1,2,0.5,1.5,7", tabular.BadRow{Column: "Date", Problem: `" EST" is not a zone: want Z or an offset such as +02:00`}},
		{"microseconds", "1578268800000000,1,2,0.5,1.5,7", tabular.BadRow{Column: "Date", Problem: "the time lies outside the years 1900 to 2199"}},
		{"date_or_milliseconds", "202001061000,1,2,0.5,1.5,7", tabular.BadRow{Column: "Date", Problem: "202001061000 is a date without signs or Unix milliseconds: write it as 2006-01-02T15:04:05Z"}},
		{"word", "2020-01-06 01:00,1,two,0.5,1.5,7", tabular.BadRow{Column: "High", Problem: `"two" is not a number`}},
		{"nan_price", "2020-01-06 01:00,1,2,0.5,NaN,7", tabular.BadRow{Column: "Close", Problem: `"NaN" is not a number`}},
		{"empty_price", "2020-01-06 01:00,,2,0.5,1.5,7", tabular.BadRow{Column: "Open", Problem: `"" is not a number`}},
		{"infinite", "2020-01-06 01:00,1,1e999,0.5,1.5,7", tabular.BadRow{Column: "High", Problem: `"1e999" is not a number`}},
		{"hexadecimal", "2020-01-06 01:00,1,0x2,0.5,1.5,7", tabular.BadRow{Column: "High", Problem: `"0x2" is not a number`}},
		{"zero_price", "2020-01-06 01:00,1,2,0,1.5,7", tabular.BadRow{Column: "Low", Problem: "0 is not a price: want a finite number above 0"}},
		{"high_too_low", "2020-01-06 01:00,1,1.2,0.5,1.5,7", tabular.BadRow{Column: "High", Problem: "1.2 lies below the open or the close"}},
		{"low_too_high", "2020-01-06 01:00,1,2,1.1,1.5,7", tabular.BadRow{Column: "Low", Problem: "1.1 lies above the open or the close"}},
		{"negative_volume", "2020-01-06 01:00,1,2,0.5,1.5,-7", tabular.BadRow{Column: "Vol", Problem: "-7 is not a volume: want a number of at least 0"}},
		{"conflict", "2020-01-06 00:00,1,2,0.5,1.5,8", tabular.BadRow{Column: "Date", Problem: "2020-01-06T00:00:00Z stands on line 2 too, with other values"}},
		{"too_close", "2020-01-06 00:30,1,2,0.5,1.5,8", tabular.BadRow{Column: "Date", Problem: "2020-01-06T00:30:00Z is only 30m0s after the bar on line 2, closer than bars of 1h lie"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := "Date,Open,High,Low,Close,Vol\n" + good + "\n" + tc.row + "\n2020-01-06 02:00,1,2,0.5,1.5,7\n2020-01-06 03:00,1,2,0.5,1.5,7\n2020-01-06 04:00,1,2,0.5,1.5,7\n"
			_, _, err := tabular.ReadCSV(strings.NewReader(text), "prices.csv", options(market.Hour1))
			bad, ok := errors.AsType[*tabular.BadRows](err)
			if !ok {
				t.Fatalf("ReadCSV: %v, want bad rows", err)
			}
			tc.want.Line = 3
			if !strings.Contains(err.Error(), fmt.Sprintf("prices.csv:3: %s", strings.TrimPrefix(tc.want.Column+": "+tc.want.Problem, ": "))) {
				t.Errorf("the error reads %q", err)
			}
			if got := bad.Rows[len(bad.Rows)-1]; got != tc.want {
				t.Errorf("bad row %+v, want %+v", got, tc.want)
			}
			o := options(market.Hour1)
			o.SkipBad = true
			s, report, err := tabular.ReadCSV(strings.NewReader(text), "prices.csv", o)
			if err != nil || s.Len() != 5-bad.Total || report.Skipped.Total != bad.Total || report.Rows != 5 {
				t.Errorf("skipping bad rows: %d bars, report %+v, %v", s.Len(), report, err)
			}
		})
	}
}

func TestReadCSV_all_bad_rows(t *testing.T) {
	var text strings.Builder
	text.WriteString("timestamp,open,high,low,close,volume\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "%d,1,2,0.5,%s,7\n", 3600*i, map[bool]string{true: "x", false: "1.5"}[i%4 == 1])
	}
	_, _, err := tabular.ReadCSV(strings.NewReader(text.String()), "prices.csv", options(market.Hour1))
	bad, ok := errors.AsType[*tabular.BadRows](err)
	if !ok || bad.Total != 250 || len(bad.Rows) != 100 || bad.Rows[99].Line != 3+4*99 {
		t.Fatalf("bad rows %+v", err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "prices.csv: 250 bad rows, nothing was imported") || !strings.HasSuffix(text, "and 150 more") {
		t.Errorf("the error begins %.80q and ends %q", text, text[len(text)-40:])
	}
}

func TestReadCSV_order_and_duplicates(t *testing.T) {
	const text = "7200,3,3,3,3,1\n0,1,1,1,1,\n3600,2,2,2,2,1\n0,1,1,1,1,-1\n10800,4,4,4,4,1\n"
	got, report, err := tabular.ReadCSV(strings.NewReader(text), "x.csv", options(market.Hour1))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]float64{1, 2, 3, 4}, got.Close); d != "" {
		t.Errorf("closes (-want +got):\n%s", d)
	}
	want := tabular.Report{Rows: 5, Bars: 4, Duplicates: 1, Unsorted: 3, UnknownVolumes: 1, Skipped: tabular.BadRows{File: "x.csv"}}
	if d := cmp.Diff(want, report); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
}

func TestReadCSV_location(t *testing.T) {
	o := options(market.Hour1)
	var err error
	if o.Location, err = tabular.ParseZone("America/New_York"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ time, want, problem string }{
		{"2020-01-06 09:30", "2020-01-06T14:30:00Z", ""},
		{"2020-07-06 09:30", "2020-07-06T13:30:00Z", ""},
		{"2020-07-06 09:30:00Z", "2020-07-06T09:30:00Z", ""},
		{"2020-07-06 09:30+01:00", "2020-07-06T08:30:00Z", ""},
		{"1594027800", "2020-07-06T09:30:00Z", ""},
		{"2020-03-08 01:59:59", "2020-03-08T06:59:59Z", ""},
		{"2020-03-08 02:30", "", "2020-03-08T02:30:00 does not exist in America/New_York, where clocks go forward: state the offset or use UTC"},
		{"2020-03-08 03:00", "2020-03-08T07:00:00Z", ""},
		{"2020-11-01 00:59:59", "2020-11-01T04:59:59Z", ""},
		{"2020-11-01 01:30", "", "2020-11-01T01:30:00 happens twice in America/New_York, where clocks go back: state the offset or use UTC"},
		{"2020-11-01 02:00", "2020-11-01T07:00:00Z", ""},
	} {
		got, _, err := tabular.ReadCSV(strings.NewReader(tc.time+",1,1,1,1,1\n"), "x.csv", o)
		bad, _ := errors.AsType[*tabular.BadRows](err)
		switch {
		case tc.problem != "" && (bad == nil || bad.Rows[0].Problem != tc.problem):
			t.Errorf("%s: %v, want %s", tc.time, err, tc.problem)
		case tc.problem == "" && err != nil:
			t.Errorf("%s: %v", tc.time, err)
		case tc.problem == "" && market.Stamp(got.Time[0]) != tc.want:
			t.Errorf("%s is %s, want %s", tc.time, market.Stamp(got.Time[0]), tc.want)
		}
	}
}

// Every instant must come back from its local time, unless that happens twice.
func TestReadCSV_any_zone(t *testing.T) {
	names := []string{"America/New_York", "Europe/London", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo"}
	rapid.Check(t, func(t *rapid.T) {
		o := options(market.Minute1)
		var err error
		if o.Location, err = tabular.ParseZone(rapid.SampledFrom(names).Draw(t, "zone")); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		start := rapid.Int64Range(2e8, 1.8e9).Draw(t, "start")
		step := rapid.Int64Range(60, 86400).Draw(t, "step")
		fmt.Fprintf(&text, "%d,1,1,1,1,1\n", start-60) // so that the timeframe is right
		for i := range int64(100) {
			fmt.Fprintf(&text, "%s,1,1,1,1,1\n", time.Unix(start+i*step, 0).In(o.Location).Format("2006-01-02 15:04:05"))
		}
		o.SkipBad = true
		got, report, err := tabular.ReadCSV(strings.NewReader(text.String()), "x.csv", o)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range report.Skipped.Rows {
			if !strings.Contains(r.Problem, "happens twice") {
				t.Fatal(r)
			}
		}
		for _, u := range got.Time[1:] {
			if (u-start)%step != 0 || u < start || u >= start+100*step {
				t.Fatalf("%s was read as %s", time.Unix(u, 0).In(o.Location), market.Stamp(u))
			}
		}
	})
}

func TestReadCSV_other_timeframe(t *testing.T) {
	rows := func(step int) string {
		var text strings.Builder
		for i := range 20 {
			fmt.Fprintf(&text, "%d,1,1,1,1,1\n", 1577836800+i*step)
		}
		return text.String()
	}
	for _, tc := range []struct {
		tf   market.Timeframe
		step int
		want string // "" is no error
	}{
		{market.Hour1, 3600, ""},
		{market.Hour1, 1800, "the timeframe was given as 1h, but the bars lie 30m0s apart: the file seems to have 30m"},
		{market.Hour1, 14400, "the timeframe was given as 1h, but the bars lie 4h0m0s apart: the file seems to have 4h"},
		{market.Hour1, 5400, ""},
		{market.Minute1, 1, "the timeframe was given as 1m, but the bars lie 1s apart: the file seems to have no timeframe that is known"},
		{market.Hour4, 86400, "seems to have 1d"},
		{market.Day1, 86400, ""},
		{market.Day1, 7 * 86400, "seems to have 1w"},
		{market.Week1, 7 * 86400, ""},
		{market.Month1, 31 * 86400, ""},
		{market.Month1, 7 * 86400, "seems to have 1w"},
	} {
		_, _, err := tabular.ReadCSV(strings.NewReader(rows(tc.step)), "x.csv", options(tc.tf))
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s, bars %d s apart: %v, want %q", tc.tf, tc.step, err, tc.want)
		}
	}
}

func TestReadCSV_refuses(t *testing.T) {
	unset := tabular.CSVOptions{}
	small := options(market.Hour1)
	small.MaxBytes = 20
	named := options(market.Hour1)
	named.Columns.Open = "Opan"
	for _, tc := range []struct {
		name, text string
		o          tabular.CSVOptions
		want       string
	}{
		{"empty", "", options(market.Hour1), "x.csv: it is empty"},
		{"only_header", "timestamp,open,high,low,close\n", options(market.Hour1), "x.csv: it has no good row"},
		{"no_symbol", "0,1,1,1,1\n", unset, "symbol"},
		{"no_close", "timestamp,open,high,low,volume\n0,1,1,1,1\n", options(market.Hour1), `it has no column for close: it has ["timestamp" "open" "high" "low" "volume"]; want one called close`},
		{"twice", "timestamp,open,high,low,close,open\n", options(market.Hour1), `column "open" is there or wanted twice`},
		{"named_wrong", "timestamp,Open,high,low,close\n", named, `it has no column "Opan" to take as open (did you mean Open?)`},
		{"named_no_header", "0,1,1,1,1\n", named, "the first line is not a header"},
		{"odd_width", "0,1,1,1,1,1,1,1\n", options(market.Hour1), "it has no header and 8 columns"},
		{"utf_16", "\xff\xfet\x00i\x00", options(market.Hour1), "it is written in UTF-16"},
		{"bad_first_row", "2020-02-30,1,1,1,1\n", options(market.Hour1), "x.csv:1: time: \"2020-02-30\" is not a time"},
		{"binary", "PAR1\x00\x01\x02", options(market.Hour1), "it has no column for time"},
		{"too_large", "0,1,1,1,1\n3600,1,1,1,1\n", small, "it is larger than 20 bytes"},
		{"long_line", "0,1,1,1,1\n" + strings.Repeat("x", 70_000), options(market.Hour1), "line 2 has more than 65536 bytes"},
		{"endless_line", strings.Repeat("x", 700_000), options(market.Hour1), "line 1 has more than 65536 bytes"},
		{"clock_beside_time", "date,time,open,high,low,close\n2020-01-02 10:00,10:00,1,1,1,1\n", options(market.Hour1), "column time holds the time of day"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := tabular.ReadCSV(strings.NewReader(tc.text), "x.csv", tc.o)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("ReadCSV: %v, want an error with %q", err, tc.want)
			}
		})
	}
	t.Run("broken_source", func(t *testing.T) {
		broken := errors.New("the disk went away")
		if _, _, err := tabular.ReadCSV(iotest.ErrReader(broken), "x.csv", options(market.Hour1)); !errors.Is(err, broken) {
			t.Errorf("ReadCSV: %v, want %v", err, broken)
		}
	})
}

func TestParseZone(t *testing.T) {
	for _, name := range []string{"Local", "New York", "../etc/passwd"} {
		if _, err := tabular.ParseZone(name); err == nil || !strings.Contains(err.Error(), "America/New_York") {
			t.Errorf("ParseZone(%q): %v, want an error with an example", name, err)
		}
	}
	if zone, err := tabular.ParseZone(""); err != nil || zone != time.UTC {
		t.Errorf("ParseZone(\"\") = %v, %v", zone, err)
	}
}

// Numbers have the bits that strconv gives them, however they are written.
func TestReadCSV_exact_numbers(t *testing.T) {
	number := rapid.OneOf(
		rapid.StringMatching(`[0-9]{1,12}\.[0-9]{0,12}`),
		rapid.StringMatching(`[0-9]{0,25}\.[0-9]{1,25}`),
		rapid.StringMatching(`[1-9]\.[0-9]{1,20}e[+-]?[0-9]{1,2}`),
		rapid.Map(rapid.Float64Range(1e-12, 1e15), func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := number.Draw(t, "number")
		want, err := strconv.ParseFloat(text, 64)
		if err != nil || want <= 0 {
			return
		}
		row := fmt.Sprintf("0,%[1]s,%[1]s,%[1]s,%[1]s,%[1]s\n", text)
		got, _, err := tabular.ReadCSV(strings.NewReader(row), "x.csv", options(market.Hour1))
		if err != nil {
			t.Fatal(err)
		}
		if got.Close[0] != want || got.Volume[0] != want {
			exact, _ := new(big.Float).SetString(text)
			t.Fatalf("%s was read as %v, want %v (exactly %v)", text, got.Close[0], want, exact)
		}
	})
}

func anySeries(t *rapid.T) market.Series {
	s := market.NewSeries("EURUSD", market.Minute1, 0)
	quoted := rapid.Bool().Draw(t, "quoted")
	open := rapid.Int64Range(-3e7, 1e8).Draw(t, "start") * 60
	for range rapid.IntRange(1, 30).Draw(t, "bars") {
		price := rapid.Float64Range(math.SmallestNonzeroFloat64, math.MaxFloat64)
		a, b := price.Draw(t, "a"), price.Draw(t, "b")
		bar := market.Bar{Time: open, Open: a, High: max(a, b), Low: min(a, b), Close: b,
			Volume: rapid.SampledFrom([]float64{0, 1, 1e300, 0.1, math.NaN()}).Draw(t, "volume")}
		if quoted {
			s.AppendQuoted(bar, market.Quote{Bid: bar.Low, Ask: bar.High})
		} else {
			s.Append(bar)
		}
		open += 60
	}
	return s
}

func TestWriteCSV_round_trip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anySeries(t)
		var text bytes.Buffer
		if err := tabular.WriteCSV(&text, want); err != nil {
			t.Fatal(err)
		}
		got, _, err := tabular.ReadCSV(&text, "x.csv", options(market.Minute1))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestWriteCSV_broken_target(t *testing.T) {
	broken := errors.New("full")
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if err := tabular.WriteCSV(w, series(market.Hour1, market.Bar{Open: 1, High: 1, Low: 1, Close: 1})); !errors.Is(err, broken) {
		t.Errorf("WriteCSV: %v, want %v", err, broken)
	}
	if err := tabular.WriteParquet(w, series(market.Hour1, market.Bar{Open: 1, High: 1, Low: 1, Close: 1})); !errors.Is(err, broken) {
		t.Errorf("WriteParquet: %v, want %v", err, broken)
	}
}

// Whatever is accepted is valid and comes back the same when written and read.
func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{
		"timestamp,open,high,low,close,volume\n2012-11-16T05:00:00Z,1.5,1.75,1.25,1.625,10\n",
		"2012.11.16,05:00,1.5,1.75,1.25,1.625,10\n2012.11.16,06:00,1.5,1.75,1.25,1.625,10\n",
		"<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\n2012.11.16\t05:00:00\t1\t1\t1\t1\t1\n",
		"timestamp,open,high,low,close,bid,ask\n0,1,1,1,1,1,1.5\n3600,1,1,1,1,1,\n",
		"time,bidopen,bidhigh,bidlow,bidclose,askopen,askhigh,asklow,askclose\n0,1,1,1,1,1,1,1,2\n",
		"0,1,1,1,1\n0,1,1,1,1\n-3600,1e0,1,1,1\n", "\"\",o,h,l,c\n\"20200101 0000+0100\",1,1,1,1\n", ";;;;\n", "\ufeff\n\r\n",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	zone, err := tabular.ParseZone("America/New_York")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, skip bool) {
		o := options(market.Hour1)
		o.SkipBad = skip
		if skip {
			o.Location = zone
		}
		got, report, err := tabular.ReadCSV(bytes.NewReader(b), "x.csv", o)
		if err != nil {
			return
		}
		if err := got.Validate(); err != nil {
			t.Fatal(err)
		}
		if got.Len() != report.Bars || report.Rows != report.Bars+report.Duplicates+report.Skipped.Total {
			t.Fatalf("%d bars, report %+v", got.Len(), report)
		}
		var text bytes.Buffer
		if err := tabular.WriteCSV(&text, got); err != nil {
			t.Fatal(err)
		}
		again, _, err := tabular.ReadCSV(&text, "x.csv", options(market.Hour1))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(got, again); d != "" {
			t.Fatal(d)
		}
	})
}

func ExampleReadCSV() {
	const text = `Date,Open,High,Low,Close,Adj Close,Volume
2020-01-02,74.06,75.15,73.80,75.09,73.25,135480400
2020-01-03,74.29,74.14,74.13,74.36,72.53,146322800
2020-01-06,73.45,74.99,73.19,74.95,73.11,null
`
	o := tabular.CSVOptions{Options: tabular.Options{Symbol: "AAPL", Timeframe: market.Day1}}
	_, _, err := tabular.ReadCSV(strings.NewReader(text), "AAPL.csv", o)
	fmt.Println(err)

	o.SkipBad = true
	bars, report, err := tabular.ReadCSV(strings.NewReader(text), "AAPL.csv", o)
	fmt.Println(bars.Close, report.Skipped.Total, report.UnknownVolumes, report.Ignored, err)
	// Output:
	// AAPL.csv: 1 bad rows, nothing was imported: mend them, or skip bad rows
	// AAPL.csv:3: High: 74.14 lies below the open or the close
	// [75.09 74.95] 1 1 [Adj Close] <nil>
}

// A regression makes imports slower. The aim is two million rows in a second.
func BenchmarkReadCSV(b *testing.B) {
	const rows = 200_000
	var text bytes.Buffer
	text.WriteString("timestamp,open,high,low,close,volume\n")
	for i := range rows {
		fmt.Fprintf(&text, "%s,1.58611,1.58618,1.58572,1.58599,1032\n", market.Stamp(1353042000+3600*int64(i)))
	}
	b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		b.ReportAllocs()
		var s market.Series
		for b.Loop() {
			var err error
			if s, _, err = tabular.ReadCSV(bytes.NewReader(text.Bytes()), "x.csv", options(market.Hour1)); err != nil {
				b.Fatal(err)
			}
		}
		for i := range rows {
			if want := (market.Bar{Time: 1353042000 + 3600*int64(i), Open: 1.58611, High: 1.58618, Low: 1.58572, Close: 1.58599, Volume: 1032}); s.Len() != rows || s.Bar(i) != want {
				b.Fatalf("bar %d of %d is %+v, want %+v", i, s.Len(), s.Bar(i), want)
			}
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
