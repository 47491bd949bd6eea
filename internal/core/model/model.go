package model

import (
	"encoding/json"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Format is the version of the artifact that Encode writes and the only one
// that Decode reads.
const Format = "ktrdr-model-1"

// A Model is a trained network and everything that is needed to use it and to
// judge it. The zero value is not a model; core/train and Decode make one.
type Model struct {
	Manifest       Manifest
	StrategySource []byte          // the strategy file as it was read
	Network        *nn.Network     // the weights
	Others         []*nn.Network   // of an ensemble: further networks, in the order of Manifest.Members from the second on
	Metrics        json.RawMessage // what the training measured, on the weights above
}

// A Manifest says what a model is. It holds nothing that differs between two
// trainings of the same inputs; above all no time of creation.
type Manifest struct {
	Format        string             `json:"format"`
	Name          string             `json:"name"`
	StrategyName  string             `json:"strategy_name"`
	StrategyHash  string             `json:"strategy_hash"` // of the meaning trained: the file narrowed to Symbols, Timeframes and Seed
	EngineVersion string             `json:"engine_version"`
	Symbols       []market.Symbol    `json:"symbols"`
	Timeframes    []market.Timeframe `json:"timeframes"`
	Base          market.Timeframe   `json:"base_timeframe"`
	OutputFormat  string             `json:"output_format"`
	Classes       []string           `json:"classes"` // the meaning of each output, in order; null for a regression
	Features      feature.Schema     `json:"features"`
	Scaling       feature.Scaling    `json:"scaling,omitempty"` // of the scaled inputs, fitted to the training rows
	Network       nn.Config          `json:"network"`
	Temperature   float64            `json:"temperature,omitempty"` // what the outputs are divided by before they become probabilities; 0 is not at all
	Members       []NetworkRef       `json:"members,omitempty"`     // of an ensemble: its networks, Model.Network first
	Seed          uint64             `json:"seed"`
	Training      Span               `json:"training_span"` // what the weights were fitted to and chosen by
	Splits        Splits             `json:"splits"`
	KnownUntil    int64              `json:"known_until"` // Unix second: no later bar had a say in anything but the judgement; a backtest that begins earlier is in-sample
	Data          []DataRef          `json:"data"`
	Primary       string             `json:"primary_sha256,omitempty"` // of labels on the decisions of another model: that model

	// Set by Encode and verified by Decode: SHA-256 of the other parts.
	StrategySHA256 string `json:"strategy_sha256"`
	WeightsSHA256  string `json:"weights_sha256"`
	MetricsSHA256  string `json:"metrics_sha256"`
}

// A NetworkRef is one network of an ensemble.
type NetworkRef struct {
	Fold        int     `json:"fold"` // from 1: the part of the rows that validated it
	Seed        uint64  `json:"seed"`
	Temperature float64 `json:"temperature,omitempty"` // what its outputs are divided by
	SHA256      string  `json:"sha256"`                // of its weights; set by Encode
}

// A Span is from the opening of the first bar that is decided on to the moment
// To from which the last label is known, in Unix seconds.
type Span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Splits are the parts into which the rows were divided, in the order of time.
type Splits struct {
	Train      Split `json:"train"`
	Validation Split `json:"validation"`
	Test       Split `json:"test"`
}

// A Split is the rows of one part after purge and embargo.
type Split struct {
	Rows int   `json:"rows"`
	From int64 `json:"from"` // when the first decision bar opens
	Last int64 `json:"last"` // when the last decision bar opens
	To   int64 `json:"to"`   // when the last label is known
}

// A DataRef pins bars that were trained on by the hash of their snapshot.
type DataRef struct {
	Symbol    market.Symbol    `json:"symbol"`
	Timeframe market.Timeframe `json:"timeframe"`
	SHA256    string           `json:"sha256"`
	Bars      int              `json:"bars"`
	First     int64            `json:"first"` // Unix second at which the first bar opens
	Last      int64            `json:"last"`  // and the last
}

// Strategy parses the strategy of the model and narrows it to the symbols, the
// timeframes and the seed that were trained.
func (m Model) Strategy() (*strategy.Strategy, error) {
	s, err := grammar.Parse(strategyFile, m.StrategySource)
	if err != nil {
		return nil, fmt.Errorf("strategy of the model: %w", err)
	}
	if s, err = s.With(m.Manifest.Symbols, m.Manifest.Timeframes); err != nil {
		return nil, fmt.Errorf("strategy of the model: %w", err)
	}
	seeded := *s
	seeded.Training.Seed = m.Manifest.Seed
	return &seeded, nil
}
