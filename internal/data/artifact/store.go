package artifact

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	contentFolder  = "sha256"
	incomingFolder = "incoming"
)

var (
	// ErrNotFound is wrapped by errors about content that is not held.
	ErrNotFound = errors.New("artifact not found")
	// ErrCorrupt is wrapped by errors about content that is not what its name says.
	ErrCorrupt = errors.New("artifact is corrupt")
	// ErrMismatch is wrapped by the error of a PutExpected that got other content.
	ErrMismatch = errors.New("content does not match its hash")
)

// An Info describes what is held under a hash.
type Info struct {
	Hash      Hash
	SizeBytes int64
	Since     time.Time // when it was stored, or put aside
}

// A Store keeps content in a directory. Its methods may be called from several
// goroutines, and several processes may open the same directory. The zero value
// is not usable; Open makes one.
type Store struct {
	root    *os.Root
	lock    *os.File // locked shared while the store is open
	folders sync.Map // those whose names are known to be on the disk
}

// Open opens the store in dir, which is created if it is missing. What earlier
// processes left half written is removed if no other process has dir open.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open artifacts: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open artifacts: %w", err)
	}
	s := &Store{root: root}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open artifacts in %s: %w", dir, err), s.Close())
	}
	return s, nil
}

func (s *Store) prepare() error {
	for _, folder := range [...]string{contentFolder, incomingFolder} {
		if err := s.mkdir(folder); err != nil {
			return err
		}
	}
	lock, err := s.root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	s.lock = lock
	fd := int(lock.Fd())
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil { // nobody else is here, so nobody is writing
		if err := s.removeIncoming(); err != nil {
			return err
		}
	}
	return unix.Flock(fd, unix.LOCK_SH)
}

func (s *Store) removeIncoming() error {
	left, err := fs.ReadDir(s.root.FS(), incomingFolder)
	if err != nil {
		return err
	}
	for _, entry := range left {
		if err := s.root.RemoveAll(path.Join(incomingFolder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Close releases the directory. Readers that are still open stay valid.
func (s *Store) Close() error {
	if s.lock == nil {
		return s.root.Close()
	}
	return errors.Join(s.lock.Close(), s.root.Close())
}

// Put stores what r gives and returns its hash and size in bytes. When it
// returns without error the content is on disk.
func (s *Store) Put(ctx context.Context, r io.Reader) (Hash, int64, error) {
	return s.put(ctx, "", r)
}

// PutBytes stores b; see Put.
func (s *Store) PutBytes(ctx context.Context, b []byte) (Hash, error) {
	h, _, err := s.put(ctx, "", bytes.NewReader(b))
	return h, err
}

// PutExpected stores what r gives if its hash is want, and nothing otherwise; the
// error then wraps ErrMismatch.
func (s *Store) PutExpected(ctx context.Context, want Hash, r io.Reader) (sizeBytes int64, err error) {
	if _, err := ParseHash(string(want)); err != nil {
		return 0, err
	}
	_, size, err := s.put(ctx, want, r)
	return size, err
}

func (s *Store) put(ctx context.Context, want Hash, r io.Reader) (Hash, int64, error) {
	name := path.Join(incomingFolder, rand.Text())
	h, size, err := s.receive(ctx, name, r)
	if err == nil && want != "" && h != want {
		err = fmt.Errorf("%w: announced as %s, received %d bytes of %s: send it again", ErrMismatch, want, size, h)
	}
	if err == nil {
		err = s.publish(name, h)
	}
	if err != nil {
		if rm := s.root.Remove(name); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
			err = errors.Join(err, rm)
		}
		return "", 0, fmt.Errorf("store artifact: %w", err)
	}
	return h, size, nil
}

// receive writes r to a new file and syncs it.
func (s *Store) receive(ctx context.Context, name string, r io.Reader) (Hash, int64, error) {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", 0, err
	}
	digest := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, digest), contextReader{ctx, r})
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", 0, err
	}
	return Hash(hex.EncodeToString(digest.Sum(nil))), size, nil
}

// publish renames a file to its hash. It replaces a copy that is already there:
// the content is the same, or else the copy was damaged and is mended.
func (s *Store) publish(name string, h Hash) error {
	folder := h.folder()
	err := fs.ErrNotExist
	if _, known := s.folders.Load(folder); known {
		err = s.root.Rename(name, h.path())
	}
	if errors.Is(err, fs.ErrNotExist) { // it is new, or somebody has removed it
		if err = s.mkdir(folder); err == nil {
			s.folders.Store(folder, true)
			err = s.root.Rename(name, h.path())
		}
	}
	if err != nil {
		return err
	}
	return s.syncFolder(folder)
}

// mkdir makes a folder that may be there already. Its parent is synced in either
// case: whoever made it may not have come to that yet.
func (s *Store) mkdir(folder string) error {
	if err := s.root.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return s.syncFolder(path.Dir(folder))
}

func (s *Store) syncFolder(name string) error {
	d, err := s.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Stat describes what is held under h; the error wraps ErrNotFound if nothing is.
func (s *Store) Stat(_ context.Context, h Hash) (Info, error) {
	if _, err := ParseHash(string(h)); err != nil {
		return Info{}, err
	}
	st, err := s.stat(h)
	if err != nil {
		return Info{}, lookupError(h, err)
	}
	return Info{Hash: h, SizeBytes: st.Size(), Since: st.ModTime()}, nil
}

func lookupError(h Hash, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNotFound, h)
	}
	return fmt.Errorf("artifact %s: %w", h, err)
}

// List calls visit for everything held, ordered by hash, until visit returns an
// error, which it then returns. Files that are not named as content are passed
// over.
func (s *Store) List(ctx context.Context, visit func(Info) error) error {
	folders, err := fs.ReadDir(s.root.FS(), contentFolder)
	if err != nil {
		return fmt.Errorf("list artifacts: %w", err)
	}
	for _, folder := range folders {
		inFolder := func(h Hash) string {
			if folder.Name() != string(h[:2]) {
				return ""
			}
			return h.path()
		}
		if err := s.visit(ctx, path.Join(contentFolder, folder.Name()), inFolder, visit); err != nil {
			return err
		}
	}
	return nil
}

// visit calls visit for the content in a folder. pathOf says where content with
// a hash would lie in it, "" for elsewhere.
func (s *Store) visit(ctx context.Context, folder string, pathOf func(Hash) string, visit func(Info) error) error {
	entries, err := fs.ReadDir(s.root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list artifacts: %w", err)
	}
	for _, entry := range entries {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		h, err := ParseHash(entry.Name())
		if err != nil || pathOf(h) == "" {
			continue
		}
		st, err := s.root.Stat(pathOf(h))
		if errors.Is(err, fs.ErrNotExist) { // gone since the folder was read
			continue
		}
		if err == nil {
			err = visit(Info{Hash: h, SizeBytes: st.Size(), Since: st.ModTime()})
		} else {
			err = lookupError(h, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
