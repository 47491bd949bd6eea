package study

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/leak"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// sampleBars is how many base bars of the sample market are examined where no
// others are named.
const sampleBars = 3_000

// maxModelBytes bounds the file of a primary model.
const maxModelBytes = 1 << 30

// A leakReport is what doctor leaks found.
type leakReport struct {
	Strategy string `json:"strategy"`
	Bars     int    `json:"bars"`
	Source   string `json:"source"` // sample, or what the bars are
	leak.Report
}

// Leaks is the command that looks whether a strategy knows the future.
func Leaks(c *command.Console) *cobra.Command {
	var x leakRequest
	cmd := &cobra.Command{
		Use: "leaks FILE|NAME", Short: "Look whether a strategy's rows, labels or parts know the future",
		Long: `Look whether the rows, labels or parts of a strategy know the future. At moments
drawn by --seed the later bars are taken away, and changed; every row up to then
must stay as it is, to the last bit. Labels must not read beyond the end that they
state, parts of the training must not know of the next, and constants must come
from training samples only. A strategy with labels on the decisions of a model is
examined with that model, which decides again on the bars of each look: the one
that the backend has under the name in labels.primary, or that in the file of
--primary, which ktrdr models download writes.

The bars are those of --data, those that the backend holds of --symbol, or else
those of the sample market. A name means a strategy that the backend holds. Exit code 1 says that something was found.`,
		Example: "  ktrdr doctor leaks strategies/sample_momentum.yaml\n  ktrdr doctor leaks my.yaml --data 1h=EURUSD_1h.csv --data 4h=EURUSD_4h.csv",
		Args:    command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.OpenStrategy(cmd, args[0])
			if err != nil {
				return err
			}
			if x.moments < 1 || x.moments > 1000 {
				return exit.Usagef("--moments %d: want 1 to 1000", x.moments)
			}
			r, err := x.examine(c, cmd, s)
			if err != nil {
				return err
			}
			if err := c.Show(r, func(w io.Writer) { printLeaks(w, args[0], r) }); err != nil {
				return err
			}
			if len(r.Findings) > 0 {
				return exit.ErrReported
			}
			return nil
		},
	}
	x.source.bind(cmd)
	cmd.Flags().IntVar(&x.moments, "moments", 12, "how many moments to look at")
	cmd.Flags().Uint64Var(&x.seed, "seed", 1, "number from which the moments are drawn")
	cmd.Flags().StringVar(&x.primary, "primary", "", "file of the model whose decisions are labelled (default: the one that the backend has)")
	return cmd
}

// A leakRequest is what the flags of doctor leaks ask for.
type leakRequest struct {
	source  barSource
	moments int
	seed    uint64
	primary string
}

// examine looks for leaks in s.
func (x *leakRequest) examine(c *command.Console, cmd *cobra.Command, s *strategy.Strategy) (leakReport, error) {
	r := leakReport{Strategy: s.Name}
	p, err := x.pipeline(c, cmd, s)
	if err != nil {
		return r, err
	}
	f, ok, err := x.source.frame(c, cmd, p.Reads())
	if err != nil {
		return r, err
	}
	if r.Source = "bars of " + string(f.Symbol); !ok {
		from := int64(0)
		if p.Primary != nil { // three quarters of the bars are new to it
			from = p.Primary.KnownUntil - sampleBars/4*s.Base.Seconds()
		}
		f, r.Source = sampleFrame(p.Reads(), sampleBars, from), "the sample market"
	}
	r.Bars = f.Series[s.Base].Len()
	r.Report, err = leak.Examine(cmd.Context(), p, f, x.moments, x.seed)
	return r, err
}

// pipeline returns what is examined: with the primary model of s, if it has one.
func (x *leakRequest) pipeline(c *command.Console, cmd *cobra.Command, s *strategy.Strategy) (leak.Pipeline, error) {
	name := s.Training.Primary
	switch {
	case name == "" && x.primary != "":
		return leak.Pipeline{}, exit.Usagef("--primary: strategy %s does not learn from the decisions of a model", s.Name)
	case name == "":
		return leak.Of(s), nil
	}
	content, err := x.primaryModel(c, cmd, name)
	if err != nil {
		return leak.Pipeline{}, err
	}
	m, err := model.Decode(content)
	if err != nil {
		return leak.Pipeline{}, fmt.Errorf("primary model %s: %w", cmp.Or(x.primary, name), err)
	}
	return leak.OfMeta(s, m)
}

// primaryModel reads the file of the primary model, or fetches it by its name.
func (x *leakRequest) primaryModel(c *command.Console, cmd *cobra.Command, name string) ([]byte, error) {
	if x.primary != "" {
		return c.ReadInput(x.primary, maxModelBytes)
	}
	client, err := c.Client(cmd)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	m, err := client.Model(cmd.Context(), name)
	if err == nil {
		_, err = client.Artifact(cmd.Context(), m.SHA256, &content)
	}
	if err != nil {
		return nil, fmt.Errorf("model %s, whose decisions are labelled: %w. Its file can be named with --primary", name, err)
	}
	return content.Bytes(), nil
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
		fmt.Fprintf(w, "%s: no leak found in %s comparisons over %s bars (%s)\n", name, display.Integer(looks), display.Integer(r.Bars), r.Source)
		return
	}
	fmt.Fprintf(w, "%s: %s over %s bars (%s)\n", name, display.Count(len(r.Findings), "finding"), display.Integer(r.Bars), r.Source)
}
