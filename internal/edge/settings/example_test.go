package settings_test

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

// A value knows where it came from.
func ExampleRead() {
	cmd := &cobra.Command{Use: "serve", RunE: func(cmd *cobra.Command, _ []string) error {
		v, err := settings.Read(cmd, settings.RoleServe)
		if err != nil {
			return err
		}
		fmt.Println(v.Get(settings.LogFormat), v.IsSet(settings.LogFormat))
		lease, err := v.Seconds(settings.Lease)
		fmt.Println(lease, v.IsSet(settings.Lease))
		return err
	}}
	settings.Bind(cmd, settings.RoleServe)
	cmd.SetArgs([]string{"--log-format", "json"})
	if err := cmd.Execute(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// json true
	// 28s false
}
