package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newStrategies(c *command.Console) *cobra.Command {
	cmd := command.Group("strategies", "Check, list, explain and migrate strategies",
		newStrategiesValidate(c), newStrategiesList(c), newStrategiesFeatures(c), newStrategiesExplain(c), newStrategiesMigrate(c), newStrategiesSchema(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

// problemsOf returns the problems of a strategy that did not parse.
func problemsOf(err error) (document.Problems, bool) { return errors.AsType[document.Problems](err) }
