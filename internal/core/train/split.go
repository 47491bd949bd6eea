package train

import (
	"fmt"
	"math"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// The fewest rows that each part must have. Below them a loss says nothing.
const (
	MinTrainRows = 50
	MinJudgeRows = 10 // validation, and test
)

// A part is rows from to to-1 of a table.
type part struct{ from, to int }

func (p part) len() int { return p.to - p.from }

// A division is a table cut into parts in the order of time.
type division struct {
	train, validation, test part
	purged, embargoed, cut  int   // rows dropped at the borders
	judged                  int64 // the border that the test part lies behind
}

// divide cuts t in the order of time and drops the rows that would let one part
// know of the next.
//
// The rows are cut where the shares say; rows of one time stay together. The
// time of the first row after a cut is the border. Purge: a row before a border
// whose label is known only after it is dropped. Embargo: the rows of the first
// embargoBars times from a border on are dropped too, and so are rows whose window
// begins before the border that they lie behind.
func divide(t *table, share strategy.Split, embargoBars int) division {
	n := t.len()
	second := t.startOfTime(int(math.Round(float64(n) * share.Train)))
	third := max(second, t.startOfTime(int(math.Round(float64(n)*(share.Train+share.Validation)))))

	var d division
	if third < n {
		d.judged = t.time[third]
	}
	kept := make([]bool, n)
	keep := func(from, to int) (rows int) {
		first := t.skipTimes(from, to, embargoBars)
		if from == 0 {
			first = 0
		}
		d.embargoed += first - from
		for i := first; i < to; i++ {
			if t.begin[i] < t.time[from] && from > 0 {
				d.cut++
				continue
			}
			if to < n && t.end[i] > t.time[to] {
				d.purged++
				continue
			}
			kept[i] = true
			rows++
		}
		return rows
	}
	d.train.to = keep(0, second)
	d.validation.from = d.train.to
	d.validation.to = d.validation.from + keep(second, third)
	d.test.from = d.validation.to
	d.test.to = d.test.from + keep(third, n)
	t.keep(kept)
	return d
}

// startOfTime returns the first row with the time of row i, or the number of
// rows where i is that.
func (t *table) startOfTime(i int) int {
	for i > 0 && i < t.len() && t.time[i-1] == t.time[i] {
		i--
	}
	return i
}

// skipTimes returns the first row after the first times different times of the
// rows from to to-1.
func (t *table) skipTimes(from, to, times int) int {
	for ; times > 0 && from < to; times-- {
		at := t.time[from]
		for from < to && t.time[from] == at {
			from++
		}
	}
	return from
}

// check returns an error, with all the numbers, where a part is too small.
func (d division) check(t *table, s *strategy.Strategy) error {
	if d.train.len() >= MinTrainRows && d.validation.len() >= MinJudgeRows && d.test.len() >= MinJudgeRows {
		return nil
	}
	c := t.counts
	if complete := c.bars - c.incomplete; complete > 0 && complete == c.unlabelled {
		labels := s.Training.Labels
		if s.Training.Primary != "" {
			return fmt.Errorf("no label at any of the %d bars with complete features: model %s decides nothing there that could be judged: choose other dates or another primary model", complete, s.Training.Primary)
		}
		return fmt.Errorf("no label at any of the %d bars with complete features: %s labels find nothing there, as where prices move too little or only one way. Choose a longer date range or other bars (ktrdr data show), or change what they go by under training.labels: %s",
			complete, labels.Source, strings.Join(labels.Source.Parameters(), ", "))
	}
	why := feature.Describe(c.history)
	if why != "" {
		why = ". " + strings.ToUpper(why[:1]) + why[1:]
	}
	return fmt.Errorf("too few rows to train: want at least %d training, %d validation and %d test rows, have %d, %d and %d: "+
		"of %d bars %d have no complete features (warm-up and holes), %d no label yet, %d are no events, %d were purged because their label reaches into the next part, "+
		"%d were embargoed, the windows of %d reach into the part before: "+
		"choose a longer date range, shorter indicators, a shorter label horizon, a lower cusum_threshold or other shares in training.data_split%s",
		MinTrainRows, MinJudgeRows, MinJudgeRows, d.train.len(), d.validation.len(), d.test.len(),
		c.bars, c.incomplete, c.unlabelled, c.eventless, d.purged, d.embargoed, d.cut, why)
}

// splits describes the parts for the manifest.
func (d division) splits(t *table) model.Splits {
	of := func(p part) model.Split {
		s := model.Split{Rows: p.len(), From: t.time[p.from], Last: t.time[p.to-1]}
		for _, end := range t.end[p.from:p.to] {
			s.To = max(s.To, end)
		}
		return s
	}
	return model.Splits{Train: of(d.train), Validation: of(d.validation), Test: of(d.test)}
}

// A SplitSummary describes one part for people.
type SplitSummary struct {
	Rows        int            `json:"rows"`
	Start       string         `json:"start"`        // when the first decision bar opens
	End         string         `json:"end"`          // when the last decision bar opens
	LabelsUntil string         `json:"labels_until"` // when the last label is known
	Classes     map[string]int `json:"classes"`      // rows of each class; null for a regression
}

func (t *table) summarise(p part, s model.Split) SplitSummary {
	sum := SplitSummary{Rows: s.Rows, Start: market.Stamp(s.From), End: market.Stamp(s.Last), LabelsUntil: market.Stamp(s.To)}
	if t.classes != nil {
		sum.Classes = map[string]int{}
		for c, rows := range t.rowsPerClass(p) {
			sum.Classes[t.classes[c]] = rows
		}
	}
	return sum
}
