package model_test

import (
	"math"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// TestReadable: windows of three rows end where three known rows follow one
// another; a weekend is no hole, more than four days are.
func TestReadable(t *testing.T) {
	const hour = 3600
	nan := float32(math.NaN())
	x := feature.Matrix{Timeframe: market.Hour1, Width: 2, Time: []int64{0, hour, 2 * hour, 3 * hour, 4 * hour, 5 * hour,
		6*hour + model.MaxPause, 7*hour + model.MaxPause, 9*hour + 2*model.MaxPause, 10*hour + 2*model.MaxPause, 11*hour + 2*model.MaxPause}}
	for i := range x.Time {
		x.Data = append(x.Data, float32(i), 1)
	}
	x.Data[2*2+1] = nan // row 2
	want := []bool{false, false, false, false, false, true, true, true, false, false, true}
	if got := model.Readable(x, 3); !slices.Equal(got, want) {
		t.Errorf("readable %v, want %v", got, want)
	}
	want = slices.Repeat([]bool{true}, 11)
	want[2] = false
	if got := model.Readable(x, 1); !slices.Equal(got, want) {
		t.Errorf("readable row by row %v, want %v", got, want)
	}
}

// TestModel_Outputs asks at part of the rows: the windows are those of the
// network, and rows that cannot be asked are zero.
func TestModel_Outputs(t *testing.T) {
	c := nn.Config{Cell: nn.GRU, Window: 3, Inputs: 2, Hidden: []int{4}, Outputs: 2}
	n, err := nn.New(c, nn.InitStream(1))
	if err != nil {
		t.Fatal(err)
	}
	m := model.Model{Network: n}
	x := feature.Matrix{Width: 2, Data: []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, Time: make([]int64, 5)}
	got := m.Outputs(x, []bool{false, false, true, false, true}, 1, 5)
	want := slices.Concat([]float32{0, 0}, n.Infer(nil, x.Data[:6], 1), []float32{0, 0}, n.Infer(nil, x.Data[4:], 1))
	if !slices.Equal(got, want) {
		t.Errorf("outputs %v, want %v", got, want)
	}
}

// TestModel_Outputs_several: the outputs of several networks are what they say
// together: of numbers the mean, of classes the logarithm of the mean probability at
// the temperature of each.
func TestModel_Outputs_several(t *testing.T) {
	for name, classes := range map[string][]string{"numbers": nil, "classes": {"UP", "DOWN"}} {
		t.Run(name, func(t *testing.T) {
			var m model.Model
			temperatures := []float64{2, 0.5, 1}
			var all []*nn.Network
			for k, temperature := range temperatures {
				n, err := nn.New(nn.Config{Inputs: 2, Hidden: []int{4}, Outputs: 2}, nn.InitStream(uint64(k)))
				if err != nil {
					t.Fatal(err)
				}
				if classes == nil {
					temperature = 0
				}
				all = append(all, n)
				m.Manifest.Members = append(m.Manifest.Members, model.NetworkRef{Temperature: temperature})
			}
			m.Network, m.Others, m.Manifest.Classes = all[0], all[1:], classes
			x := feature.Matrix{Width: 2, Data: []float32{1, 2, -3, 4, 5, -6}, Time: make([]int64, 3)}
			got := m.Outputs(x, []bool{true, false, true}, 0, 3)
			for row := range 3 {
				for c := range 2 {
					want := 0.0
					for k, n := range all {
						z := n.Infer(nil, x.Data[2*row:2*row+2], 1)
						if classes == nil {
							want += float64(z[c]) / 3
							continue
						}
						other := float64(z[1-c]-z[c]) / temperatures[k]
						want += 1 / (1 + math.Exp(other)) / 3
					}
					if classes != nil {
						want = math.Log(want)
					}
					if row == 1 {
						want = 0
					}
					if math.Abs(float64(got[2*row+c])-want) > 1e-6 {
						t.Errorf("output %d of row %d is %v, want %v", c, row, got[2*row+c], want)
					}
				}
			}
		})
	}
}
