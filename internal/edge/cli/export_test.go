package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
)

// Commands is the tree of commands, for the generated reference.
func Commands() *cobra.Command { return newRoot(command.New(nil, io.Discard, io.Discard)) }
