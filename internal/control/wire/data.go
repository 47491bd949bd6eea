package wire

import (
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// An Envelope is the answer form of the data endpoints. Error is null on
// success; a failure has the form of ErrorBody.
type Envelope[T any] struct {
	Success bool `json:"success"`
	Data    T    `json:"data"`
	Error   any  `json:"error"`
}

// A Holding says which bars of a symbol and timeframe are held.
type Holding struct {
	Symbol    market.Symbol    `json:"symbol"`
	Timeframe market.Timeframe `json:"timeframe"`
	Bars      int              `json:"bars"`
	First     time.Time        `json:"first" doc:"opening time of the first bar"`
	Last      time.Time        `json:"last" doc:"opening time of the last bar"`
}

// A DataInfo says which bars a backend holds.
type DataInfo struct {
	DataDirectory       string             `json:"data_directory"`
	TotalSymbols        int                `json:"total_symbols"`
	AvailableSymbols    []market.Symbol    `json:"available_symbols"`
	TimeframesAvailable []market.Timeframe `json:"timeframes_available"`
	TotalTimeframes     int                `json:"total_timeframes"`
	DataSources         []string           `json:"data_sources"`
	Features            []string           `json:"features"`
	Holdings            []Holding          `json:"holdings"`
}

// A SymbolInfo is one symbol that a backend holds bars of.
type SymbolInfo struct {
	Symbol              market.Symbol      `json:"symbol"`
	Name                string             `json:"name"`
	Type                string             `json:"type" doc:"stock, forex, futures, options, index or unknown"`
	Exchange            string             `json:"exchange"`
	Currency            string             `json:"currency"`
	AvailableTimeframes []market.Timeframe `json:"available_timeframes"`
}

// A TimeframeInfo is one timeframe that the system knows.
type TimeframeInfo struct {
	ID          market.Timeframe `json:"id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
}

// Bars are the bars of a symbol and timeframe, oldest first.
type Bars struct {
	Dates    []string      `json:"dates" doc:"opening times, UTC, 2006-01-02T15:04:05"`
	OHLCV    [][5]*float64 `json:"ohlcv" doc:"open, high, low, close, volume; a volume that is not reported is null"`
	Quotes   [][2]*float64 `json:"quotes,omitempty" doc:"bid and ask when the bar ends, null where not known; missing where none is"`
	Points   *int          `json:"points" doc:"always null; see metadata"`
	Metadata BarsMetadata  `json:"metadata"`
}

// A BarsMetadata describes Bars. Both spellings of its fields are present.
type BarsMetadata struct {
	Symbol         market.Symbol    `json:"symbol"`
	Timeframe      market.Timeframe `json:"timeframe"`
	StartDate      string           `json:"start_date"`
	EndDate        string           `json:"end_date"`
	Start          string           `json:"start"`
	End            string           `json:"end"`
	PointCount     int              `json:"point_count"`
	Points         int              `json:"points"`
	Limited        bool             `json:"limited"`
	OriginalPoints int              `json:"original_points" doc:"bars in the span before the limit"`
}

// A BarsQuery narrows what Bars returns; the zero value asks for all.
type BarsQuery struct {
	StartDate, EndDate string
	Limit              int // the newest so many; 0: all
}

// A DataRangeQuery asks for the range of a symbol and timeframe.
type DataRangeQuery struct {
	Symbol    string `json:"symbol"`
	Timeframe string `json:"timeframe"`
}

// A DataRange says from when to when bars are held.
type DataRange struct {
	Symbol     market.Symbol    `json:"symbol"`
	Timeframe  market.Timeframe `json:"timeframe"`
	StartDate  time.Time        `json:"start_date" doc:"opening time of the first bar"`
	EndDate    time.Time        `json:"end_date" doc:"opening time of the last bar"`
	PointCount int              `json:"point_count"`
}

// ImportOptions say how a file of bars is to be read. The empty options ask for
// the layout to be recognised.
type ImportOptions struct {
	File      string // name of the file, used in messages
	Format    string // csv or parquet; default: by the name
	Symbol    string
	Timeframe string
	Timezone  string // of times without one; default UTC
	SkipBad   bool   // leave bad rows out and report them
}

// An ImportReport says what an import changed.
type ImportReport struct {
	Symbol    market.Symbol    `json:"symbol"`
	Timeframe market.Timeframe `json:"timeframe"`
	File      string           `json:"file"`
	Rows      int              `json:"rows" doc:"rows read"`
	Added     int              `json:"added" doc:"bars that were not held"`
	Changed   int              `json:"changed" doc:"bars that were held with other values"`
	Same      int              `json:"same" doc:"bars that were held already"`
	Quotes    bool             `json:"quotes" doc:"whether the file has bid and ask"`
	Ignored   []string         `json:"ignored" doc:"columns of the file that were not used"`
	Skipped   int              `json:"skipped" doc:"bad rows that were left out, as asked for"`
	Problems  []string         `json:"problems" doc:"the bad rows that were left out"`
	Held      Holding          `json:"held"`
}
