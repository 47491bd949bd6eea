package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
)

// Open returns the content of h and its size in bytes. The content is verified
// while it is read: where it is damaged, Read fails with an error that wraps
// ErrCorrupt instead of giving out the last bytes.
func (s *Store) Open(ctx context.Context, h Hash) (io.ReadCloser, int64, error) {
	if _, err := ParseHash(string(h)); err != nil {
		return nil, 0, err
	}
	f, err := s.root.Open(h.path())
	if errors.Is(err, fs.ErrNotExist) && s.revive(h) == nil {
		f, err = s.root.Open(h.path())
	}
	if err != nil {
		return nil, 0, lookupError(h, err)
	}
	st, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(lookupError(h, err), f.Close())
	}
	return &reader{ctx: ctx, file: f, want: h, digest: sha256.New(), left: st.Size()}, st.Size(), nil
}

// ReadAll returns the verified content of h.
func (s *Store) ReadAll(ctx context.Context, h Hash) ([]byte, error) {
	r, size, err := s.Open(ctx, h)
	if err != nil {
		return nil, err
	}
	content := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // room that ReadFrom need not grow
	_, err = content.ReadFrom(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}

// A reader gives out a file and holds its end back until the digest is right.
type reader struct {
	ctx    context.Context // of the Open that made the reader: ends the reading
	file   *os.File
	want   Hash
	digest hash.Hash
	left   int64 // bytes not yet read
	err    error // what every further Read returns
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err == nil && r.left == 0 { // an empty file
		r.err = r.verify()
	}
	if r.err == nil {
		r.err = context.Cause(r.ctx)
	}
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.file.Read(p[:min(int64(len(p)), r.left)])
	r.digest.Write(p[:n])
	r.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF):
		r.err = fmt.Errorf("%w: %s ends %d bytes early: %s", ErrCorrupt, r.want, r.left, mend)
	case err != nil:
		r.err = fmt.Errorf("read artifact %s: %w", r.want, err)
	case r.left == 0:
		r.err = r.verify()
	}
	if r.err != nil && !errors.Is(r.err, io.EOF) {
		return 0, r.err
	}
	return n, nil
}

const mend = "delete it and store it again from where it came"

// verify returns io.EOF if everything that was read has the wanted hash.
func (r *reader) verify() error {
	if got := hex.EncodeToString(r.digest.Sum(nil)); got != string(r.want) {
		return fmt.Errorf("%w: %s has the content of %s: %s", ErrCorrupt, r.want, got, mend)
	}
	return io.EOF
}

func (r *reader) Close() error { return r.file.Close() }

// A contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
