package sweep

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/trading"
)

// Variants makes the strategies of trials without writing their files. It is for
// one goroutine. VariantsOf makes one.
type Variants struct {
	strategy  *strategy.Strategy
	decisions *yaml.Node
	values    map[Setting]*yaml.Node
}

// VariantsOf returns the variants of s.
func VariantsOf(s *strategy.Strategy) (*Variants, error) {
	top, err := grammar.Tree("strategy.yaml", s.Source)
	if err != nil {
		return nil, err
	}
	decisions := get(top, "decisions")
	if decisions == nil {
		return nil, fmt.Errorf("strategy %s has no decisions", s.Name)
	}
	if decisions.Kind == yaml.AliasNode {
		decisions = decisions.Alias
	}
	return &Variants{strategy: s, decisions: decisions, values: map[Setting]*yaml.Node{}}, nil
}

// Strategy returns the strategy of trial t: what grammar.Parse makes of the file
// that Apply writes, narrowed like the strategy that v was made of, except for its
// Source and Warnings.
func (v *Variants) Strategy(t Trial) (*strategy.Strategy, error) {
	top := &yaml.Node{Kind: yaml.MappingNode}
	put(top, "decisions", unanchored(v.decisions))
	for _, s := range t.Settings {
		value, known := v.values[s]
		if !known {
			var err error
			if value, err = valueOf(s); err != nil {
				return nil, fmt.Errorf("trial %d: %w", t.Index, err)
			}
			v.values[s] = value
		}
		if err := set(top, s.Path, value); err != nil {
			return nil, fmt.Errorf("trial %d: %w", t.Index, err)
		}
	}
	changed, err := trading.Decide(v.strategy, "trial", get(top, "decisions"))
	if err != nil {
		return nil, fmt.Errorf("trial %d, %v: %w", t.Index, t.Settings, err)
	}
	return changed, nil
}
