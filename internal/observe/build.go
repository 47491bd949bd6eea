package observe

import (
	"runtime"
	"runtime/debug"
)

// A Build says what a binary was built from.
type Build struct {
	Version  string `json:"version"`  // of the module; "devel" where the build does not say
	Revision string `json:"revision"` // of the version control system; "" where not known
	Modified bool   `json:"modified"` // whether the sources differed from Revision
	Go       string `json:"go"`       // version of the toolchain
	Platform string `json:"platform"` // operating system/architecture
}

// ReadBuild returns what the toolchain stamped into this binary.
func ReadBuild() Build {
	b := Build{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
