package operation

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Point is one row of the numbers that an operation reports while it runs,
// such as the losses of an epoch. Points are appended and never change: Number
// counts those of an operation from 0, over all of its attempts. Number, Attempt
// and At are filled by the backend, whatever the worker says.
type Point struct {
	Number  int64           `json:"number"`
	Attempt int             `json:"attempt"`
	Step    int64           `json:"step"` // the worker's own number, growing within an attempt from 1
	At      time.Time       `json:"timestamp"`
	Values  json.RawMessage `json:"values"` // a JSON object
}

const (
	// MaxPoints is how many points of an operation are kept; later ones are left
	// out.
	MaxPoints = 10_000
	// maxReportPoints and maxPointBytes bound what one report brings.
	maxReportPoints = 1000
	maxPointBytes   = 4 << 10
)

// validatePoints refuses points of one report that cannot be right.
func validatePoints(points []Point) error {
	if len(points) > maxReportPoints {
		return fmt.Errorf("points: there are %d: want at most %d", len(points), maxReportPoints)
	}
	last := int64(0)
	for i, p := range points {
		if p.Step <= last {
			return fmt.Errorf("points[%d].step is %d: want more than %d", i, p.Step, last)
		}
		if len(p.Values) > maxPointBytes || !isObject(p.Values) {
			return fmt.Errorf("points[%d].values has %d bytes or is no JSON object: want at most %d bytes", i, len(p.Values), maxPointBytes)
		}
		last = p.Step
	}
	return nil
}

// A Measured appends points of the newest attempt.
type Measured struct {
	Token  Token
	Points []Point // at least one, numbered from Operation.Points
}

// Subject implements Change.
func (c Measured) Subject() string { return c.Token.OperationID }

// measured turns a report into the change that stores those of its points that
// are not stored yet, or returns nil if there are none.
func (r Report) measured(o Operation, at time.Time) Change {
	if !o.keepsCheckpoints() {
		return nil
	}
	c := Measured{Token: r.Token}
	for _, p := range r.Points {
		if number := o.Points + int64(len(c.Points)); p.Step > o.PointStep && number < MaxPoints {
			p.Number, p.Attempt, p.At = number, r.Token.Attempt, at
			c.Points = append(c.Points, p)
		}
	}
	if len(c.Points) == 0 {
		return nil
	}
	return c
}

func (o Operation) measure(c Measured) (Operation, error) {
	if c.Token != o.Token() || !o.keepsCheckpoints() {
		return o, o.conflict(c, "that attempt does not run")
	}
	if len(c.Points) == 0 || c.Points[0].Number != o.Points {
		return o, o.conflict(c, "its points do not follow those that are stored")
	}
	o.Points += int64(len(c.Points))
	o.PointStep = c.Points[len(c.Points)-1].Step
	return o, nil
}
