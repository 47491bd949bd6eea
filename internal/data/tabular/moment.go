package tabular

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

const (
	daySeconds   = 86400
	earliest     = -2208988800 // 1900-01-01
	latest       = 7258118400  // 2200-01-01
	milliseconds = 1e11        // a Unix time of this size or more is in milliseconds
)

// A moment is what a field or two say about a time.
type moment struct {
	seconds  int64 // since 1970-01-01T00:00:00, in its zone
	zoned    bool  // seconds are in UTC: a zone was stated, or the number counts from the Unix epoch
	dateOnly bool  // no time of day was stated
}

// parseMoment reads a time; problem is "" if it is one.
func parseMoment(b []byte) (m moment, problem string) {
	if m, ok, problem := parseUnix(b); ok {
		return m, problem
	}
	day, rest, ok := cutDate(b)
	if !ok {
		return moment{}, notTime(b)
	}
	m.seconds = day * daySeconds
	if len(rest) == 0 {
		m.dateOnly = true
		return m, ""
	}
	if rest[0] != ' ' && rest[0] != 'T' && rest[0] != 't' {
		return moment{}, notTime(b)
	}
	second, rest, problem := cutClock(rest[1:])
	if problem != "" {
		return moment{}, problem
	}
	offset, zoned, ok := parseOffset(bytes.TrimSpace(rest))
	if !ok {
		return moment{}, fmt.Sprintf("%.40q is not a zone: want Z or an offset such as +02:00", rest)
	}
	m.seconds += second - offset
	m.zoned = zoned
	return m, ""
}

func notTime(b []byte) string {
	return fmt.Sprintf("%.40q is not a time: want 2006-01-02T15:04:05Z, a date, or Unix seconds", b)
}

// parseUnix reads Unix seconds or milliseconds; ok says that b is a number of
// that kind. Eight digits are a date.
func parseUnix(b []byte) (m moment, ok bool, problem string) {
	digits := b
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if whole, fraction, found := bytes.Cut(digits, []byte{'.'}); found && len(bytes.Trim(fraction, "0")) == 0 {
		digits = whole // 1353042000.0, as tools write that keep times as floating point
	}
	n, ok := parseDigits(digits)
	if !ok || len(b) == 8 {
		return moment{}, false, ""
	}
	if _, _, date := cutDate(digits); date && len(digits) == 12 {
		return moment{}, true, fmt.Sprintf("%s is a date without signs or Unix milliseconds: write it as 2006-01-02T15:04:05Z", b)
	}
	if n >= milliseconds {
		if n%1000 != 0 {
			return moment{}, true, fmt.Sprintf("%s is not at a whole second", b)
		}
		n /= 1000
	}
	if b[0] == '-' {
		n = -n
	}
	return moment{seconds: n, zoned: true}, true, ""
}

// cutDate reads a date at the beginning of b and returns its day since 1970.
func cutDate(b []byte) (day int64, rest []byte, ok bool) {
	var y, m, d int64
	var okY, okM, okD bool
	switch {
	case len(b) >= 10 && (b[4] == '-' || b[4] == '.' || b[4] == '/') && b[7] == b[4]:
		y, okY = parseDigits(b[:4])
		m, okM = parseDigits(b[5:7])
		d, okD = parseDigits(b[8:10])
		rest = b[10:]
	case len(b) >= 8:
		y, okY = parseDigits(b[:4])
		m, okM = parseDigits(b[4:6])
		d, okD = parseDigits(b[6:8])
		rest = b[8:]
	}
	if !okY || !okM || !okD || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, nil, false
	}
	return daysFromCivil(y, m, d), rest, true
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysFromCivil returns the day since 1970-01-01 of a date in the Gregorian
// calendar, year 0 or later (H. Hinnant, chrono-compatible low-level date
// algorithms).
func daysFromCivil(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	if y < 0 {
		era = -1
	}
	yearOfEra := y - 400*era
	dayOfYear := (153*(m-3)+2)/5 + d - 1
	return 146097*era + 365*yearOfEra + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468
}

