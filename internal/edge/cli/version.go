package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/observe"
)

func newVersion(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say what this program was built from", Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			b := observe.ReadBuild()
			return c.show(b, func(w io.Writer) {
				fmt.Fprintf(w, "ktrdr %s %s %s\n", b.Version, b.Go, b.Platform)
			})
		},
	}
}
