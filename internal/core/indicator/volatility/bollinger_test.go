package volatility_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/indicator/volatility"
)

func ExampleBollinger() {
	price := []float64{1, 2, 3, 3, 3}
	upper, middle, lower := make([]float64, 5), make([]float64, 5), make([]float64, 5)
	volatility.Bollinger(upper, middle, lower, price, 3, 2, 1)
	fmt.Printf("%.2f\n%.2f\n%.2f\n", upper, middle, lower)
	// Output:
	// [NaN NaN 4.00 3.82 3.00]
	// [NaN NaN 2.00 2.67 3.00]
	// [NaN NaN 0.00 1.51 3.00]
}
