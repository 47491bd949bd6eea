package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/display"
)

// A download is the JSON of models download.
type download struct {
	ModelID string `json:"model_id"`
	SHA256  string `json:"sha256"`
	Bytes   int64  `json:"bytes"`
	File    string `json:"file"`
}

func newModelsDownload(c *console) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "download MODEL", Short: "Fetch a model's file and verify it", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.client(cmd)
			if err != nil {
				return err
			}
			m, err := client.Model(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if output == "" {
				output = filepath.Base(m.ID) + ".zip"
			}
			n, err := fetchArtifact(cmd.Context(), client, m.SHA256, output)
			if err != nil {
				return err
			}
			d := download{m.ID, m.SHA256, n, output}
			return c.show(d, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %s bytes, sha256 %s, written to %s\n", d.ModelID, display.Integer(int(d.Bytes)), d.SHA256, d.File)
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default MODEL.zip)")
	return cmd
}

// fetchArtifact writes the artifact with this hash to a file. The file appears
// only when all of it has arrived and been verified.
func fetchArtifact(ctx context.Context, client *wire.Client, hash, name string) (int64, error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".ktrdr-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	n, err := client.Artifact(ctx, hash, f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return n, err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return n, err
	}
	return n, os.Rename(f.Name(), name)
}
