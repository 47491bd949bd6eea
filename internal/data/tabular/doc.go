// Package tabular reads bars from CSV and Parquet files that come from
// elsewhere, and writes them for others to read.
//
// # Nouns
//
// A layout says which column of a file is what: it follows from the header or,
// where there is none, from the number and shape of the columns. A [BadRow] is a
// row that breaks a rule, with its line, its column and the rule. A [Report]
// says what became of all rows.
//
// # Layouts of CSV
//
// Fields are divided by comma, semicolon or tab. With a header the columns may
// stand in any order and are recognised by their names, whatever their case:
//
//	time     timestamp, datetime, open time, gmt time, date, time, or nothing at all
//	clock    time, where there is a date as well (MetaTrader: <DATE> <TIME>)
//	prices   open, high, low, close, or o, h, l, c
//	volume   volume, tick volume, tickvol, vol, v: the first of these that is there
//	quotes   bid and ask, or bid close and ask close (bidclose, close_bid, bid.c …)
//
// [Columns] names them where they are called something else. Other columns (adj
// close, and the spread of MetaTrader, which counts points of a size that the file
// does not say) are not used, which the report says.
//
// Where there are no prices but opens, highs, lows and closes of both sides
// (bidopen … askclose, bid_open … ask_close, open_bid … close_ask), the prices are
// the middles of bid and ask, and the closes are the quotes. The bars that
// Interactive Brokers calls BID_ASK cannot be told from prices by their names and
// are none: export MIDPOINT, and the closes of BID and of ASK beside it.
//
// Without a header there are no quotes:
//
//	5 or 6   time, open, high, low, close[, volume]
//	6 or 7   date, clock, open, high, low, close[, volume]       (MetaTrader 4)
//	9        date, clock, open, high, low, close, tickvol, …     (MetaTrader 5)
//
// A time is Unix seconds or milliseconds, or a date (2006-01-02, 2006.01.02,
// 2006/01/02, 20060102) with or without a time of day (15:04, 15:04:05, 150405)
// and a zone (Z, +02:00). Where it states no zone it is taken in the zone of the
// options. It is the time at which the bar opens.
//
// # Rules
//
//   - Prices are finite and above zero; high and low enclose open and close.
//   - A volume is at least 0; where it is empty, -1, nan or null, or where there
//     is no such column, it is not reported, which is NaN.
//   - Quotes are those when the bar ends. A file has them in every row or has no
//     columns of them: a row without, or whose ask lies below its bid, is bad. One
//     side alone, or two columns for the same, is an error.
//   - A time exists once in its zone: the hour that clocks skip and the one that
//     they repeat are refused.
//   - Rows may come in any order; they are sorted, and the report counts those
//     that stood before an older one. Equal rows count once. Rows with one time
//     and different values are all bad: nobody can say which is right.
//   - Bars lie no closer together than the timeframe says (less an hour for
//     days, and as far as calendars go for weeks and months). Where most of them
//     do, or where all of them lie much further apart, the file is refused with
//     the timeframe that it seems to have.
//
// All bad rows are found in one reading. Nothing is imported from a file that
// has one, unless the options say to skip them; the report then lists them.
//
// Start reading at [ReadCSV].
package tabular
