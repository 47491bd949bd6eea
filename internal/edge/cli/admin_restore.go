package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/upkeep"
)

func newAdminRestore(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore BACKUP", Short: "Put a backup into a new data folder", Args: arguments(1, 1),
		Long: `Put a backup into a new data folder, which must be empty or missing, and into a
new PostgreSQL database where --database-url names one. All of it is verified.
Then start the backend there: it has every operation that was acknowledged before
the backup, and gives those that were running to its workers again, from their
last checkpoint. Stop the backend that the backup is of before you do.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.settings(cmd, roleRestore)
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if errors.Is(err, fs.ErrNotExist) {
				return notFoundf("%s: no such file", args[0])
			}
			if err != nil {
				return err
			}
			defer f.Close()
			summary, err := upkeep.Restore(cmd.Context(), f, upkeep.Place{Dir: s.get(keyDataDir), Database: s.get(keyDatabaseURL), Shared: s.get(keySharedDir)})
			if errors.Is(err, upkeep.ErrNotEmpty) {
				return usagef("%w: name a new folder with --data-dir", err)
			}
			if err != nil {
				return fmt.Errorf("restore %s: %w", args[0], err)
			}
			r := reportOf(args[0], summary)
			return c.show(r, func(w io.Writer) { r.print(w, "Restored into "+s.get(keyDataDir)) })
		},
	}
	bindSettings(cmd, roleRestore)
	return cmd
}
