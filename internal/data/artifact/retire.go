package artifact

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"time"
)

// Content is deleted in two steps, because whoever looks for it may be about to
// refer to it. Retire puts it aside, where Stat and Open still find it and bring
// it back. Delete removes what is still aside: nobody has asked for it since.
// Both are one rename or unlink, so that of two that meet at the same content one
// comes first, and no lock is needed, not even between machines.

// retiredFolder holds what was put aside.
const retiredFolder = "retired"

func (h Hash) retiredPath() string { return path.Join(retiredFolder, string(h)) }

// Retire puts h aside at a time that List tells; the error wraps ErrNotFound if
// it is not held. Readers of h that are open stay valid.
func (s *Store) Retire(_ context.Context, h Hash, at time.Time) error {
	if _, err := ParseHash(string(h)); err != nil {
		return err
	}
	if err := s.root.Mkdir(retiredFolder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return lookupError(h, err)
	}
	if err := s.root.Chtimes(h.path(), at, at); err != nil { // of two steps the first, so that a crash between them only makes it look new
		return lookupError(h, err)
	}
	if err := s.root.Rename(h.path(), h.retiredPath()); err != nil {
		return lookupError(h, err)
	}
	return nil
}

// revive brings back what was put aside; the error wraps fs.ErrNotExist if it was
// not.
func (s *Store) revive(h Hash) error {
	return s.root.Rename(h.retiredPath(), h.path())
}

// stat describes content, which it brings back if it was put aside.
func (s *Store) stat(h Hash) (fs.FileInfo, error) {
	st, err := s.root.Stat(h.path())
	if errors.Is(err, fs.ErrNotExist) && s.revive(h) == nil {
		st, err = s.root.Stat(h.path())
	}
	return st, err
}

// Delete removes h for good if Retire has put it aside and nobody has asked for
// it since; the error wraps ErrNotFound if it is not aside. Readers of h that are
// open stay valid.
func (s *Store) Delete(_ context.Context, h Hash) error {
	if _, err := ParseHash(string(h)); err != nil {
		return err
	}
	if err := s.root.Remove(h.retiredPath()); err != nil {
		return lookupError(h, err)
	}
	return nil
}

// Retired calls visit for everything that was put aside, ordered by hash; see
// List.
func (s *Store) Retired(ctx context.Context, visit func(Info) error) error {
	return s.visit(ctx, retiredFolder, func(h Hash) string { return h.retiredPath() }, visit)
}
