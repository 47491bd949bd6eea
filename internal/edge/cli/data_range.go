package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
)

func newDataRange(c *command.Console) *cobra.Command {
	var timeframe string
	cmd := &cobra.Command{
		Use: "get-range SYMBOL [TIMEFRAME]", Aliases: []string{"range"}, Short: "Say from when to when bars are held",
		Args: command.Arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			symbol, tf, err := pairOf(args, timeframe)
			if err != nil {
				return err
			}
			held, err := client.DataRange(cmd.Context(), symbol, tf)
			if err != nil {
				return err
			}
			return c.Show(held, func(w io.Writer) {
				fmt.Fprintf(w, "%s %s: %s bars, %s to %s\n", held.Symbol, held.Timeframe, display.Integer(held.PointCount), display.Moment(held.StartDate), display.Moment(held.EndDate))
			})
		},
	}
	cmd.Flags().StringVarP(&timeframe, "timeframe", "t", "", "timeframe, instead of the second argument")
	return cmd
}
