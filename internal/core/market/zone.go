package market

import (
	"fmt"
	"strings"
	"time"
)

// A Zone is the clock on the wall of a market. The zero value is UTC.
type Zone uint8

// The zones.
const (
	UTC Zone = iota
	NewYork
	London
	Berlin
	Tokyo
	Sydney
	zoneCount
)

// zones says of each zone its name in the IANA time zone database, its winter
// time, and when it keeps summer time.
var zones = [zoneCount]struct {
	name   string
	hours  int64 // of winter time, east of UTC
	summer func(year int, t int64) bool
}{
	UTC:     {"UTC", 0, nil},
	NewYork: {"America/New_York", -5, americanSummer},
	London:  {"Europe/London", 0, europeanSummer},
	Berlin:  {"Europe/Berlin", 1, europeanSummer},
	Tokyo:   {"Asia/Tokyo", 9, nil},
	Sydney:  {"Australia/Sydney", 10, australianSummer},
}

// ParseZone returns the zone with this name, for example America/New_York.
func ParseZone(name string) (Zone, error) {
	var names []string
	for z, zone := range zones {
		if zone.name == name {
			return Zone(z), nil
		}
		names = append(names, zone.name)
	}
	return UTC, fmt.Errorf("unknown time zone %.40q: want one of %s", name, strings.Join(names, " "))
}

// String returns the name, or Zone(n) for a value that is not a zone.
func (z Zone) String() string {
	if z >= zoneCount {
		return fmt.Sprintf("Zone(%d)", uint8(z))
	}
	return zones[z].name
}

// MarshalText implements encoding.TextMarshaler.
func (z Zone) MarshalText() ([]byte, error) {
	if z >= zoneCount {
		return nil, fmt.Errorf("%v is not a time zone", z)
	}
	return []byte(z.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseZone.
func (z *Zone) UnmarshalText(text []byte) error {
	parsed, err := ParseZone(string(text))
	if err != nil {
		return err
	}
	*z = parsed
	return nil
}

// Local returns what the clock of the zone shows at the Unix second t, as if its
// time were UTC: a moment whose hour and day are those of the market.
//
//	local = t + 3600 * (hours east of UTC in winter, and one more in summer)
//
// The summers are those of the rules in force since 1996 in Europe, 1987 in New
// York (with the change of 2007) and 2008 in Sydney; earlier years are taken to
// have had the oldest of them. They are written out here, and not read from the
// machine, so that every machine has the same.
//
// Source: IANA time zone database 2025b, files northamerica, europe, australasia.
func (z Zone) Local(t int64) int64 {
	zone := zones[z]
	local := t + 3600*zone.hours
	if zone.summer != nil && zone.summer(time.Unix(local, 0).UTC().Year(), t) {
		local += 3600
	}
	return local
}

// americanSummer begins and ends at two o'clock in New York.
func americanSummer(year int, t int64) bool {
	if year < 2007 {
		return sunday(year, time.April, 1)+7*3600 <= t && t < lastSunday(year, time.October)+6*3600
	}
	return sunday(year, time.March, 8)+7*3600 <= t && t < sunday(year, time.November, 1)+6*3600
}

// europeanSummer begins and ends at one o'clock in UTC.
func europeanSummer(year int, t int64) bool {
	return lastSunday(year, time.March)+3600 <= t && t < lastSunday(year, time.October)+3600
}

// australianSummer is that of the two ends of a year. It changes at two o'clock
// of winter time, which is on the Saturday in UTC.
func australianSummer(year int, t int64) bool {
	return t < sunday(year, time.April, 1)-8*3600 || sunday(year, time.October, 1)-8*3600 <= t
}

// sunday returns the midnight in UTC of the first Sunday from a day of a month on.
func sunday(year int, month time.Month, day int) int64 {
	first := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 0, (7-int(first.Weekday()))%7).Unix()
}

// lastSunday is that of a month of 31 days.
func lastSunday(year int, month time.Month) int64 { return sunday(year, month, 25) }
