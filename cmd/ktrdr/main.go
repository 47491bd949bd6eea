// Command ktrdr is all of KTRDR: the backend, the workers and the command line.
// Package internal/edge/cli says what it does; this file only hands over.
package main

import (
	"os"

	"github.com/ktrdr/ktrdr/internal/edge/cli"
)

func main() { os.Exit(cli.Main()) }
