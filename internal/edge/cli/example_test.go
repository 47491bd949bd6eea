package cli_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/edge/cli"
)

// A command is a function of its arguments and streams; wrong usage has code 2.
func ExampleRun() {
	code := cli.Run(context.Background(), []string{"data", "shw"}, strings.NewReader(""), os.Stdout, os.Stdout)
	fmt.Println(code)
	// Output:
	// Error: unknown command "shw" for "ktrdr data" (did you mean show?)
	// See: ktrdr data --help
	// 2
}

// BenchmarkRun is the work of a command apart from starting the process. It
// builds the whole tree of commands, so a regression slows every command.
func BenchmarkRun(b *testing.B) {
	b.Run("command=help", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if code := cli.Run(b.Context(), []string{"--help"}, strings.NewReader(""), io.Discard, io.Discard); code != 0 {
				b.Fatalf("exit %d", code)
			}
		}
	})
}
