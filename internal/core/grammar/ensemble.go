package grammar

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

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

func (d *decoder) ensemble(s *strategy.Strategy, f document.Mapping) {
	n, ok := f.Get("ensemble")
	if !ok {
		return
	}
	if f, ok = n.Mapping(ensembleShape); !ok {
		return
	}
	e := strategy.Ensemble{Seeds: f.Whole("seeds", 1, 1, maxSeeds), Folds: f.Whole("folds", 1, 1, maxFolds)}
	switch count := e.Networks(); {
	case count == 1:
		n.Problem("one network is no ensemble: want seeds or folds above 1, or remove it")
	case count > maxNetworks:
		n.Problem("seeds times folds are %d networks: want at most %d", count, maxNetworks)
	}
	s.Training.Ensemble = e
}
