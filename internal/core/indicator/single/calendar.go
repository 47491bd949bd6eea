package single

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Seconds of a day, and days of a week.
const (
	secondsPerDay = 86400
	daysPerWeek   = 7
)

func calendarSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "calendar",
		Outputs: []string{"hour_sin", "hour_cos", "weekday_sin", "weekday_cos"},
		Scales:  []indicator.Scale{indicator.Cyclic(), indicator.Cyclic(), indicator.Cyclic(), indicator.Cyclic()},
		Doc:     "Calendar: the time of the day and the day of the week at which a bar opens, UTC, as points on circles.",

		Lookback: func(indicator.Indicator) []int { return []int{0, 0, 0, 0} },
		Start:    startCalendar,
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
func startCalendar(indicator.Indicator) indicator.Machine {
	return indicator.Steps(func(b market.Bar, out []float64) {
		out[0], out[1] = elementary.Wave(float64(clock(b.Time)) / secondsPerDay)
		day := (b.Time - clock(b.Time)) / secondsPerDay
		weekday := ((day+3)%daysPerWeek + daysPerWeek) % daysPerWeek // day 0 was a Thursday
		out[2], out[3] = elementary.Wave(float64(weekday) / daysPerWeek)
	})
}

// clock returns the seconds since midnight, UTC.
func clock(t int64) int64 { return (t%secondsPerDay + secondsPerDay) % secondsPerDay }

func sessionSpec() indicator.Spec {
	hour := func(name string, byDefault float64, doc string) indicator.Param {
		return indicator.Param{Name: name, Kind: indicator.KindNumber, Default: indicator.Number(byDefault), Min: 0, Max: 24, Doc: doc}
	}
	return indicator.Spec{
		Name: "session",
		Params: []indicator.Param{
			hour("start", 8, "Hour of the day, UTC, at which the session begins."),
			hour("end", 17, "Hour of the day, UTC, at which it ends; before start for a session over midnight."),
		},
		Outputs: []string{"phase_sin", "phase_cos"},
		Scales:  []indicator.Scale{indicator.Cyclic(), indicator.Cyclic()},
		Doc:     "Session phase: how far a trading session, or the break until the next, has gone, as a point on a circle.",

		Check: func(in indicator.Indicator, _ map[string]indicator.Value) []error {
			if length := sessionSeconds(in); length <= 0 || length >= secondsPerDay {
				return []error{&indicator.ParamError{Param: "end", Problem: "the session is empty or the whole day: want another hour than start"}}
			}
			return nil
		},
		Lookback: func(indicator.Indicator) []int { return []int{0, 0} },
		Start:    startSession,
	}
}

// sessionSeconds returns the length of the session.
func sessionSeconds(in indicator.Indicator) float64 {
	length := in.Number("end") - in.Number("start")
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
func startSession(in indicator.Indicator) indicator.Machine {
	start, length := float64(in.Number("start")*3600), sessionSeconds(in)
	return indicator.Steps(func(b market.Bar, out []float64) {
		x := math.Mod(float64(clock(b.Time))-start+secondsPerDay, secondsPerDay)
		turn := 0.5 * (x / length)
		if x >= length {
			turn = 0.5 + float64(0.5*((x-length)/(secondsPerDay-length)))
		}
		out[0], out[1] = elementary.Wave(turn)
	})
}
