package backend

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

// holderName names this process to the other backends on the same database.
func holderName(s settings.Values, listening string) string {
	address := "http://" + listening
	if advertised := s.Get(settings.AdvertiseURL); advertised != "" {
		address = strings.TrimRight(advertised, "/")
		if !strings.Contains(address, "://") {
			address = "http://" + address
		}
	}
	return address + "#" + randomName()
}

func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// openArtifacts opens the folder of artifacts below dir. All backends on one
// database must use the same: whichever of them schedules next has to find there
// what the operations refer to.
func openArtifacts(ctx context.Context, dir string, shared bool, records *store.Store) (*artifact.Store, error) {
	if shared {
		id, err := folderID(dir)
		if err != nil {
			return nil, err
		}
		bound, err := records.Bind(ctx, id)
		if err != nil {
			return nil, err
		}
		if bound != id {
			return nil, fmt.Errorf("the artifacts in %s are not those of the database: give every backend on it the same folder with --shared-dir (KTRDR_SHARED_DIR)", dir)
		}
	}
	return artifact.Open(filepath.Join(dir, "artifacts"))
}

// folderID returns the name of a folder, which is drawn once and kept in it.
func folderID(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "folder-id")
	drawn := path + "." + randomName()
	if err := os.WriteFile(drawn, []byte(randomName()), 0o644); err != nil {
		return "", err
	}
	err := os.Link(drawn, path) // fails for all but the first
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	text, readErr := os.ReadFile(path)
	return string(text), errors.Join(err, readErr, os.Remove(drawn))
}
