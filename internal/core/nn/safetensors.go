package nn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// MaxSafetensorsHeader bounds the header that ParseSafetensors reads. The
// largest network has 66 tensors of less than 120 bytes each.
const MaxSafetensorsHeader = 1 << 16

// tensor names one array of the state dictionary: the weights (O,I) or biases
// (O) of a layer under the name that torch.nn.Sequential(Linear, activation,
// Dropout, Linear, …) gives them; with layer normalization it is
// Sequential(Linear, LayerNorm, activation, Dropout, Linear, …).
type tensor struct {
	name  string
	shape []int
	at    func(n *Network, k int) *float32 // element k, row-major
}

func (t tensor) len() int {
	size := 1
	for _, d := range t.shape {
		size *= d
	}
	return size
}

// tensors lists the state dictionary in its order: 0.weight, 0.bias, 3.weight …,
// or 0.weight, 0.bias, 1.weight, 1.bias, 4.weight … with layer normalization. A
// recurrent network has lstm.… or gru.… and then fc.weight, fc.bias.
func (n *Network) tensors() []tensor {
	list := n.cellTensors()
	place := 0
	for _, l := range n.layers {
		name := strconv.Itoa(place)
		if n.config.Cell != Perceptron {
			name = "fc"
		}
		place += 3
		list = append(list,
			tensor{name + ".weight", []int{l.out, l.in}, func(n *Network, k int) *float32 { return n.at(l, k/l.in, k%l.in) }},
			tensor{name + ".bias", []int{l.out}, func(n *Network, k int) *float32 { return n.at(l, k, l.in) }})
		if l.normed {
			name := strconv.Itoa(place - 2)
			place++
			list = append(list,
				tensor{name + ".weight", []int{l.out}, func(n *Network, k int) *float32 { gain, _ := l.norm(n.weight); return &gain[k] }},
				tensor{name + ".bias", []int{l.out}, func(n *Network, k int) *float32 { _, bias := l.norm(n.weight); return &bias[k] }})
		}
	}
	return list
}

