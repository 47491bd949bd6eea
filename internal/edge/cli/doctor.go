package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/leak"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func newDoctor(c *console) *cobra.Command {
	cmd := group("doctor", "Look for what is wrong", newDoctorLeaks(c))
	bindSettings(cmd, roleClient)
	return cmd
}

// sampleBars is how many base bars of the sample market are examined where no
// others are named.
const sampleBars = 3_000

// A leakReport is what doctor leaks found.
type leakReport struct {
	Strategy string `json:"strategy"`
	Bars     int    `json:"bars"`
	Source   string `json:"source"` // sample, or what the bars are
	leak.Report
}

func newDoctorLeaks(c *console) *cobra.Command {
	var (
		source  barSource
		moments int
		seed    uint64
	)
	cmd := &cobra.Command{
		Use: "leaks FILE|NAME", Short: "Look whether a strategy's rows, labels or parts know the future",
		Long: `Look whether the rows, labels or parts of a strategy know the future. At moments
drawn by --seed the later bars are taken away, and changed; every row up to then
must stay as it is, to the last bit. Labels must not read beyond the end that they
state, parts of the training must not know of the next, and constants must come
from training samples only.

The bars are those of --data, those that the backend holds of --symbol, or else
those of the sample market. A name means a strategy that the backend holds. Exit code 1 says that something was found.`,
		Example: "  ktrdr doctor leaks strategies/sample_momentum.yaml\n  ktrdr doctor leaks my.yaml --data 1h=EURUSD_1h.csv --data 4h=EURUSD_4h.csv",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.openStrategy(cmd, args[0])
			if err != nil {
				return err
			}
			if moments < 1 || moments > 1000 {
				return usagef("--moments %d: want 1 to 1000", moments)
			}
			r, err := examineStrategy(c, cmd, s, source, moments, seed)
			if err != nil {
				return err
			}
			if err := c.show(r, func(w io.Writer) { printLeaks(w, args[0], r) }); err != nil {
				return err
			}
			if len(r.Findings) > 0 {
				return errReported
			}
			return nil
		},
	}
	source.bind(cmd)
	cmd.Flags().IntVar(&moments, "moments", 12, "how many moments to look at")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "number from which the moments are drawn")
	return cmd
}

func examineStrategy(c *console, cmd *cobra.Command, s *strategy.Strategy, source barSource, moments int, seed uint64) (leakReport, error) {
	f, ok, err := source.frame(c, cmd, s)
	if err != nil {
		return leakReport{}, err
	}
	r := leakReport{Strategy: s.Name, Source: "bars of " + string(f.Symbol)}
	if !ok {
		f, r.Source = sampleFrame(s, sampleBars), "the sample market"
	}
	r.Bars = f.Series[s.Base].Len()
	r.Report, err = leak.Examine(cmd.Context(), leak.Of(s), f, moments, seed)
	return r, err
}

func printLeaks(w io.Writer, name string, r leakReport) {
	for _, f := range r.Findings {
		fmt.Fprintln(w, f)
	}
	looks := 0
	for _, n := range r.Looks {
		looks += n
	}
	if len(r.Findings) == 0 {
		fmt.Fprintf(w, "%s: no leak found in %s comparisons over %s bars (%s)\n", name, integer(looks), integer(r.Bars), r.Source)
		return
	}
	fmt.Fprintf(w, "%s: %s over %s bars (%s)\n", name, count(len(r.Findings), "finding"), integer(r.Bars), r.Source)
}
