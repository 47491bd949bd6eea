package barstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// load returns what is held of a series, from memory or from its head. The
// caller holds mu.
func (s *Store) load(symbol market.Symbol, tf market.Timeframe) (*view, error) {
	if s.closed {
		return nil, errClosed
	}
	if err := checkNames(symbol, tf); err != nil {
		return nil, err
	}
	folder := folderName(symbol, tf)
	if v := s.held[folder]; v != nil {
		return v, nil
	}
	h, err := s.readHead(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w of %s %s: import some first", ErrNotFound, symbol, tf)
	}
	if err == nil && (h.symbol != symbol || h.timeframe != tf) {
		err = fmt.Errorf("%w: it holds %s %s", ErrDamaged, h.symbol, h.timeframe)
	}
	if err == nil {
		err = s.checkFiles(folder, h)
	}
	if err != nil {
		return nil, s.explain(symbol, tf, err)
	}
	s.held[folder] = &view{head: h}
	return s.held[folder], nil
}

// mapped is load with the columns mapped. The caller holds mu.
func (s *Store) mapped(symbol market.Symbol, tf market.Timeframe) (*view, error) {
	v, err := s.load(symbol, tf)
	if err == nil && v.mapping == nil {
		v.mapping, err = mapColumns(s.root, folderName(symbol, tf), v.head)
		if err != nil {
			err = s.explain(symbol, tf, err)
		}
	}
	return v, err
}

func (s *Store) readHead(folder string) (h head, err error) {
	f, err := s.root.Open(headFile(folder))
	if err != nil {
		return head{}, err
	}
	var b []byte
	st, err := f.Stat()
	if err == nil {
		b = make([]byte, st.Size()) // at once: a head of many bars is read in one go
		_, err = io.ReadFull(f, b)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return head{}, err
	}
	h, size, err := parseHead(b)
	if err == nil && size != len(b) {
		err = fmt.Errorf("%w: %d bytes behind the head", ErrDamaged, len(b)-size)
	}
	if err != nil {
		return head{}, fmt.Errorf("%s: %w", headFile(folder), err)
	}
	return h, nil
}

// checkFiles checks that the columns are there and long enough, and removes what
// merges that did not come to their end left behind.
func (s *Store) checkFiles(folder string, h head) error {
	wanted := map[string]bool{headFile(folder): true}
	for _, p := range h.parts() {
		for c := range h.width {
			name := columnFile(folder, p.generation, c)
			wanted[name] = true
			if err := s.checkFile(name, valueBytes*(p.to-p.from)); err != nil {
				return err
			}
		}
	}
	entries, err := fs.ReadDir(s.root.FS(), folder)
	if err != nil {
		return err
	}
	var stray []string
	for _, entry := range entries {
		if name := path.Join(folder, entry.Name()); !wanted[name] && isOurs(entry.Name()) {
			stray = append(stray, name)
		}
	}
	if len(stray) == 0 {
		return nil
	}
	if err := s.disk.SyncDir(folder); err != nil { // the head must be durable before what it replaced goes
		return err
	}
	for _, name := range stray {
		if err := s.disk.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) checkFile(name string, sizeBytes int) error {
	st, err := s.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is missing", ErrDamaged, name)
	}
	if err == nil && st.Size() < int64(sizeBytes) {
		err = fmt.Errorf("%w: %s is cut short to %d bytes, want %d", ErrDamaged, name, st.Size(), sizeBytes)
	}
	return err
}

// isOurs says whether a merge may have made a file of that name.
func isOurs(name string) bool {
	generation, column, _ := strings.Cut(name, ".")
	if name == headDraft {
		return true
	}
	for _, c := range columnNames {
		if column == c && strings.Trim(generation, "0123456789") == "" {
			return true
		}
	}
	return false
}
