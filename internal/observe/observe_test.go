package observe_test

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/observe"
)

func TestNewLogger(t *testing.T) {
	for name, tc := range map[string]struct {
		format, level string
		want          string // part of what the lines info and debug leave
		wantErr       string
	}{
		"text":           {"text", "info", `msg="bars loaded" symbol=EURUSD`, ""},
		"json":           {"json", "warn", "", ""},
		"unknown_format": {"xml", "info", "", `log format "xml": want text or json`},
		"unknown_level":  {"text", "loud", "", `log level "loud": want debug, info, warn or error`},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			log, err := observe.NewLogger(&out, tc.format, tc.level)
			if tc.wantErr != "" {
				if err == nil || err.Error() != tc.wantErr {
					t.Fatalf("NewLogger(%q, %q) = %v, want %q", tc.format, tc.level, err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			log.Info("bars loaded", "symbol", "EURUSD")
			log.Debug("not wanted")
			if got := out.String(); !strings.Contains(got, tc.want) || tc.want == "" && got != "" || strings.Contains(got, "not wanted") {
				t.Errorf("logged %q, want %q", got, tc.want)
			}
		})
	}
}

func TestNewLoggerJSON(t *testing.T) {
	var out strings.Builder
	log, err := observe.NewLogger(&out, "json", "DEBUG")
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("line\nbroken", "bars", 3)
	var line map[string]any
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil || line["bars"] != 3.0 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("logged %q (%v), want one JSON object with bars 3", out.String(), err)
	}
}

func TestMetrics(t *testing.T) {
	registry := observe.NewRegistry("backend", observe.Build{Version: "v1.2.3", Go: "go1.26"})
	w := httptest.NewRecorder()
	observe.Metrics(registry).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`ktrdr_build_info{go="go1.26",revision="",role="backend",version="v1.2.3"} 1`, "go_goroutines "} {
		if !strings.Contains(string(body), want) {
			t.Errorf("metrics lack %q", want)
		}
	}
}

func TestReadBuild(t *testing.T) {
	b := observe.ReadBuild()
	if b.Go != runtime.Version() || b.Version == "" || b.Platform != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("ReadBuild() = %+v, want the toolchain and platform of this test", b)
	}
}
