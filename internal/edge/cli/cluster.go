package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
)

const (
	keyDatabaseURL  = "database_url"
	keySharedDir    = "shared_dir"
	keyAdvertiseURL = "advertise_url"
)

// clusterSettings are the settings of several backends on one database.
func clusterSettings() []setting {
	return []setting{
		{key: keyDatabaseURL, flag: "database-url", env: []string{"KTRDR_DATABASE_URL"}, roles: roleServe | roleRestore, check: checkDatabase, shown: maskDatabase,
			doc: "PostgreSQL database that holds the records, as postgres://USER:PASSWORD@HOST/DATABASE; several backends may use one. Prefer the variable: other users of the machine can read flags. Default: a SQLite file in data_dir."},
		{key: keySharedDir, flag: "shared-dir", env: []string{"KTRDR_SHARED_DIR"}, roles: roleServe | roleRestore,
			doc: "Folder of the artifacts, the same one for all backends on one PostgreSQL database. Default: data_dir."},
		{key: keyAdvertiseURL, flag: "advertise-url", env: []string{"KTRDR_ADVERTISE_URL"}, roles: roleServe, check: checkURL,
			doc: "Address under which the other backends on the same database reach this one. Default: what it listens on."},
	}
}

// checkDatabase never repeats the address, which may hold a password.
func checkDatabase(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("want postgres://USER:PASSWORD@HOST/DATABASE, with special characters in the password escaped (%40 for @); for SQLite leave it out")
	}
	return nil
}

func maskDatabase(s string) string {
	if s == "" {
		return ""
	}
	return store.Address(s).String()
}

// holderName names this process to the other backends on the same database.
func holderName(s settings, listening string) string {
	address := "http://" + listening
	if advertised := s.get(keyAdvertiseURL); advertised != "" {
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