// AppendSafetensors appends the weights in the safetensors format and returns
// the extended slice. The names and shapes are those of PyTorch's state
// dictionary for Sequential(Linear, activation, Dropout, Linear, …), so
// load_state_dict takes the file as it is. The same weights give the same
// bytes. A weight that is NaN or infinite is an error.
func (n *Network) AppendSafetensors(b []byte) ([]byte, error) {
	var header bytes.Buffer
	header.WriteByte('{')
	offset := 0
	for i, t := range n.tensors() {
		if i > 0 {
			header.WriteByte(',')
		}
		shape, err := json.Marshal(t.shape)
		if err != nil {
			return nil, fmt.Errorf("shape of %s: %w", t.name, err)
		}
		end := offset + 4*t.len()
		fmt.Fprintf(&header, `%q:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, t.name, shape, offset, end)
		offset = end
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(header.Len()))
	b = append(b, header.Bytes()...)
	for _, t := range n.tensors() {
		for k := range t.len() {
			v := *t.at(n, k)
			if !finite(v) {
				return nil, fmt.Errorf("tensor %s element %d is %v: a network with such a weight is not stored", t.name, k, v)
			}
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	return b, nil
}

func finite(v float32) bool { return math.Float32bits(v)>>23&0xff != 0xff }

// tensorInfo is what a safetensors header says about one tensor.
type tensorInfo struct {
	Dtype   string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// ParseSafetensors reads the weights of a network of shape c. Every tensor of
// the shape must be there once as F32 with its exact shape, none besides, the
// data must be covered without a hole or an overlap, and every weight must be
// finite. A __metadata__ entry of texts is allowed and ignored.
func ParseSafetensors(b []byte, c Config) (*Network, error) {
	header, data, err := splitSafetensors(b)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	// Before anything is allocated for the shape.
	if len(data) != 4*c.Parameters() {
		return nil, fmt.Errorf("safetensors: %d bytes of data: want %d for %d parameters", len(data), 4*c.Parameters(), c.Parameters())
	}
	n, err := blank(c)
	if err != nil {
		return nil, err
	}
	infos, err := parseTensorInfos(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	var spans [][]int64
	for _, t := range n.tensors() {
		info, ok := infos[t.name]
		if !ok {
			return nil, fmt.Errorf("safetensors: tensor %s is missing: the weights belong to another network", t.name)
		}
		delete(infos, t.name)
		if err := t.check(info, int64(len(data))); err != nil {
			return nil, fmt.Errorf("safetensors: tensor %s: %w", t.name, err)
		}
		spans = append(spans, info.Offsets)
		if err := t.read(n, data[info.Offsets[0]:info.Offsets[1]]); err != nil {
			return nil, fmt.Errorf("safetensors: tensor %s: %w", t.name, err)
		}
	}
	for name := range infos {
		return nil, fmt.Errorf("safetensors: tensor %q is not part of the network %v", name, c)
	}
	slices.SortFunc(spans, slices.Compare)
	end := int64(0) // the lengths add up to the data, so only an overlap makes a hole
	for _, span := range spans {
		if span[0] != end {
			return nil, fmt.Errorf("safetensors: the tensors overlap or leave a hole at byte %d of the data", min(end, span[0]))
		}
		end = span[1]
	}
	return n, nil
}

// splitSafetensors cuts the file into its header and its data.
func splitSafetensors(b []byte) (header, data []byte, err error) {
	if len(b) < 8 {
		return nil, nil, fmt.Errorf("%d bytes are too few for a header", len(b))
	}
	size := binary.LittleEndian.Uint64(b)
	switch {
	case size > MaxSafetensorsHeader:
		return nil, nil, fmt.Errorf("header of %d bytes: want at most %d", size, MaxSafetensorsHeader)
	case size > uint64(len(b)-8):
		return nil, nil, fmt.Errorf("header of %d bytes in a file of %d", size, len(b))
	}
	return b[8 : 8+size], b[8+size:], nil
}

// parseTensorInfos reads the header strictly: one object, no name twice, no
// unknown field.
func parseTensorInfos(header []byte) (map[string]tensorInfo, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	d.DisallowUnknownFields()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("want a JSON object")
	}
	infos := map[string]tensorInfo{}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string) // a key is always a string
		if seen[name] {
			return nil, fmt.Errorf("tensor %q occurs twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			var metadata map[string]string
			if err := d.Decode(&metadata); err != nil {
				return nil, fmt.Errorf("__metadata__: %w", err)
			}
			continue
		}
		var info tensorInfo
		if err := d.Decode(&info); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		infos[name] = info
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text follows the JSON object")
	}
	return infos, nil
}

// check compares what the header says with what the network needs.
func (t tensor) check(info tensorInfo, size int64) error {
	if info.Dtype != "F32" {
		return fmt.Errorf("dtype %q: want F32", info.Dtype)
	}
	if !slices.Equal(info.Shape, t.shape) {
		return fmt.Errorf("shape %v: want %v", info.Shape, t.shape)
	}
	if len(info.Offsets) != 2 {
		return fmt.Errorf("data_offsets %v: want a begin and an end", info.Offsets)
	}
	from, to := info.Offsets[0], info.Offsets[1]
	if from < 0 || to > size || to-from != int64(4*t.len()) || from > to {
		return fmt.Errorf("data_offsets %v: want %d of the %d bytes of data", info.Offsets, 4*t.len(), size)
	}
	return nil
}

// read fills the tensor from little-endian bytes.
func (t tensor) read(n *Network, data []byte) error {
	for k := range t.len() {
		v := math.Float32frombits(binary.LittleEndian.Uint32(data[4*k:]))
		if !finite(v) {
			return fmt.Errorf("element %d is %v: want a finite weight", k, v)
		}
		*t.at(n, k) = v
	}
	return nil
}
