package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// Format is the version of the form of backups.
const Format = 1

// A Head says what a backup is.
type Head struct {
	Format    int       `json:"format"` // set by NewWriter
	CreatedAt time.Time `json:"created_at"`
	Version   string    `json:"version"` // of the program that made it
}

// The names of entries.
const (
	headName    = "ktrdr-backup.json"
	recordsName = "records.jsonl"
	barsFolder  = "bars/"
	blobFolder  = "sha256/"
	sumsName    = "SHA256SUMS"
)

// A Kind is what an entry of a backup holds.
type Kind uint8

// The kinds, in the order in which their entries come.
const (
	Records  Kind = iota + 1 // of the database; one entry
	Bars                     // of one series, named by the caller
	Artifact                 // stored content, named by its hash
)

// A Writer writes a backup. Make one with NewWriter; after an error it must not
// be used.
type Writer struct {
	tar   *tar.Writer
	at    time.Time
	sums  strings.Builder
	order order
}

// NewWriter begins a backup on w.
func NewWriter(w io.Writer, head Head) (*Writer, error) {
	head.Format = Format
	b := &Writer{tar: tar.NewWriter(w), at: head.CreatedAt.UTC().Truncate(time.Second)}
	text, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("begin backup: %w", err)
	}
	text = append(text, '\n')
	return b, b.add(headName, int64(len(text)), bytes.NewReader(text))
}

// Add adds an entry of so many bytes from r. Entries come in the order of their
// kinds; the one of Records has no name.
func (b *Writer) Add(kind Kind, name string, sizeBytes int64, r io.Reader) error {
	path, err := pathOf(kind, name)
	if err == nil {
		err = b.order.next(path)
	}
	if err != nil {
		return err
	}
	return b.add(path, sizeBytes, r)
}

func (b *Writer) add(path string, sizeBytes int64, r io.Reader) error {
	header := tar.Header{Typeflag: tar.TypeReg, Name: path, Size: sizeBytes, Mode: 0o644, ModTime: b.at}
	if err := b.tar.WriteHeader(&header); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(b.tar, sum), io.LimitReader(r, sizeBytes))
	if err == nil && n < sizeBytes {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	b.sums.WriteString(line(sum, path))
	return nil
}

// line is that of an entry in the sums.
func line(sum hash.Hash, path string) string {
	return hex.EncodeToString(sum.Sum(nil)) + "  " + path + "\n"
}

// Close adds the sums, without which a backup is none, and ends it. It does not
// close what the backup is written to.
func (b *Writer) Close() error {
	if err := b.order.end(); err != nil {
		return err
	}
	if err := b.add(sumsName, int64(b.sums.Len()), strings.NewReader(b.sums.String())); err != nil {
		return err
	}
	if err := b.tar.Close(); err != nil {
		return fmt.Errorf("end backup: %w", err)
	}
	return nil
}
