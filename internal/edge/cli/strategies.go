package cli

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newStrategies(c *console) *cobra.Command {
	cmd := group("strategies", "Check, list, explain and migrate strategies",
		newStrategiesValidate(c), newStrategiesList(c), newStrategiesFeatures(c), newStrategiesExplain(c), newStrategiesMigrate(c), newStrategiesSchema(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

// isFile says whether a strategy is named by a file rather than by the name that
// the backend knows it by.
func isFile(name string) bool {
	return name == "-" || strings.ContainsAny(name, `/\`) || slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name))
}

// readStrategy reads and parses a strategy file. What is wrong with its content
// is an error of type document.Problems.
func (c *console) readStrategy(name string) (*strategy.Strategy, error) {
	text, err := c.readInput(name, wire.MaxStrategyBytes)
	if err != nil {
		return nil, err
	}
	return grammar.Parse(name, text)
}

// openStrategy reads a strategy from a file, or by the name under which the backend
// holds it.
func (c *console) openStrategy(cmd *cobra.Command, name string) (*strategy.Strategy, error) {
	if isFile(name) {
		return c.readStrategy(name)
	}
	client, err := c.client(cmd)
	if err != nil {
		return nil, err
	}
	held, err := client.Strategy(cmd.Context(), name)
	if err != nil {
		return nil, err
	}
	return grammar.Parse(name+".yaml", []byte(held.StrategyYAML))
}

// problemsOf returns the problems of a strategy that did not parse.
func problemsOf(err error) (document.Problems, bool) { return errors.AsType[document.Problems](err) }
