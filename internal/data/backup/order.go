package backup

import (
	"errors"
	"fmt"
	"strings"
)

// pathOf returns the path of an entry in the archive.
func pathOf(kind Kind, name string) (string, error) {
	path := ""
	switch kind {
	case Records:
		path = recordsName + name
	case Bars:
		path = barsFolder + name
	case Artifact:
		path = blobFolder + name
	}
	if k, n, err := parsePath(path); err != nil || k != kind || n != name {
		return "", fmt.Errorf("%q is not the name of an entry of kind %d", name, kind)
	}
	return path, nil
}

// parsePath returns what the entry at a path is.
func parsePath(path string) (Kind, string, error) {
	if path == recordsName {
		return Records, "", nil
	}
	if name, ok := strings.CutPrefix(path, barsFolder); ok && plain(name) {
		return Bars, name, nil
	}
	if name, ok := strings.CutPrefix(path, blobFolder); ok && len(name) == 64 && strings.Trim(name, "0123456789abcdef") == "" {
		return Artifact, name, nil
	}
	return 0, "", fmt.Errorf("%.100q is not the name of an entry", path)
}

// plain says whether a name of bars is one that no file system minds.
func plain(name string) bool {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-="
	return name != "" && len(name) <= 90 && strings.Trim(name, allowed) == "" && !strings.HasPrefix(name, ".")
}

// An order checks that entries come as they must: records, then bars, then
// artifacts, each kind sorted by name, so that none comes twice.
type order struct{ last string }

func (o *order) next(path string) error {
	switch {
	case o.last == "" && path != recordsName:
		return fmt.Errorf("%s comes before the records", path)
	case o.last != "" && o.last != recordsName && path <= o.last, o.last == recordsName && path == recordsName:
		return fmt.Errorf("%s comes after %s", path, o.last)
	}
	o.last = path
	return nil
}

func (o *order) end() error {
	if o.last == "" {
		return errors.New("there are no records")
	}
	return nil
}
