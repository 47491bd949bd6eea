package command_test

import (
	"fmt"
	"io"
	"os"

	"github.com/ktrdr/ktrdr/internal/edge/command"
)

// One value is the JSON for programs and, through a function, the text for people.
func ExampleConsole_Show() {
	c := command.New(nil, os.Stdout, io.Discard)
	for _, c.JSON = range []bool{false, true} {
		_ = c.Show(map[string]int{"bars": 3}, func(w io.Writer) { fmt.Fprintln(w, "3 bars are held") })
	}
	// Output:
	// 3 bars are held
	// {
	//   "bars": 3
	// }
}
