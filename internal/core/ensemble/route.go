package ensemble

import (
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A Voice is what a signal model says at the bars that are decided on.
type Voice struct {
	Strategy *strategy.Strategy // by which the model was trained
	Classes  []string           // of the model
	Outputs  []float32          // row-major, a row per bar
	Known    []bool             // at which bars the model could be asked
	Events   []bool             // at which bars it may be asked; nil for every bar
	Meta     *Advice            // nil without a meta-model
}

// An Advice is what a meta-model says of the decisions of a signal model, at the
// same bars.
type Advice struct {
	Classes   []string
	Outputs   []float32 // row-major
	Known     []bool
	Threshold float64
	Sizes     bool
}

// A Gathering is what all members say at the bars that are decided on, each as of
// the last closed bar of its own timeframe.
type Gathering struct {
	Times   []int64           // when each bar opens
	Regimes []Regime          // nil for Single
	Context []Leaning         // nil without a context gate
	Voices  map[string]*Voice // by the names of the signal models
}

// A Routing is what follows. Both slices have one element per bar.
type Routing struct {
	Signals []decision.Raw
	Asked   []string // the member that was asked; "" for none
}

// Route says what the ensemble says at each bar, in the form of the signals of one
// model. Thresholds are applied here: rules that have none of their own decide by
// the result.
//
//   - The regime is not known: nothing is entered (decision.NoRegime).
//   - The rule of the regime is an action: nothing is entered
//     (decision.OutOfRegime), and ActFlat closes what is held.
//   - Else the model of the rule is asked: what it withholds is withheld, with the
//     reason it has; decision.BelowContext is what only the context withholds.
//   - Where the regime is another one than at the last bar at which it was known,
//     CloseAndSwitch closes what is held, whichever model the new regime has.
//
// Shape:   every column of g has the length of g.Times.
// Errors:  a model whose classes or outputs are not those of signals.
func (e *Ensemble) Route(g Gathering) (Routing, error) {
	r := Routing{Signals: make([]decision.Raw, len(g.Times)), Asked: make([]string, len(g.Times))}
	asked := map[string]*adviser{}
	for name, v := range g.Voices {
		a, err := adviserOf(v, g.Times)
		if err != nil {
			return Routing{}, fmt.Errorf("ensemble %s: member %s: %w", e.Name, name, err)
		}
		asked[name] = a
	}
	before := UnknownRegime
	for i := range g.Times {
		rule := Rule{Model: e.Composition.Model}
		if e.Composition.Type == RegimeRoute {
			regime := g.Regimes[i]
			if regime == UnknownRegime {
				r.Signals[i] = decision.Raw{Known: true, Withheld: decision.NoRegime}
				continue
			}
			rule = e.Composition.Rules[regime]
			if before != UnknownRegime && regime != before && e.Composition.Transition == CloseAndSwitch {
				r.Signals[i].Leave = true
			}
			before = regime
		}
		r.Asked[i] = rule.Model
		r.Signals[i] = e.follow(rule, asked[rule.Model], g, i, r.Signals[i].Leave)
	}
	return r, nil
}

// follow returns the signal of bar i by its rule.
func (e *Ensemble) follow(rule Rule, a *adviser, g Gathering, i int, leave bool) decision.Raw {
	if rule.Model == "" {
		return decision.Raw{Known: true, Withheld: decision.OutOfRegime, Leave: leave || rule.Action == ActFlat}
	}
	buy, sell := 1.0, 1.0
	raw := decision.Raw{}
	if g.Context == nil {
		raw = a.says(i, buy, sell)
	} else if l := g.Context[i]; l.Known {
		buy, sell = e.Composition.Modifiers.factors(l)
		raw = a.says(i, buy, sell)
	}
	if leave && !raw.Known { // what is held is left even where nothing can be said about entries
		raw = decision.Raw{Known: true, Withheld: decision.NoFeatures}
	}
	raw.Leave = leave
	return raw
}

// An adviser reads one voice.
type adviser struct {
	voice *Voice
	head  decision.Head
	rules decision.Rules // of its strategy, for somebody who holds nothing and may do everything
	raws  []decision.Raw // by its own threshold
	take  int            // column of the class TAKE in the outputs of its meta-model
}

func adviserOf(v *Voice, times []int64) (*adviser, error) {
	head, err := decision.HeadOf(v.Strategy, v.Classes)
	if err != nil {
		return nil, err
	}
	a := &adviser{voice: v, head: head, rules: decision.RulesOf(v.Strategy)}
	a.rules.AllowShort, a.rules.MinSignalSeparation = true, 0
	if v.Meta != nil {
		at, err := order(v.Meta.Classes, []string{"SKIP", "TAKE"})
		if err != nil {
			return nil, fmt.Errorf("its meta-model: %w", err)
		}
		for row, known := range v.Meta.Known {
			if known {
				err = errors.Join(err, checkRow(v.Meta.Outputs[2*row:2*row+2], row))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("its meta-model: %w", err)
		}
		a.take = at[1]
	}
	a.raws, err = head.DecodeKnown(nil, v.Outputs, times, v.Known)
	return a, err
}

// says returns the signal of bar i with thresholds multiplied by buy and sell.
func (a *adviser) says(i int, buy, sell float64) decision.Raw {
	raw := a.raws[i]
	_, own := a.rules.Decide(raw, decision.Flat, decision.NeverEntered)
	why := own
	if buy != 1 || sell != 1 {
		raw, why = a.weighed(i, buy, sell)
	}
	if a.voice.Events != nil && !a.voice.Events[i] {
		why = decision.NoEvent
	} else if own == decision.Acted && why != decision.Acted {
		why = decision.BelowContext
	}
	if raw.Known {
		raw.Withheld = why
	}
	return a.advised(raw, i)
}

// advised asks the meta-model about a signal that stands. What it cannot be asked
// about, it skips; an exit is not for it to decide (decision.Skipped).
func (a *adviser) advised(raw decision.Raw, i int) decision.Raw {
	m := a.voice.Meta
	if m == nil || !raw.Known || raw.Withheld != decision.Acted {
		return raw
	}
	if !m.Known[i] {
		raw.Withheld = decision.Skipped
		return raw
	}
	var p [2]float32
	probabilities(p[:], m.Outputs[2*i:2*i+2])
	switch take := p[a.take]; {
	case take < float32(m.Threshold):
		raw.Withheld = decision.Skipped
	case m.Sizes:
		raw.Confidence = take
	}
	return raw
}

// weighed returns the signal of bar i, and what the rules say of it, by thresholds
// multiplied by buy and sell.
func (a *adviser) weighed(i int, buy, sell float64) (decision.Raw, decision.Reason) {
	raw, rules := a.raws[i], a.rules
	if !raw.Known {
		return raw, decision.NoFeatures
	}
	if !rules.Regression {
		factor := buy
		if raw.Signal == decision.Sell {
			factor = sell
		}
		rules.ConfidenceThreshold = float64(rules.ConfidenceThreshold * factor)
		_, why := rules.Decide(raw, decision.Flat, decision.NeverEntered)
		return raw, why
	}
	row := a.voice.Outputs[i : i+1]
	for _, side := range [...]struct {
		signal decision.Signal
		factor float64
	}{{decision.Buy, buy}, {decision.Sell, sell}} {
		if moved := a.head.Weighed(side.factor).Row(row); moved.Signal == side.signal {
			return moved, decision.Acted
		}
	}
	raw.Signal = decision.Hold
	return raw, decision.BelowCost
}
