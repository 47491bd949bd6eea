package exit_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// The code of an error survives what is wrapped around it.
func ExampleCode() {
	err := fmt.Errorf("read settings: %w", exit.NotFoundf("%s: no such file", "a.yaml"))
	code := exit.Code(err)
	fmt.Println(code, exit.Name(code, err), err)
	// Output:
	// 3 NOT_FOUND read settings: a.yaml: no such file
}
