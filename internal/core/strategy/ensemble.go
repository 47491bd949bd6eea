package strategy

import "github.com/ktrdr/ktrdr/internal/core/document"

// Ensemble says of how many networks a model is made, whose calibrated
// probabilities, or predicted numbers, are averaged. The zero value is one network.
type Ensemble struct {
	Seeds int // networks that begin with other weights, on each fold
	Folds int // parts of the rows before the test part, each of which validates in turn; 1 validates by data_split
}

// Networks returns how many networks there are.
func (e Ensemble) Networks() int { return max(1, e.Seeds) * max(1, e.Folds) }

const (
	maxSeeds    = 32
	maxFolds    = 20
	maxNetworks = 64
)

var ensembleShape = document.Keys{
	Names: []string{"seeds", "folds"},
	Hints: map[string]string{
		"seed": "it stands under training; the key here is called seeds", "k": "the key is called folds", "members": "write seeds and folds",
		"models": "several models are put together by an ensemble file: see ktrdr ensemble validate",
	},
}

func (d *decoder) ensemble(s *Strategy, f document.Mapping) {
	n, ok := f.Get("ensemble")
	if !ok {
		return
	}
	if f, ok = n.Mapping(ensembleShape); !ok {
		return
	}
	e := Ensemble{Seeds: f.Whole("seeds", 1, 1, maxSeeds), Folds: f.Whole("folds", 1, 1, maxFolds)}
	switch count := e.Networks(); {
	case count == 1:
		n.Problem("one network is no ensemble: want seeds or folds above 1, or remove it")
	case count > maxNetworks:
		n.Problem("seeds times folds are %d networks: want at most %d", count, maxNetworks)
	}
	s.Training.Ensemble = e
}

// ensembleObject is the ensemble in the form of the file.
func ensembleObject(e Ensemble) object { return object{{"seeds", e.Seeds}, {"folds", e.Folds}} }
