package barstore

import (
	"errors"
	"io"
	"os"
)

// A disk is what a Store writes with; tests put one in its place that fails.
type disk interface {
	// OpenFile opens a file for writing; flag adds to os.O_WRONLY.
	OpenFile(name string, flag int) (file, error)
	Mkdir(name string) error
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
}

type file interface {
	io.WriterAt
	Sync() error
	Close() error
}

// A rootDisk writes below a directory, which no name can leave.
type rootDisk struct{ root *os.Root }

func (d rootDisk) OpenFile(name string, flag int) (file, error) {
	f, err := d.root.OpenFile(name, os.O_WRONLY|flag, 0o644)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d rootDisk) Mkdir(name string) error      { return d.root.Mkdir(name, 0o755) }
func (d rootDisk) Rename(from, to string) error { return d.root.Rename(from, to) }
func (d rootDisk) Remove(name string) error     { return d.root.Remove(name) }

func (d rootDisk) SyncDir(name string) error {
	dir, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// An offsetWriter writes to a file from a place on.
type offsetWriter struct {
	file file
	at   int64
}

func (w *offsetWriter) Write(p []byte) (int, error) {
	n, err := w.file.WriteAt(p, w.at)
	w.at += int64(n)
	return n, err
}
