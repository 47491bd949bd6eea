package ensemble

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// An Ensemble is one checked ensemble file, with every default written out. Parse
// makes one; the zero value is not an ensemble.
type Ensemble struct {
	Name        string
	Description string
	Members     []Member // in the order written
	Composition Composition
	Decisions   strategy.Decisions // filters, exits, sizing, costs and whether shorts are allowed
	Source      []byte             // the file as read
}

// A Member is a trained model of an ensemble.
type Member struct {
	Name   string
	Model  string // name or id of the trained model
	Output string // its output format, as in strategy files

	OwnExits bool // entries have the exits of the strategy that the model was trained by

	// Of a member of meta_classification: the signal model whose decisions it takes
	// or skips, the least probability at which it takes one, and whether that
	// probability takes the place of the confidence, by which entries are sized.
	Of        string
	Threshold float64
	Sizes     bool
}

// The ways to put models together.
const (
	RegimeRoute = "regime_route" // the regime says which signal model is asked
	Single      = "single"       // one signal model
)

// A Composition says which member is asked when.
type Composition struct {
	Type        string
	Model       string // of Single
	Gate        string // of RegimeRoute, as the next five
	Threshold   float64
	Hysteresis  float64
	Stability   int
	Rules       [Regimes]Rule
	Transition  string
	ContextGate string    // "" for none
	Modifiers   Modifiers // zero without a context gate
}

// What happens to a position when the regime changes.
const (
	CloseAndSwitch = "close_and_switch" // it is closed
	LetRun         = "let_run"          // the model of the new regime takes it over
)

// A Rule says what is done in one regime: Model is asked, or Action is taken.
type Rule struct {
	Model  string
	Action string
}

// What is done in a regime without a model.
const (
	ActFlat = "FLAT" // what is held is closed, and nothing is entered
	ActHold = "HOLD" // what is held stays, as its exits allow, and nothing is entered
)

// Regimes is how many regimes there are.
const Regimes = 4

// A Regime is an index into RegimeNames, or UnknownRegime.
type Regime int8

// The regimes that the rules name beside what the classes of the labels say.
const (
	UnknownRegime Regime = -1
	Volatile      Regime = 3
)

// RegimeNames returns the regimes as files name them, in the order of the classes
// of regime labels.
func RegimeNames() []string {
	var names []string
	for _, class := range label.Default(label.Regime).ClassNames() {
		names = append(names, strings.ToLower(class))
	}
	return names
}

// String returns the name, or unknown.
func (r Regime) String() string {
	if names := RegimeNames(); r >= 0 && int(r) < len(names) {
		return names[r]
	}
	return "unknown"
}

// Member returns the member of this name.
func (e *Ensemble) Member(name string) (Member, bool) {
	i := slices.IndexFunc(e.Members, func(m Member) bool { return m.Name == name })
	if i < 0 {
		return Member{}, false
	}
	return e.Members[i], true
}

// Trades tells whether the outputs of the member are signals.
func (m Member) Trades() bool {
	return strategy.Decisions{OutputFormat: m.Output}.Trades()
}

// Check returns an error where the model of the member was trained by a strategy
// of another kind.
func (m Member) Check(s *strategy.Strategy) error {
	if have := s.Decisions.OutputFormat; have != m.Output {
		return fmt.Errorf("member %s: its model %s was trained by strategy %s for %s, the ensemble says output_type %s: change one of the two", m.Name, m.Model, s.Name, have, m.Output)
	}
	return nil
}

// Unused returns what the strategy of a signal model says about positions and the
// ensemble does not take from it, by the keys of decisions.
func (e *Ensemble) Unused(m Member, s *strategy.Strategy) []string {
	var keys []string
	have, of := s.Decisions, e.Decisions
	if m.OwnExits {
		of.Exits = have.Exits
	}
	for _, x := range [...]struct {
		key       string
		have, of  any
		otherwise any // what is said where nothing is written
	}{
		{"exits", have.Exits, of.Exits, strategy.Exits{}}, {"sizing", have.Sizing, of.Sizing, strategy.Sizing{}},
		{"costs", have.Costs, of.Costs, strategy.Costs{}}, {"account", have.Account, of.Account, strategy.Account{}},
		{"fills", have.Fills, of.Fills, strategy.Fills{}},
	} {
		if !reflect.DeepEqual(x.have, x.otherwise) && !reflect.DeepEqual(x.have, x.of) {
			keys = append(keys, x.key)
		}
	}
	return keys
}

// Base returns the timeframe of decisions: that of the signal models, which must
// have one. by holds the strategy of each member under its name.
func (e *Ensemble) Base(by map[string]*strategy.Strategy) (market.Timeframe, error) {
	var first Member
	for _, m := range e.Members {
		switch {
		case !m.Trades() && m.Of == "":
		case first.Name == "":
			first = m // of the timeframe that all of them must have
		case by[m.Name].Base != by[first.Name].Base:
			return 0, fmt.Errorf("ensemble %s: member %s decides on %s and member %s on %s: want signal models, and meta-models on them, of one timeframe",
				e.Name, first.Name, by[first.Name].Base, m.Name, by[m.Name].Base)
		}
	}
	base := by[first.Name].Base
	if err := decision.ExitsOf(e.Trading(nil, base)).Validate(base); err != nil {
		return 0, fmt.Errorf("ensemble %s: exits on bars of %s: %w", e.Name, base, err)
	}
	return base, nil
}

// Exits returns whose exits the entries at each bar have, as the strategies that say
// them and the number of one of them per bar: first the ensemble, then the members
// that have their own, under their names. asked is that of a Routing. It returns nil
// where all have those of the ensemble.
//
// The exits are those of the member that was asked when an entry was decided. A
// position keeps them until it is closed, also where the regime has changed since and
// LetRun has another member asked: that one may only close it by a signal.
func (e *Ensemble) Exits(by map[string]*strategy.Strategy, asked []string) (of []*strategy.Strategy, at []uint8) {
	numbers := map[string]uint8{}
	of = []*strategy.Strategy{{Name: e.Name, Decisions: e.Decisions}}
	for _, m := range e.Members {
		if m.OwnExits {
			own := *by[m.Name]
			own.Name = m.Name
			numbers[m.Name] = uint8(len(of))
			of = append(of, &own)
		}
	}
	if len(of) == 1 {
		return nil, nil
	}
	at = make([]uint8, len(asked))
	for bar, name := range asked {
		at[bar] = numbers[name]
	}
	return of, at
}

// Trading returns what the ensemble says about positions in the form of a strategy
// that decides on symbols and base. Its signals are those of Route.
func (e *Ensemble) Trading(symbols []market.Symbol, base market.Timeframe) *strategy.Strategy {
	return &strategy.Strategy{Name: e.Name, Symbols: symbols, Timeframes: []market.Timeframe{base}, Base: base, Decisions: e.Decisions}
}

// Hash returns the SHA-256 of the file in hex.
func (e *Ensemble) Hash() string {
	sum := sha256.Sum256(e.Source)
	return hex.EncodeToString(sum[:])
}
