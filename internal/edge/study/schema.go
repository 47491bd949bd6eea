package study

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/edge/command"
)

// Schema is the command that writes the JSON Schema of strategy files.
func Schema(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Write the JSON Schema of strategy files, for editors", Args: command.Arguments(0, 0),
		Long: `Write the JSON Schema of strategy files, for editors: the keys, what kind of value
each has, and the words it can be. References, ranges and what depends on other
keys are checked by ktrdr strategies validate alone.`,
		Example: "  ktrdr strategies schema > strategy.schema.json",
		RunE: func(*cobra.Command, []string) error {
			_, err := c.Out.Write(grammar.Schema())
			return err
		},
	}
}
