package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/observe"
)

// client returns a client of the backend that the settings name.
func (c *console) client(cmd *cobra.Command) (*wire.Client, error) {
	s, err := settings.Read(cmd, settings.RoleClient)
	if err != nil {
		return nil, err
	}
	client, err := wire.NewClient(s.Get(settings.URL), wire.ClientOptions{Tries: 2, UserAgent: "ktrdr/" + observe.ReadBuild().Version,
		Submitter: cmp.Or(s.Get(settings.Submitter), defaultSubmitter())})
	if err != nil {
		return nil, exit.Usagef("%w", err)
	}
	c.backend = client.URL()
	return client, nil
}

// parsePair reads a symbol and a timeframe as a user writes them.
func parsePair(symbol, timeframe string) (market.Symbol, market.Timeframe, error) {
	s, err := market.ParseSymbol(symbol)
	if err != nil {
		return "", 0, exit.Usagef("%w", err)
	}
	tf, err := market.ParseTimeframe(timeframe)
	if err != nil {
		return "", 0, exit.Usagef("%w", err)
	}
	return s, tf, nil
}

// A period is the flags --start-date and --end-date.
type period struct{ start, end string }

// bind adds the flags, which --start and --end mean too.
func (p *period) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.start, "start-date", "", "first day or moment in UTC, as 2006-01-02 or 2006-01-02T15:04:05Z (also --start)")
	cmd.Flags().StringVar(&p.end, "end-date", "", "last day or moment, included (also --end)")
}

// spellings maps other names of the flags to them.
var periodSpellings = map[string]string{"start": "start-date", "end": "end-date"}

// check refuses what is not a period.
func (p period) check() error {
	if _, err := market.ParseSpan(p.start, p.end); err != nil {
		return exit.Usagef("%w", err)
	}
	return nil
}
