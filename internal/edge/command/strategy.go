package command

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// IsFile says whether a strategy is named by a file rather than by the name that
// the backend knows it by.
func IsFile(name string) bool {
	return name == "-" || strings.ContainsAny(name, `/\`) || slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name))
}

// ReadStrategy reads and parses a strategy file. What is wrong with its content
// is an error of type document.Problems.
func (c *Console) ReadStrategy(name string) (*strategy.Strategy, error) {
	text, err := c.ReadInput(name, wire.MaxStrategyBytes)
	if err != nil {
		return nil, err
	}
	return grammar.Parse(name, text)
}

// OpenStrategy reads a strategy from a file, or by the name under which the backend
// holds it.
func (c *Console) OpenStrategy(cmd *cobra.Command, name string) (*strategy.Strategy, error) {
	if IsFile(name) {
		return c.ReadStrategy(name)
	}
	client, err := c.Client(cmd)
	if err != nil {
		return nil, err
	}
	held, err := client.Strategy(cmd.Context(), name)
	if err != nil {
		return nil, err
	}
	return grammar.Parse(name+".yaml", []byte(held.StrategyYAML))
}
