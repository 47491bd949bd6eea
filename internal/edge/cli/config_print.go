package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newConfig(c *command.Console) *cobra.Command {
	return command.Group("config", "Show the settings", newConfigPrint(c))
}

func newConfigPrint(c *command.Console) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "print", Short: "Print each effective setting and where it comes from", Args: command.Arguments(0, 0),
		Long: `Print each effective setting and where it comes from.

With --role the settings that this role reads, with its defaults; without it all
of them. The flags of the settings are accepted here too, to try them out.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := settings.ParseRole(name)
			if err != nil {
				return err
			}
			s, err := settings.Read(cmd, r)
			if err != nil {
				return err
			}
			return c.Show(s.Show(), func(w io.Writer) { printSettings(w, s.Show()) })
		},
	}
	cmd.Flags().StringVar(&name, "role", "", `role whose settings are shown: client, serve, "worker backtest", "worker training" or up`)
	settings.Bind(cmd, settings.RoleClient|settings.RoleServers)
	return cmd
}

func printSettings(w io.Writer, all []settings.Shown) {
	var rows [][]string
	for _, p := range all {
		rows = append(rows, []string{p.Key, display.OrDash(p.Value), p.Origin, p.Flag, p.Env[0]})
	}
	display.Columns(w, []string{"setting", "value", "origin", "flag", "environment"}, rows)
}
