package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/data/backup"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

// A backupReport is what the command says about a backup, made or restored.
type backupReport struct {
	File      string `json:"file"`
	CreatedAt string `json:"created_at"`
	Version   string `json:"version"`
	Series    int    `json:"series"`
	Artifacts int    `json:"artifacts"`
	SizeBytes int64  `json:"size_bytes"`
}

func reportOf(file string, s backup.Summary) backupReport {
	return backupReport{File: file, CreatedAt: display.Moment(s.Head.CreatedAt), Version: s.Head.Version, Series: s.Series, Artifacts: s.Artifacts, SizeBytes: s.SizeBytes}
}

func (r backupReport) print(w io.Writer, title string) {
	display.Facts(w, title, []display.Fact{{"file", r.File}, {"made (UTC)", r.CreatedAt}, {"by version", r.Version}, {"size", display.Size(r.SizeBytes)},
		{"series of bars", display.Integer(r.Series)}, {"artifacts", display.Integer(r.Artifacts)}})
}

func newAdminBackup(c *command.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use: "backup OUT", Short: "Make a backup of everything a backend keeps, while it runs", Args: command.Arguments(1, 1),
		Long: `Make a backup of everything a backend keeps, while it runs: the records of its
database as they are at one moment, the artifacts that they refer to (models,
results, checkpoints), and its bars. OUT is one file, verified while it is
written, the same for SQLite and PostgreSQL; "ktrdr admin restore" puts it into
either. Strategies and settings are files of your own and not part of it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			if _, err := os.Lstat(args[0]); !errors.Is(err, fs.ErrNotExist) {
				return exit.Usagef("%s exists: name a new file", args[0])
			}
			body, err := client.Backup(cmd.Context())
			if err != nil {
				return err
			}
			defer body.Close()
			summary, err := saveBackup(args[0], body)
			if err != nil {
				return fmt.Errorf("make backup %s: %w", args[0], err)
			}
			r := reportOf(args[0], summary)
			return c.Show(r, func(w io.Writer) { r.print(w, "Backup made and verified") })
		},
	}
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

// saveBackup writes a backup to a file that appears only when it is whole and on
// disk.
func saveBackup(name string, r io.Reader) (s backup.Summary, err error) {
	part := name + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // records may be nobody else's business
	if err != nil {
		return s, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	copied := io.TeeReader(r, f)
	s, err = backup.Read(copied, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, copied)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return s, err
	}
	if err := os.Rename(part, name); err != nil {
		return s, err
	}
	return s, syncFolder(filepath.Dir(name))
}

// syncFolder makes the names in a folder durable.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
