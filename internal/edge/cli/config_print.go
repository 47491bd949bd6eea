package cli

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/display"
)

func newConfig(c *console) *cobra.Command {
	return group("config", "Show the settings", newConfigPrint(c))
}

// A printedSetting is one setting in the JSON of config print.
type printedSetting struct {
	Key    string   `json:"key"`
	Value  string   `json:"value"`
	Origin string   `json:"origin"`
	Flag   string   `json:"flag"`
	Env    []string `json:"env"`
	Roles  []string `json:"roles"`
	Doc    string   `json:"doc"`
}

func newConfigPrint(c *console) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "print", Short: "Print each effective setting and where it comes from", Args: arguments(0, 0),
		Long: `Print each effective setting and where it comes from.

With --role the settings that this role reads, with its defaults; without it all
of them. The flags of the settings are accepted here too, to try them out.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := parseRole(name)
			if err != nil {
				return err
			}
			s, err := c.settings(cmd, r)
			if err != nil {
				return err
			}
			return c.show(printed(s), func(w io.Writer) { printSettings(w, s) })
		},
	}
	cmd.Flags().StringVar(&name, "role", "", `role whose settings are shown: client, serve, "worker backtest", "worker training" or up`)
	bindSettings(cmd, roleClient|roleServers)
	return cmd
}

// parseRole returns the role of that name; "" is a role that reads everything.
func parseRole(name string) (role, error) {
	if name == "" {
		return roleClient | roleServers, nil
	}
	for _, known := range roleNames {
		if known.name == name {
			return known.role, nil
		}
	}
	return 0, usagef("unknown role %q: want one of %s", name, roleClient|roleServers)
}

func printed(s settings) []printedSetting {
	var all []printedSetting
	for _, x := range schema() {
		if x.roles&s.role != 0 {
			v := s.values[x.key]
			if x.shown != nil {
				v.value = x.shown(v.value)
			}
			all = append(all, printedSetting{x.key, v.value, v.origin, "--" + x.flag, x.env, strings.Split(x.roles.String(), ", "), x.doc})
		}
	}
	return all
}

func printSettings(w io.Writer, s settings) {
	var rows [][]string
	for _, p := range printed(s) {
		rows = append(rows, []string{p.Key, display.OrDash(p.Value), p.Origin, p.Flag, p.Env[0]})
	}
	display.Columns(w, []string{"setting", "value", "origin", "flag", "environment"}, rows)
}
