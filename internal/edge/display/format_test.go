package display_test

import (
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/edge/display"
)

func TestGroup3(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "999": "999", "1000": "1,000", "-1234567.891": "-1,234,567.891", "12": "12", "-12": "-12",
	} {
		if got := display.Group3(in); got != want {
			t.Errorf("Group3(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for in, want := range map[time.Duration]string{
		0: "0.0s", 1400 * time.Millisecond: "1.4s", 42 * time.Second: "42s", 185 * time.Second: "3m05s", 130 * time.Minute: "2h10m",
	} {
		if got := display.Duration(in); got != want {
			t.Errorf("Duration(%v) = %q, want %q", in, got, want)
		}
	}
}
