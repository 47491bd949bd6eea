package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
)

// A download is the JSON of models download.
type download struct {
	ModelID string `json:"model_id"`
	SHA256  string `json:"sha256"`
	Bytes   int64  `json:"bytes"`
	File    string `json:"file"`
}

func newModelsDownload(c *command.Console) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "download MODEL", Short: "Fetch a model's file and verify it", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
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
			n, err := command.Fetch(cmd.Context(), client, m.SHA256, output)
			if err != nil {
				return err
			}
			d := download{m.ID, m.SHA256, n, output}
			return c.Show(d, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %s bytes, sha256 %s, written to %s\n", d.ModelID, display.Integer(int(d.Bytes)), d.SHA256, d.File)
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default MODEL.zip)")
	return cmd
}
