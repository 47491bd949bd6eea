package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/ktrdr/ktrdr/internal/edge/command"
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
		fmt.Fprintf(w, "%s is not valid: %s\n", file, countOf(len(v.Issues)))
	})
}
