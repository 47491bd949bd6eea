package memo_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/edge/memo"
)

// What was asked for lately is not worked out again.
func ExampleRecent_Of() {
	lengths := memo.New[string, int](2)
	for _, word := range []string{"bar", "bar", "strategy", "bar"} {
		n, err := lengths.Of(word, func() (int, error) {
			fmt.Println("counting", word)
			return len(word), nil
		})
		fmt.Println(word, n, err)
	}
	// Output:
	// counting bar
	// bar 3 <nil>
	// bar 3 <nil>
	// counting strategy
	// strategy 8 <nil>
	// bar 3 <nil>
}
