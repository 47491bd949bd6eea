package cli

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newData(c *command.Console) *cobra.Command {
	cmd := command.Group("data", "Import, show and list bars",
		newDataImport(c), newDataShow(c), newDataRange(c), newDataList(c), newDataSample(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

// pairOf reads SYMBOL and TIMEFRAME, the latter as an argument or as the flag
// --timeframe.
func pairOf(args []string, flag string) (market.Symbol, market.Timeframe, error) {
	switch {
	case len(args) == 2 && flag != "" && flag != args[1]:
		return "", 0, exit.Usagef("the timeframe is given twice: %s and %s", args[1], flag)
	case len(args) == 2:
		flag = args[1]
	case flag == "":
		return "", 0, exit.Usagef("no timeframe: name one after the symbol, for example: %s 1h", args[0])
	}
	return command.ParsePair(args[0], flag)
}
