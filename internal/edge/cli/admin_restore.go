package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/upkeep"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newAdminRestore(c *command.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore BACKUP", Short: "Put a backup into a new data folder", Args: command.Arguments(1, 1),
		Long: `Put a backup into a new data folder, which must be empty or missing, and into a
new PostgreSQL database where --database-url names one. All of it is verified.
Then start the backend there: it has every operation that was acknowledged before
the backup, and gives those that were running to its workers again, from their
last checkpoint. Stop the backend that the backup is of before you do.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := settings.Read(cmd, settings.RoleRestore)
			if err != nil {
				return err
			}
			f, err := command.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			summary, err := upkeep.Restore(cmd.Context(), f, upkeep.Place{Dir: s.Get(settings.DataDir), Database: s.Get(settings.DatabaseURL), Shared: s.Get(settings.SharedDir)})
			if errors.Is(err, upkeep.ErrNotEmpty) {
				return exit.Usagef("%w: name a new folder with --data-dir", err)
			}
			if err != nil {
				return fmt.Errorf("restore %s: %w", args[0], err)
			}
			r := reportOf(args[0], summary)
			return c.Show(r, func(w io.Writer) { r.print(w, "Restored into "+s.Get(settings.DataDir)) })
		},
	}
	settings.Bind(cmd, settings.RoleRestore)
	return cmd
}
