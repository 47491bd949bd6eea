package settings_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func FuzzParseFile(f *testing.F) {
	f.Add("url: http://127.0.0.1:8000\nworker:\n  port: 5003\n")
	f.Add("worker: [1, 2]\nurl: {a: b}\n? [x]\n: y\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := settings.ParseFile("f.yaml", []byte(text))
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Errorf("an error without a word for %q", text)
		}
		if err == nil {
			for key := range values {
				if !strings.Contains(keys, " "+key+" ") {
					t.Errorf("accepted the unknown key %q of %q", key, text)
				}
			}
		}
	})
}

// keys are the keys of all settings between spaces.
var keys = func() string {
	all := " "
	for _, s := range settings.Settings() {
		all += s.Key + " "
	}
	return all
}()

func TestDatabaseAddressIsSecret(t *testing.T) {
	if got := settings.MaskDatabase("postgres://me:secret@host/db"); got != "postgres://me:xxxxx@host/db" {
		t.Errorf("shown as %q", got)
	}
	for _, bad := range []string{"mysql://me:secret@host/db", "secret", "postgres://me:secret@%zz"} {
		if err := settings.CheckDatabase(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("checkDatabase(%q) = %v, want a refusal that does not repeat it", bad, err)
		}
	}
}

func TestStrip(t *testing.T) {
	got := settings.Strip([]string{"PATH=/bin", "WORKER_ID=w1", "KTRDR_API_URL=http://h", "KTRDR_CONFIG=f", "LOG_LEVEL=debug", "NO_COLOR=1"})
	if want := []string{"PATH=/bin", "NO_COLOR=1"}; !slices.Equal(got, want) {
		t.Errorf("Strip = %q, want %q", got, want)
	}
}
