package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrDamaged is wrapped by errors about bytes that are not a whole backup.
var ErrDamaged = errors.New("the backup is damaged or not whole")

// An Entry is one part of a backup. Content is read while it is given out.
type Entry struct {
	Kind      Kind
	Name      string
	SizeBytes int64
	Content   io.Reader
}

// A Summary says what a backup holds.
type Summary struct {
	Head      Head
	Series    int // entries of bars
	Artifacts int
	SizeBytes int64 // of all content
}

// maxTextBytes bounds what is read into memory: the head and the sums.
const maxTextBytes = 1 << 30

// Read reads a backup to its end and calls visit for every entry but the head
// and the sums; visit need not read the content. A nil visit only verifies. It
// returns an error that wraps ErrDamaged unless the backup is whole, and the
// error of visit as it is.
func Read(r io.Reader, visit func(Entry) error) (Summary, error) {
	b := reader{tar: tar.NewReader(r), visit: visit}
	if err := b.head(); err != nil {
		return Summary{}, err
	}
	for {
		h, err := b.next()
		if err != nil {
			return Summary{}, err
		}
		if h.Name == sumsName {
			return b.summary, b.end(h)
		}
		if err := b.entry(h); err != nil {
			return Summary{}, err
		}
	}
}

type reader struct {
	tar     *tar.Reader
	visit   func(Entry) error
	order   order
	sums    strings.Builder
	summary Summary
}

func (b *reader) next() (*tar.Header, error) {
	h, err := b.tar.Next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it ends before its sums", ErrDamaged)
	}
	if err != nil {
		return nil, readError(err)
	}
	if h.Typeflag != tar.TypeReg {
		return nil, fmt.Errorf("%w: %q is not a file", ErrDamaged, h.Name)
	}
	return h, nil
}

// readError tells bytes that are wrong from bytes that cannot be had.
func readError(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrFieldTooLong) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("read backup: %w", err)
}

func (b *reader) head() error {
	h, err := b.next()
	if err != nil {
		return err
	}
	if h.Name != headName {
		return fmt.Errorf("%w: it begins with %.80q instead of %s", ErrDamaged, h.Name, headName)
	}
	text, err := b.text(h)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &b.summary.Head); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, headName, err)
	}
	if f := b.summary.Head.Format; f != Format {
		return fmt.Errorf("the backup has format %d: this program reads format %d; use the release that wrote it (%s)", f, Format, b.summary.Head.Version)
	}
	return nil
}

// text reads a small entry and adds its sum.
func (b *reader) text(h *tar.Header) ([]byte, error) {
	if h.Size > maxTextBytes {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrDamaged, h.Name, h.Size)
	}
	text, err := io.ReadAll(b.tar)
	if err != nil {
		return nil, readError(err)
	}
	sum := sha256.New()
	sum.Write(text)
	b.sums.WriteString(line(sum, h.Name))
	return text, nil
}

// entry gives out one entry and adds its sum.
func (b *reader) entry(h *tar.Header) error {
	kind, name, err := parsePath(h.Name)
	if err == nil {
		err = b.order.next(h.Name)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	sum := sha256.New()
	content := &source{r: io.TeeReader(b.tar, sum)}
	if b.visit != nil {
		if err := b.visit(Entry{Kind: kind, Name: name, SizeBytes: h.Size, Content: content}); err != nil {
			return errors.Join(content.err, err)
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); kind == Artifact && got != name {
		return fmt.Errorf("%w: artifact %s has the content of %s", ErrDamaged, name, got)
	}
	b.sums.WriteString(line(sum, h.Name))
	b.summary.SizeBytes += h.Size
	switch kind {
	case Bars:
		b.summary.Series++
	case Artifact:
		b.summary.Artifacts++
	}
	return nil
}

// A source remembers that the archive could not be read, which the reader of an
// entry may report as something else.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = readError(err)
		s.err = err
	}
	return n, err
}

// end compares the sums with what was read.
func (b *reader) end(h *tar.Header) error {
	if err := b.order.end(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	want := b.sums.String()
	if h.Size > maxTextBytes {
		return fmt.Errorf("%w: %s has %d bytes", ErrDamaged, sumsName, h.Size)
	}
	got, err := io.ReadAll(b.tar)
	if err != nil {
		return readError(err)
	}
	if string(got) != want {
		return fmt.Errorf("%w: %s", ErrDamaged, difference(want, string(got)))
	}
	if _, err := b.tar.Next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows its sums", ErrDamaged)
	}
	return nil
}

// difference names the first entry in which what was read differs from the sums.
func difference(read, sums string) string {
	want := strings.Split(sums, "\n")
	for i, l := range strings.Split(read, "\n") {
		if i >= len(want) || want[i] != l {
			_, name, _ := strings.Cut(l, "  ")
			return fmt.Sprintf("entry %.100q is not as it was written", name)
		}
	}
	return "entries are missing"
}
