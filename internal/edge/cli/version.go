package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/observe"
)

func newVersion(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say what this program was built from", Args: command.Arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			b := observe.ReadBuild()
			return c.Show(b, func(w io.Writer) {
				fmt.Fprintf(w, "ktrdr %s %s %s\n", b.Version, b.Go, b.Platform)
			})
		},
	}
}
