// Package shelf keeps files in a folder, up to a size.
//
// A [Shelf] is for what can be made or fetched again: losing a file costs time only.
// Where there is no more room it lets go of what was put or used longest ago. A file is
// there as a whole or not at all, but a crash may leave one that is torn, because
// nothing is synced: who reads checks what it reads.
//
// Names are those of files, and chosen by who puts: shelf knows nothing of contents.
package shelf

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// partSuffix ends the names of files that are being written.
const partSuffix = ".part"

// A Shelf is a folder with files up to a size. Its methods may be called at the same
// time.
type Shelf struct {
	root     *os.Root
	maxBytes int64
	mu       sync.Mutex // guards the folder while files are added and removed
}

// New returns the shelf whose folder is root, which it takes over.
func New(root *os.Root, maxBytes int64) *Shelf { return &Shelf{root: root, maxBytes: maxBytes} }

// Close gives the folder back. No method may be called afterwards.
func (s *Shelf) Close() error { return s.root.Close() }

// Get returns the content of a file.
func (s *Shelf) Get(name string) ([]byte, error) { return s.root.ReadFile(name) }

// Remove removes a file.
func (s *Shelf) Remove(name string) error { return s.root.Remove(name) }

// Use says that a file was used at a moment, so that it stays longer than others.
func (s *Shelf) Use(name string, now time.Time) error { return s.root.Chtimes(name, now, now) }

// Put keeps content under a name, as used at a moment; the zero time is left to the
// file system. It removes others until there is room, and does nothing where there
// never is.
func (s *Shelf) Put(name string, content []byte, now time.Time) error {
	if int64(len(content)) > s.maxBytes {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.trim(s.maxBytes - int64(len(content))); err != nil {
		return err
	}
	part := name + partSuffix
	err := s.root.WriteFile(part, content, 0o644)
	if err == nil && !now.IsZero() {
		err = s.Use(part, now)
	}
	if err != nil {
		return errors.Join(err, s.root.Remove(part))
	}
	return s.root.Rename(part, name)
}

// trim removes the files that were used longest ago until at most limit bytes are
// left. It removes what an interrupted Put left behind in any case.
func (s *Shelf) trim(limit int64) error {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		if strings.HasSuffix(e.Name(), partSuffix) {
			if err := s.root.Remove(e.Name()); err != nil {
				return err
			}
			continue
		}
		files, total = append(files, info), total+info.Size()
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, file := range files {
		if total <= limit {
			break
		}
		if err := s.root.Remove(file.Name()); err != nil {
			return err
		}
		total -= file.Size()
	}
	return nil
}
