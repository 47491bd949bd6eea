package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
)

func newDataList(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the bars that the backend holds", Args: command.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			info, err := client.DataInfo(cmd.Context())
			if err != nil {
				return err
			}
			return c.Show(info.Holdings, func(w io.Writer) {
				if len(info.Holdings) == 0 {
					fmt.Fprintln(w, "No bars are held. Import some with: ktrdr data import FILE --symbol SYMBOL --timeframe TF")
					return
				}
				var rows [][]string
				for _, h := range info.Holdings {
					rows = append(rows, []string{string(h.Symbol), h.Timeframe.String(), display.Integer(h.Bars), display.Moment(h.First), display.Moment(h.Last)})
				}
				display.Columns(w, []string{"symbol", "timeframe", "bars", "first", "last"}, rows, 3)
			})
		},
	}
}
