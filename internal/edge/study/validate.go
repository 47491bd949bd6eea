package study

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// Validate is the command that checks a strategy.
func Validate(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE|NAME", Short: "Check a strategy and report everything that is wrong with it",
		Long: `Check a strategy and report everything that is wrong with it, each problem with
its line and column. A file is checked right here, without a backend; a name means
a strategy that the backend holds. Exit code 1 says that it is not valid.`,
		Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := validate(c, cmd, args[0])
			if err != nil {
				return err
			}
			if err := c.Show(found, func(w io.Writer) { printValidation(w, args[0], found) }); err != nil {
				return err
			}
			if !found.Valid {
				return exit.ErrReported
			}
			return nil
		},
	}
}

func validate(c *command.Console, cmd *cobra.Command, name string) (wire.StrategyValidation, error) {
	if !command.IsFile(name) {
		client, err := c.Client(cmd)
		if err != nil {
			return wire.StrategyValidation{}, err
		}
		return client.ValidateStrategy(cmd.Context(), name)
	}
	s, err := c.ReadStrategy(name)
	if problems, ok := problemsOf(err); ok {
		return wire.StrategyValidation{
			Success: true, Issues: issues("error", problems), Features: []string{},
			AvailableIndicators: catalog.Names(), Message: display.Count(len(problems), "problem"),
		}, nil
	}
	if err != nil {
		return wire.StrategyValidation{}, err
	}
	result := wire.StrategyValidation{
		Success: true, Valid: true, StrategyName: s.Name, Issues: issues("warning", s.Warnings),
		AvailableIndicators: catalog.Names(), Message: "valid",
	}
	for _, f := range s.Features() {
		result.Features = append(result.Features, f.Name)
	}
	return result, nil
}

func issues(severity string, problems document.Problems) []wire.StrategyIssue {
	all := []wire.StrategyIssue{}
	for _, p := range problems {
		all = append(all, wire.StrategyIssue{Severity: severity, Category: "grammar", Message: p.Message, File: p.File, Line: p.Line, Column: p.Column, Path: p.Path})
	}
	return all
}

func printValidation(w io.Writer, name string, v wire.StrategyValidation) {
	for _, issue := range v.Issues {
		p := document.Problem{File: issue.File, Line: issue.Line, Column: issue.Column, Path: issue.Path, Message: issue.Message}
		prefix := ""
		if issue.Severity != "error" {
			prefix = issue.Severity + ": "
		}
		fmt.Fprintf(w, "%s%s\n", prefix, p)
	}
	if v.Valid {
		fmt.Fprintf(w, "%s is valid: strategy %s with %d features\n", name, v.StrategyName, len(v.Features))
		return
	}
	fmt.Fprintf(w, "%s is not valid: %s\n", name, v.Message)
}

// problemsOf returns the problems of a strategy that did not parse.
func problemsOf(err error) (document.Problems, bool) { return errors.AsType[document.Problems](err) }
