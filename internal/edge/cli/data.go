package cli

import (
	"github.com/spf13/cobra"

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

// pairArgs reads SYMBOL and TIMEFRAME, the latter as an argument or as the flag
// --timeframe.
func pairArgs(args []string, flag string) (symbol, timeframe string, err error) {
	switch {
	case len(args) == 2 && flag != "" && flag != args[1]:
		return "", "", exit.Usagef("the timeframe is given twice: %s and %s", args[1], flag)
	case len(args) == 2:
		return args[0], args[1], nil
	case flag != "":
		return args[0], flag, nil
	default:
		return "", "", exit.Usagef("no timeframe: name one after the symbol, for example: %s 1h", args[0])
	}
}
