package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
)

func newStrategiesList(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the strategies that the backend holds", Args: command.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			all, err := client.Strategies(cmd.Context())
			if err != nil {
				return err
			}
			return c.Show(all, func(w io.Writer) {
				if len(all) == 0 {
					fmt.Fprintln(w, "The backend holds no strategies; it looks in its strategies folder (ktrdr serve --strategies-dir).")
					return
				}
				var rows [][]string
				for _, s := range all {
					state := s.TrainingStatus
					if !s.Valid {
						state = c.Red("invalid: ") + s.Problem
					}
					rows = append(rows, []string{s.Name, strings.Join(s.Symbols, " "), strings.Join(s.Timeframes, " "), strconv.Itoa(s.Features), state})
				}
				display.Columns(w, []string{"strategy", "symbols", "timeframes", "features", "status"}, rows, 4)
			})
		},
	}
}
