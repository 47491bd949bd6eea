package momentum_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/indicator/momentum"
)

func ExampleRSI() {
	price := []float64{1, 2, 3, 2.5, 2}
	fmt.Printf("%.1f\n", momentum.RSI(make([]float64, 5), price, 2))
	// Output: [NaN NaN 100.0 66.7 40.0]
}
