package market

import "sort"

const daySeconds = 86_400

// DayEnds returns the last of the bars of timeframe tf, which open at times, of each
// UTC day on which one ended. A bar that ends at midnight belongs to the day before
// it. With bars longer than a day these are all bars.
func DayEnds(times []int64, tf Timeframe) []int {
	days := (tf.End(times[len(times)-1])-times[0])/daySeconds + 2
	ends := make([]int, 0, min(int64(len(times)), days))
	for from := 0; from < len(times); {
		midnight := midnightAfter(times[from], tf)
		next := from + 1
		if tf < Day1 { // of longer bars each is a day
			// Doubling steps, then halves: a day of minutes has many bars.
			step := 1
			for next < len(times) && tf.End(times[next]) <= midnight {
				from, next, step = next, next+step, 2*step
			}
			next = min(next, len(times))
			next = from + 1 + sort.Search(next-from-1, func(i int) bool { return tf.End(times[from+1+i]) > midnight })
		}
		ends = append(ends, next-1)
		from = next
	}
	return ends
}

// midnightAfter returns the end of the UTC day in which the bar that opens at
// open ends.
func midnightAfter(open int64, tf Timeframe) int64 {
	end := tf.End(open)
	if rest := end % daySeconds; rest > 0 {
		return end - rest + daySeconds
	} else if rest < 0 { // before 1970
		return end - rest
	}
	return end
}