// cutClock reads a time of day at the beginning of b: 15:04, 15:04:05, 150405,
// each with a fraction of zero seconds or none.
func cutClock(b []byte) (second int64, rest []byte, problem string) {
	var parts [3]int64
	rest = b
	for i := range parts {
		if i > 0 && len(rest) > 0 && rest[0] == ':' {
			rest = rest[1:]
		} else if i == 2 && (len(rest) == 0 || rest[0] < '0' || rest[0] > '9') { // no seconds
			break
		}
		n, ok := parseDigits(rest[:min(2, len(rest))])
		if !ok || len(rest) < 2 {
			return 0, nil, fmt.Sprintf("%.40q is not a time of day: want 15:04 or 15:04:05", b)
		}
		parts[i], rest = n, rest[2:]
	}
	if len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
		fraction := rest[1:]
		digits := len(fraction) - len(bytes.TrimLeft(fraction, "0123456789"))
		if len(bytes.Trim(fraction[:digits], "0")) > 0 || digits == 0 {
			return 0, nil, fmt.Sprintf("%.40q is not at a whole second", b)
		}
		rest = fraction[digits:]
	}
	if parts[0] > 23 || parts[1] > 59 || parts[2] > 59 {
		return 0, nil, fmt.Sprintf("%.40q is not a time of day: want 00:00:00 to 23:59:59", b)
	}
	return 3600*parts[0] + 60*parts[1] + parts[2], rest, ""
}

// parseOffset reads a zone: nothing, Z, UTC, or an offset in hours and minutes.
func parseOffset(b []byte) (seconds int64, stated, ok bool) {
	switch {
	case len(b) == 0:
		return 0, false, true
	case len(b) == 1 && (b[0] == 'Z' || b[0] == 'z') || bytes.EqualFold(b, []byte("UTC")):
		return 0, true, true
	case b[0] != '+' && b[0] != '-':
		return 0, false, false
	}
	digits := b[1:]
	if len(digits) == 5 && digits[2] == ':' {
		digits = append(append(make([]byte, 0, 4), digits[:2]...), digits[3:]...)
	}
	n, ok := parseDigits(digits)
	if len(digits) == 2 {
		n *= 100
	}
	if !ok || len(digits) != 2 && len(digits) != 4 || n/100 > 15 || n%100 > 59 {
		return 0, false, false
	}
	seconds = n/100*3600 + n%100*60
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, true, true
}

// A zone turns times of a location into UTC.
type zone struct {
	location *time.Location
	from, to int64 // local seconds between which offset is the only one
	offset   int64
}

// unix returns the Unix second of m; problem is "" if there is exactly one.
func (z *zone) unix(m moment) (t int64, problem string) {
	t = m.seconds
	if !m.zoned && z.location != time.UTC {
		if t, problem = z.fromLocal(t); problem != "" {
			return 0, problem
		}
	}
	if t < earliest || t >= latest {
		return 0, "the time lies outside the years 1900 to 2199"
	}
	return t, ""
}

func (z *zone) fromLocal(local int64) (t int64, problem string) {
	if z.from <= local && local < z.to {
		return local - z.offset, ""
	}
	// No zone is further than a day from UTC, so that one of the offsets in force
	// a day before and after is right.
	_, before := z.at(local - daySeconds).Zone()
	_, after := z.at(local + daySeconds).Zone()
	t1, t2 := local-int64(before), local-int64(after)
	_, offset1 := z.at(t1).Zone()
	_, offset2 := z.at(t2).Zone()
	ok1, ok2 := offset1 == before, offset2 == after
	switch {
	case ok1 && ok2 && t1 != t2:
		return 0, fmt.Sprintf("%s happens twice in %s, where clocks go back: state the offset or use UTC", localStamp(local), z.location)
	case !ok1 && !ok2:
		return 0, fmt.Sprintf("%s does not exist in %s, where clocks go forward: state the offset or use UTC", localStamp(local), z.location)
	case !ok1:
		t1 = t2
	}
	z.remember(t1)
	return t1, ""
}

func (z *zone) at(t int64) time.Time { return time.Unix(t, 0).In(z.location) }

// remember notes how far the offset at t holds, less two days at the ends.
func (z *zone) remember(t int64) {
	start, end := z.at(t).ZoneBounds()
	_, offset := z.at(t).Zone()
	z.offset = int64(offset)
	z.from, z.to = math.MinInt64, math.MaxInt64
	if !start.IsZero() {
		z.from = start.Unix() + 2*daySeconds
	}
	if !end.IsZero() {
		z.to = end.Unix() - 2*daySeconds
	}
}

func localStamp(local int64) string {
	return time.Unix(local, 0).UTC().Format("2006-01-02T15:04:05")
}
