package model_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

const source = `
name: tiny
version: "3.0"
training_data:
  symbols: {mode: single, symbol: EURUSD}
  timeframes: {mode: single, timeframe: 1h}
indicators:
  rsi_14: {type: rsi, period: 14}
fuzzy_sets:
  level:
    indicator: rsi_14
    low: [0, 25, 50]
    high: [50, 75, 100]
nn_inputs:
  - {fuzzy_set: level, timeframes: all}
model:
  type: mlp
  architecture: {hidden_layers: [4], dropout: 0}
training:
  labels: {source: triple_barrier}
  seed: 3
decisions:
  output_format: classification
`

// tiny returns a model of source.
func tiny(t testing.TB) model.Model {
	t.Helper()
	s, err := grammar.Parse("tiny.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	classes := []string{"BUY", "HOLD", "SELL"}
	config, err := model.Config(s, classes)
	if err != nil {
		t.Fatal(err)
	}
	network, err := nn.New(config, nn.InitStream(1))
	if err != nil {
		t.Fatal(err)
	}
	return model.Model{
		Manifest: model.Manifest{
			Format: model.Format, Name: "tiny_1h", StrategyName: s.Name, StrategyHash: s.Hash(), EngineVersion: "test",
			Symbols: s.Symbols, Timeframes: s.Timeframes, Base: s.Base, OutputFormat: s.Decisions.OutputFormat, Classes: classes,
			Features: feature.SchemaOf(s), Network: config, Seed: s.Training.Seed,
			Training: model.Span{From: 100, To: 200}, KnownUntil: 300,
			Splits: model.Splits{Train: model.Split{Rows: 50, From: 100, Last: 140, To: 150}},
			Data:   []model.DataRef{{Symbol: "EURUSD", Timeframe: market.Hour1, SHA256: fmt.Sprintf("%064x", 5), Bars: 9, First: 1, Last: 2}},
		},
		StrategySource: []byte(source), Network: network, Metrics: json.RawMessage(`{"loss":0.5}`),
	}
}

func encode(t testing.TB, m model.Model) []byte {
	t.Helper()
	b, err := model.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestModel_round_trip(t *testing.T) {
	m := tiny(t)
	b := encode(t, m)
	got, err := model.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	want := m.Manifest
	want.StrategySHA256, want.WeightsSHA256, want.MetricsSHA256 = got.Manifest.StrategySHA256, got.Manifest.WeightsSHA256, got.Manifest.MetricsSHA256
	if d := cmp.Diff(want, got.Manifest); d != "" {
		t.Errorf("manifest (-want +got):\n%s", d)
	}
	x := []float32{0.25, 0.75}
	if !slices.Equal(got.Network.Infer(nil, x, 1), m.Network.Infer(nil, x, 1)) || string(got.Metrics) != string(m.Metrics) || string(got.StrategySource) != source {
		t.Error("network, metrics or strategy differ after a round trip")
	}
	if again := encode(t, got); !bytes.Equal(again, b) {
		t.Error("encoding what was decoded gives other bytes")
	}
}

// TestEncode_layout looks at the artifact as any zip reader does.
func TestEncode_layout(t *testing.T) {
	b := encode(t, tiny(t))
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var manifest map[string]any
	for _, f := range r.File {
		names = append(names, f.Name)
		if f.Method != zip.Store || f.Modified.Year() > 1980 || len(f.Extra) != 0 || f.ExternalAttrs != 0 {
			t.Errorf("%s: %+v, want it stored, without times and attributes", f.Name, f.FileHeader)
		}
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		switch f.Name {
		case "manifest.json":
			if err := json.Unmarshal(content, &manifest); err != nil {
				t.Fatal(err)
			}
		case "strategy.yaml":
			if manifest["strategy_sha256"] != hex.EncodeToString(sum[:]) || string(content) != source {
				t.Error("the strategy is not the one in the manifest")
			}
		case "weights.safetensors":
			if manifest["weights_sha256"] != hex.EncodeToString(sum[:]) {
				t.Error("the weights are not those in the manifest")
			}
		}
	}
	if want := []string{"manifest.json", "strategy.yaml", "weights.safetensors", "metrics.json"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
}

func TestEncode_refuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*model.Model)
		want   string
	}{
		"format":           {func(m *model.Model) { m.Manifest.Format = "ktrdr-model-2" }, "ktrdr-model-2"},
		"no_network":       {func(m *model.Model) { m.Network = nil }, "no network"},
		"metrics":          {func(m *model.Model) { m.Metrics = []byte("{") }, "metrics"},
		"no_name":          {func(m *model.Model) { m.Manifest.Name = "" }, "name"},
		"no_symbols":       {func(m *model.Model) { m.Manifest.Symbols = nil }, "symbols"},
		"members_of_one":   {func(m *model.Model) { m.Manifest.Members = []model.NetworkRef{{Fold: 1}} }, "asks for 1 networks, there are 1 and 1 members"},
		"two_networks":     {func(m *model.Model) { m.Others = []*nn.Network{m.Network} }, "asks for 1 networks, there are 2 and 0 members"},
		"temperature":      {func(m *model.Model) { m.Manifest.Temperature = 1 }, "temperature 1 with calibration"},
		"primary":          {func(m *model.Model) { m.Manifest.Primary = "abc" }, `primary model: "abc" is not a SHA-256`},
		"trained_for_0_s":  {func(m *model.Model) { m.Manifest.Training.To = m.Manifest.Training.From }, "want increasing times"},
		"strategy_broken":  {func(m *model.Model) { m.StrategySource = []byte("name: tiny") }, "strategy"},
		"strategy_other":   {func(m *model.Model) { m.StrategySource = []byte(strings.Replace(source, "25", "30", 1)) }, "hash"},
		"seed_other":       {func(m *model.Model) { m.Manifest.Seed++ }, "hash"},
		"symbol_other":     {func(m *model.Model) { m.Manifest.Symbols = []market.Symbol{"GBPUSD"} }, "hash"},
		"timeframe_other":  {func(m *model.Model) { m.Manifest.Timeframes = []market.Timeframe{market.Hour4} }, "hash"},
		"base_other":       {func(m *model.Model) { m.Manifest.Base = market.Hour4 }, "4h"},
		"features_other":   {func(m *model.Model) { m.Manifest.Features.Hash = fmt.Sprintf("%064x", 1) }, "features"},
		"features_renamed": {func(m *model.Model) { m.Manifest.Features.Names[0] = "1h_level_lower" }, "features"},
		"scaling_of_none": {func(m *model.Model) {
			m.Manifest.Scaling = feature.Scaling{{Feature: "1h_level_low", Method: "minmax", Scale: 1}}
		}, "no scaled input"},
		"classes_two":       {func(m *model.Model) { m.Manifest.Classes = []string{"BUY", "SELL"} }, "network"},
		"classes_twice":     {func(m *model.Model) { m.Manifest.Classes = []string{"BUY", "BUY", "SELL"} }, "twice"},
		"classes_none":      {func(m *model.Model) { m.Manifest.Classes = nil }, "classes"},
		"regression":        {func(m *model.Model) { m.Manifest.OutputFormat, m.Manifest.Classes = "regression", nil }, "classification"},
		"network_other":     {func(m *model.Model) { m.Manifest.Network.Hidden = []int{5} }, "network"},
		"training_backward": {func(m *model.Model) { m.Manifest.Training.To = 50 }, "increasing"},
		"known_too_early":   {func(m *model.Model) { m.Manifest.KnownUntil = m.Manifest.Training.To - 1 }, "increasing"},
		"data_hash":         {func(m *model.Model) { m.Manifest.Data[0].SHA256 = "abc" }, "SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			m := tiny(t)
			c.change(&m)
			if _, err := model.Encode(m); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}

type entry struct {
	name    string
	content []byte
}

// contents unzips an artifact.
func contents(t testing.TB, b []byte) []entry {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var list []entry
	for _, f := range r.File {
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{f.Name, content})
	}
	return list
}

// pack zips entries as an artifact is zipped.
func pack(t testing.TB, list []entry, change func(*zip.FileHeader)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range list {
		h := &zip.FileHeader{Name: e.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(e.content),
			CompressedSize64: uint64(len(e.content)), UncompressedSize64: uint64(len(e.content))}
		if change != nil {
			change(h)
		}
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecode_refuses(t *testing.T) {
	good := encode(t, tiny(t))
	if !bytes.Equal(pack(t, contents(t, good), nil), good) {
		t.Fatal("pack does not zip as Encode does")
	}
	compressed := func() []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, e := range contents(t, good) {
			f, err := w.Create(e.name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(e.content); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	// changed returns the artifact after f changed its files.
	changed := func(f func([]entry) []entry) []byte { return pack(t, f(contents(t, good)), nil) }
	manifest := func(old, new string) []byte {
		return changed(func(l []entry) []entry {
			text := strings.Replace(string(l[0].content), old, new, 1)
			if text == string(l[0].content) {
				t.Fatalf("the manifest has no %q", old)
			}
			l[0].content = []byte(text)
			return l
		})
	}
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"empty":              {nil, "zip"},
		"text":               {[]byte("not an archive"), "zip"},
		"cut":                {good[:len(good)-30], "zip"},
		"byte_flipped":       {flipped, ""},
		"bytes_before":       {append([]byte("#!/bin/sh\n"), good...), "more than its files"},
		"bytes_after":        {append(slices.Clone(good), 0), ""},
		"compressed":         {compressed(), "compressed"},
		"file_missing":       {changed(func(l []entry) []entry { return l[:3] }), "3 files"},
		"file_besides":       {changed(func(l []entry) []entry { return append(l, entry{"evil.sh", nil}) }), "file 5 is called"},
		"file_twice":         {changed(func(l []entry) []entry { return []entry{l[0], l[1], l[1], l[2]} }), "strategy.yaml"},
		"another_order":      {changed(func(l []entry) []entry { return []entry{l[1], l[0], l[2], l[3]} }), "strategy.yaml"},
		"path_upwards":       {changed(func(l []entry) []entry { l[3].name = "../metrics.json"; return l }), ""},
		"path_absolute":      {changed(func(l []entry) []entry { l[3].name = "/metrics.json"; return l }), ""},
		"comment":            {pack(t, contents(t, good), func(h *zip.FileHeader) { h.Comment = "hello" }), "more than its files"},
		"executable":         {pack(t, contents(t, good), func(h *zip.FileHeader) { h.ExternalAttrs = 0o755 << 16 }), "more than its files"},
		"extra":              {pack(t, contents(t, good), func(h *zip.FileHeader) { h.Extra = []byte{1, 2, 0, 0} }), "more than its files"},
		"checksum":           {pack(t, contents(t, good), func(h *zip.FileHeader) { h.CRC32++ }), "checksum"},
		"size_huge":          {pack(t, contents(t, good), func(h *zip.FileHeader) { h.UncompressedSize64, h.CompressedSize64 = 1<<40, 1<<40 }), ""},
		"metrics_changed":    {changed(func(l []entry) []entry { l[3].content = []byte("{}"); return l }), "metrics.json has the hash"},
		"weights_changed":    {changed(func(l []entry) []entry { l[2].content[len(l[2].content)-1] ^= 1; return l }), "weights.safetensors has the hash"},
		"strategy_changed":   {changed(func(l []entry) []entry { l[1].content = append(l[1].content, '#'); return l }), "strategy.yaml has the hash"},
		"manifest_not_json":  {changed(func(l []entry) []entry { l[0].content = []byte("{"); return l }), "manifest"},
		"manifest_followed":  {changed(func(l []entry) []entry { l[0].content = append(l[0].content, "{}"...); return l }), "manifest"},
		"format_later":       {manifest(model.Format, "ktrdr-model-9"), "ktrdr-model-9"},
		"field_unknown":      {manifest(`"seed"`, `"exec"`), "exec"},
		"shape":              {manifest(`"inputs": 2`, `"inputs": 3`), "weights"},
		"shape_huge":         {manifest(`"inputs": 2`, `"inputs": 60000`), "weights"},
		"shape_negative":     {manifest(`"inputs": 2`, `"inputs": -2`), "inputs"},
		"dropout":            {manifest(`"dropout": 0`, `"dropout": 0.5`), "network"},
		"schema":             {manifest(`1h_level_low`, `1h_level_lot`), "features"},
		"timeframe_unknown":  {manifest(`"base_timeframe": "1h"`, `"base_timeframe": "7h"`), "7h"},
		"known_until_before": {manifest(`"known_until": 300`, `"known_until": 1`), "increasing"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := model.Decode(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	good := encode(f, tiny(f))
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(pack(f, contents(f, good)[:2], nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := model.Decode(b)
		if err != nil {
			return
		}
		if _, err := model.Encode(m); err != nil {
			t.Fatalf("a model that was read cannot be written: %v", err)
		}
	})
}

// FuzzDecode_manifest changes the manifest inside an archive that is otherwise
// right, which the fuzzer cannot reach through the checksums.
func FuzzDecode_manifest(f *testing.F) {
	list := contents(f, encode(f, tiny(f)))
	f.Add(list[0].content)
	f.Fuzz(func(t *testing.T, manifest []byte) {
		changed := slices.Clone(list)
		changed[0].content = manifest
		m, err := model.Decode(pack(t, changed, nil))
		if err != nil {
			return
		}
		if _, err := model.Encode(m); err != nil {
			t.Fatalf("a model that was read cannot be written: %v", err)
		}
	})
}
