package indicator

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Seconds of a day, and days of a week.
const (
	secondsPerDay = 86400
	daysPerWeek   = 7
)

func calendarSpec() Spec {
	return Spec{
		Name:    "calendar",
		Outputs: []string{"hour_sin", "hour_cos", "weekday_sin", "weekday_cos"},
		Scales:  []Scale{cyclic, cyclic, cyclic, cyclic},
		Doc:     "Calendar: the time of the day and the day of the week at which a bar opens, UTC, as points on circles.",

		lookback: func(Indicator) []int { return []int{0, 0, 0, 0} },
		start:    startCalendar,
	}
}

// startCalendar makes cyclic features of the opening time.
//
//	hour    = sine, cosine of 2π · seconds since midnight / 86400
//	weekday = sine, cosine of 2π · day / 7, Monday 0
//
// Range:   [-1, 1]; midnight and Monday are 0 and 1.
// Warm-up: none.
// NaN:     a bar without prices has no values, nor has any later one.
// Error:   below 1e-15 against the standard library's sine and cosine; the same
// bits on every processor.
// Source:  the definition.
func startCalendar(Indicator) machine {
	return steps(func(b market.Bar, out []float64) {
		out[0], out[1] = wave(float64(clock(b.Time)) / secondsPerDay)
		day := (b.Time - clock(b.Time)) / secondsPerDay
		weekday := ((day+3)%daysPerWeek + daysPerWeek) % daysPerWeek // day 0 was a Thursday
		out[2], out[3] = wave(float64(weekday) / daysPerWeek)
	})
}

// clock returns the seconds since midnight, UTC.
func clock(t int64) int64 { return (t%secondsPerDay + secondsPerDay) % secondsPerDay }

func sessionSpec() Spec {
	hour := func(name string, byDefault float64, doc string) Param {
		return Param{Name: name, Kind: KindNumber, Default: Number(byDefault), Min: 0, Max: 24, Doc: doc}
	}
	return Spec{
		Name: "session",
		Params: []Param{
			hour("start", 8, "Hour of the day, UTC, at which the session begins."),
			hour("end", 17, "Hour of the day, UTC, at which it ends; before start for a session over midnight."),
		},
		Outputs: []string{"phase_sin", "phase_cos"},
		Scales:  []Scale{cyclic, cyclic},
		Doc:     "Session phase: how far a trading session, or the break until the next, has gone, as a point on a circle.",

		check: func(in Indicator, _ map[string]Value) []error {
			if length := in.sessionSeconds(); length <= 0 || length >= secondsPerDay {
				return []error{&ParamError{Param: "end", Problem: "the session is empty or the whole day: want another hour than start"}}
			}
			return nil
		},
		lookback: func(Indicator) []int { return []int{0, 0} },
		start:    startSession,
	}
}

// sessionSeconds returns the length of the session.
func (in Indicator) sessionSeconds() float64 {
	length := in.number("end") - in.number("start")
	if length < 0 {
		length += 24
	}
	return float64(length * 3600)
}

// startSession makes the phase of a session: half a turn from its start to its
// end, the other half until the next start.
//
//	x = seconds since the start; L = length of the session
//	phase = π x/L in the session, π + π (x-L)/(86400-L) outside
//
// Range:   [-1, 1]; phase_sin is positive in the session and negative outside,
// phase_cos 1 at the start and -1 at the end.
// Warm-up: none.
// NaN:     a bar without prices has no values, nor has any later one.
// Error:   below 1e-15 against the standard library's sine and cosine; the same
// bits on every processor.
// Source:  the definition.
func startSession(in Indicator) machine {
	start, length := float64(in.number("start")*3600), in.sessionSeconds()
	return steps(func(b market.Bar, out []float64) {
		x := math.Mod(float64(clock(b.Time))-start+secondsPerDay, secondsPerDay)
		turn := 0.5 * (x / length)
		if x >= length {
			turn = 0.5 + float64(0.5*((x-length)/(secondsPerDay-length)))
		}
		out[0], out[1] = wave(turn)
	})
}
