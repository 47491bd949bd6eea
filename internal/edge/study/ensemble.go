package study

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// showEnsemble writes what checking an ensemble file found.
func showEnsemble(c *command.Console, file string, v ensembleValidation) error {
	return c.Show(v, func(w io.Writer) {
		for _, issue := range v.Issues {
			fmt.Fprintf(w, "%s:%d:%d: %s: %s\n", issue.File, issue.Line, issue.Column, issue.Path, issue.Message)
		}
		if v.Valid {
			fmt.Fprintf(w, "%s is valid: ensemble %s of the models %s\n", file, v.Ensemble, strings.Join(v.Models, ", "))
			return
		}
		fmt.Fprintf(w, "%s is not valid: %s\n", file, display.Count(len(v.Issues), "problem"))
	})
}

// An ensembleValidation is the result of checking an ensemble file.
type ensembleValidation struct {
	Valid    bool                 `json:"valid"`
	Ensemble string               `json:"ensemble"`
	Models   []string             `json:"models"` // that it asks for
	Issues   []wire.StrategyIssue `json:"issues"`
}

// ValidateEnsemble is the command that checks an ensemble file.
func ValidateEnsemble(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE", Short: "Check an ensemble file and report everything that is wrong with it", Args: command.Arguments(1, 1),
		Long: `Check an ensemble file and report everything that is wrong with it, each problem
with its line and column. That its models are there, and are what it says, is
checked by a backtest. Exit code 1 says that it is not valid.`,
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := c.ReadInput(args[0], wire.MaxStrategyBytes)
			if err != nil {
				return err
			}
			found := ensembleValidation{Models: []string{}, Issues: []wire.StrategyIssue{}}
			e, err := ensemble.Parse(args[0], text)
			if problems, ok := problemsOf(err); ok {
				found.Issues = issues("error", problems)
			} else if err != nil {
				return err
			} else {
				found.Valid, found.Ensemble = true, e.Name
				for _, m := range e.Members {
					found.Models = append(found.Models, m.Model)
				}
			}
			if err := showEnsemble(c, args[0], found); err != nil || found.Valid {
				return err
			}
			return exit.ErrReported
		},
	}
}

// EnsembleSchema is the command that writes the JSON Schema of ensemble files.
func EnsembleSchema(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Write the JSON Schema of ensemble files, for editors", Args: command.Arguments(0, 0),
		Long: `Write the JSON Schema of ensemble files, for editors: the keys, what kind of value
each has, and the words it can be. The rest is checked by ktrdr ensemble validate.`,
		Example: "  ktrdr ensemble schema > ensemble.schema.json",
		RunE: func(*cobra.Command, []string) error {
			_, err := c.Out.Write(ensemble.Schema())
			return err
		},
	}
}
