package average_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/indicator/average"
)

func ExampleMACD() {
	price := []float64{1, 2, 3, 4, 5, 6}
	line, signal, histogram := make([]float64, 6), make([]float64, 6), make([]float64, 6)
	average.MACD(line, signal, histogram, price, 2, 4, 2)
	fmt.Println(line)
	fmt.Println(signal)
	// Output:
	// [NaN NaN NaN 1 1 1]
	// [NaN NaN NaN NaN 1 1]
}
