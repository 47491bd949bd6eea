package worker

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// takeDirectory opens dir, which is created if it is missing, for this process
// alone. Two workers with one directory would have one id.
func takeDirectory(dir string) (*os.Root, func() error, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("data directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("data directory: %w", err)
	}
	lock, err := root.OpenFile("worker.lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("data directory %s: %w", dir, err), root.Close())
	}
	release := func() error { return errors.Join(lock.Close(), root.Close()) }
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("data directory %s is in use by another worker: give each worker its own --data-dir", dir), release())
	}
	return root, release, nil
}

const identityFile = "worker-id"

// identity returns the id of the worker: the configured one, else the one kept
// in root, which is made at the first start.
func identity(root *os.Root, configured string, t fleet.WorkerType) (string, error) {
	if configured != "" {
		if err := operation.ValidateID(configured); err != nil {
			return "", fmt.Errorf("worker id %q: want letters, digits, _ and -", configured)
		}
		return configured, nil
	}
	kept, err := root.ReadFile(identityFile)
	id := strings.TrimSpace(string(kept))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	case operation.ValidateID(id) != nil:
		return "", fmt.Errorf("%s holds %q, which is not an id: delete the file", identityFile, id)
	case strings.HasPrefix(id, string(t)+"-"):
		return id, nil
	}
	var tail [4]byte
	rand.Read(tail[:]) // never fails
	id = fmt.Sprintf("%s-worker-%s", t, hex.EncodeToString(tail[:]))
	if err := root.WriteFile(identityFile+".new", []byte(id+"\n"), 0o644); err != nil {
		return "", err
	}
	return id, root.Rename(identityFile+".new", identityFile)
}
