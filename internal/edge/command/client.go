package command

import (
	"cmp"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/observe"
)

// Client returns a client of the backend that the settings name.
func (c *Console) Client(cmd *cobra.Command) (*wire.Client, error) {
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

// ParsePair reads a symbol and a timeframe as a user writes them.
func ParsePair(symbol, timeframe string) (market.Symbol, market.Timeframe, error) {
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

// A Period is the flags --start-date and --end-date.
type Period struct{ Start, End string }

// Bind adds the flags, which RenameFlags can let --start and --end mean too.
func (p *Period) Bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.Start, "start-date", "", "first day or moment in UTC, as 2006-01-02 or 2006-01-02T15:04:05Z (also --start)")
	cmd.Flags().StringVar(&p.End, "end-date", "", "last day or moment, included (also --end)")
}

// Check refuses what is not a period.
func (p Period) Check() error {
	if _, err := market.ParseSpan(p.Start, p.End); err != nil {
		return exit.Usagef("%w", err)
	}
	return nil
}

// defaultSubmitter is user@host of this process, as far as they are known.
func defaultSubmitter() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil && name != "" {
		name += "@" + host
	}
	return name
}
