package indicator_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

func ExampleIndicator_Stream() {
	spec, _ := catalog.Lookup("momentum")
	momentum, err := spec.New(map[string]indicator.Value{"period": indicator.Int(2)})
	if err != nil {
		fmt.Println(err)
		return
	}
	stream := momentum.Stream()
	for _, price := range []float64{1, 2, 4, 8} {
		fmt.Println(stream.Next(market.Bar{Open: price, High: price, Low: price, Close: price}))
	}
	// Output:
	// [NaN]
	// [NaN]
	// [3]
	// [6]
}
