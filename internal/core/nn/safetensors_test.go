package nn_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

func TestSafetensors_round_trip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := network(drawConfig(t), rapid.Uint64().Draw(t, "seed"))
		b, err := n.AppendSafetensors([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := nn.ParseSafetensors(b[len("before"):], n.Config())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(nn.Get(m), nn.Get(n)) {
			t.Error("weights differ after a round trip")
		}
	})
}

// TestSafetensors_layout writes the file of a network by hand, after the format
// description of the safetensors project: eight bytes of length, the header
// padded with spaces to a multiple of eight, the data.
func TestSafetensors_layout(t *testing.T) {
	n := network(nn.Config{Inputs: 2, Hidden: []int{1}, Outputs: 1}, 1)
	nn.Set(n, []float32{1, 2, 3, 4, 5})
	header := `{"0.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"0.bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},` +
		`"3.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[12,16]},"3.bias":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}`
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	want := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	for _, v := range []float32{1, 2, 3, 4, 5} {
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(v))
	}
	got, err := n.AppendSafetensors(nil)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("AppendSafetensors = %q, %v, want %q", got, err, want)
	}
	// In the order of PyTorch: y = W2 relu(W1 x + b1) + b2.
	if y := n.Infer(nil, []float32{10, 20}, 1); y[0] != 4*(1*10+2*20+3)+5 {
		t.Errorf("Infer = %v, want 217", y[0])
	}
}

// rewrite returns a file with another header before the same data.
func rewrite(t testing.TB, b []byte, change func(map[string]any)) []byte {
	t.Helper()
	size := binary.LittleEndian.Uint64(b)
	var header map[string]any
	if err := json.Unmarshal(b[8:8+size], &header); err != nil {
		t.Fatal(err)
	}
	change(header)
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text, b[8+size:])
}

func small(t testing.TB) (*nn.Network, []byte) {
	n := network(nn.Config{Inputs: 3, Hidden: []int{2}, Outputs: 2}, 1)
	b, err := n.AppendSafetensors(nil)
	if err != nil {
		t.Fatal(err)
	}
	return n, b
}

func TestParseSafetensors_metadata(t *testing.T) {
	n, b := small(t)
	b = rewrite(t, b, func(h map[string]any) { h["__metadata__"] = map[string]string{"format": "pt"} })
	if _, err := nn.ParseSafetensors(b, n.Config()); err != nil {
		t.Errorf("with metadata and the tensors in another order: %v", err)
	}
}

func TestParseSafetensors_refuses(t *testing.T) {
	n, good := small(t)
	tensor := func(dtype string, from, to int, shape ...int) map[string]any {
		return map[string]any{"dtype": dtype, "shape": shape, "data_offsets": []int{from, to}}
	}
	headed := func(change func(map[string]any)) []byte { return rewrite(t, good, change) }
	length := func(n uint64) []byte { return slices.Concat(binary.LittleEndian.AppendUint64(nil, n), good[8:]) }
	nan := slices.Clone(good)
	binary.LittleEndian.PutUint32(nan[len(nan)-4:], 0x7fc00000)
	infinite := slices.Clone(good)
	binary.LittleEndian.PutUint32(infinite[len(infinite)-8:], 0xff800000)
	for name, b := range map[string][]byte{
		"empty":               nil,
		"seven_bytes":         good[:7],
		"header_cut":          good[:40],
		"data_cut":            good[:len(good)-4],
		"data_too_long":       append(slices.Clone(good), 0, 0, 0, 0),
		"length_huge":         length(math.MaxUint64),
		"length_above_limit":  length(nn.MaxSafetensorsHeader + 1),
		"length_beyond_file":  length(uint64(len(good))),
		"not_json":            append([]byte{4, 0, 0, 0, 0, 0, 0, 0}, "nope"...),
		"json_list":           append([]byte{2, 0, 0, 0, 0, 0, 0, 0}, "[]"...),
		"weight_nan":          nan,
		"weight_infinite":     infinite,
		"tensor_missing":      headed(func(h map[string]any) { delete(h, "3.bias") }),
		"tensor_besides":      headed(func(h map[string]any) { h["6.bias"] = tensor("F32", 0, 8, 2) }),
		"dtype":               headed(func(h map[string]any) { h["3.bias"] = tensor("F16", 48, 56, 2) }),
		"shape":               headed(func(h map[string]any) { h["0.weight"] = tensor("F32", 0, 24, 3, 2) }),
		"shape_flat":          headed(func(h map[string]any) { h["0.weight"] = tensor("F32", 0, 24, 6) }),
		"overlap":             headed(func(h map[string]any) { h["3.bias"] = tensor("F32", 24, 32, 2) }),
		"beyond_data":         headed(func(h map[string]any) { h["3.bias"] = tensor("F32", 52, 60, 2) }),
		"negative_offset":     headed(func(h map[string]any) { h["3.bias"] = tensor("F32", -8, 0, 2) }),
		"backwards":           headed(func(h map[string]any) { h["3.bias"] = tensor("F32", 56, 48, 2) }),
		"three_offsets":       headed(func(h map[string]any) { h["3.bias"].(map[string]any)["data_offsets"] = []int{48, 56, 64} }),
		"fraction":            headed(func(h map[string]any) { h["3.bias"].(map[string]any)["data_offsets"] = []float64{48.5, 56.5} }),
		"unknown_field":       headed(func(h map[string]any) { h["3.bias"].(map[string]any)["code"] = "x" }),
		"metadata_of_numbers": headed(func(h map[string]any) { h["__metadata__"] = 5 }),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := nn.ParseSafetensors(b, n.Config()); err == nil {
				t.Error("no error")
			}
		})
	}
	twice := []byte(`{"0.weight":{},"0.weight":{}}`)
	b := slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(twice))), twice, make([]byte, 4*14))
	if _, err := nn.ParseSafetensors(b, n.Config()); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a tensor that occurs twice: error %v", err)
	}
	// A large shape must not cost memory before the data are seen to be there.
	if _, err := nn.ParseSafetensors(good, nn.Config{Inputs: 1000, Hidden: []int{8000}, Outputs: 1}); err == nil {
		t.Error("another shape: no error")
	}
}

func TestAppendSafetensors_refuses_nan(t *testing.T) {
	n, _ := small(t)
	w := nn.Get(n)
	w[3] = float32(math.NaN())
	nn.Set(n, w)
	if _, err := n.AppendSafetensors(nil); err == nil || !strings.Contains(err.Error(), "0.weight element 3") {
		t.Errorf("error %v, want one that names the weight", err)
	}
}

func FuzzParseSafetensors(f *testing.F) {
	n, good := small(f)
	f.Add(good)
	f.Add(good[:50])
	f.Add(rewrite(f, good, func(h map[string]any) { delete(h, "0.bias") }))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := nn.ParseSafetensors(b, n.Config())
		if err != nil {
			return
		}
		again, err := m.AppendSafetensors(nil)
		if err != nil {
			t.Fatalf("a network that was read cannot be written: %v", err)
		}
		k, err := nn.ParseSafetensors(again, n.Config())
		if err != nil || !slices.Equal(nn.Get(k), nn.Get(m)) {
			t.Fatalf("weights differ after writing and reading: %v", err)
		}
	})
}
