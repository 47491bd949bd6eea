//go:build unix

package storetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A Disk is a small file system of its own that can be full.
type Disk struct {
	t   testing.TB
	Dir string // where it is mounted
}

// NewDisk mounts a file system of 256 MiB at dir until the test ends. Where that
// is not allowed, it fails with the reason.
func NewDisk(t testing.TB, dir string) (Disk, error) {
	t.Helper()
	return newDisk(t, dir, 256)
}

func newDisk(t testing.TB, dir string, sizeMiB int) (Disk, error) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", sizeMiB), "tmpfs", dir).CombinedOutput(); err != nil {
		return Disk{}, fmt.Errorf("a small file system cannot be mounted here (that takes the superuser of a machine with mount): %w %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v %s", dir, err, out)
		}
	})
	return Disk{t: t, Dir: dir}, nil
}

func (d Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }

// Fill leaves no room.
func (d Disk) Fill() {
	d.t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<16)
	for err == nil {
		_, err = f.Write(block)
	}
}

// Clear makes room again.
func (d Disk) Clear() {
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Errorf("make room: %v", err)
	}
}

// NewDatabaseOnDisk returns the address of a new, empty database whose tables lie
// on a small disk, and that disk. Both end with the test. It fails as NewDisk does.
func (s *Server) NewDatabaseOnDisk(t testing.TB) (address string, disk Disk, err error) {
	t.Helper()
	name := s.newName()
	if disk, err = NewDisk(t, filepath.Join(s.dir, name)); err != nil {
		return "", disk, err
	}
	space := filepath.Join(disk.Dir, "tables")
	if err := os.Mkdir(space, 0o700); err != nil {
		t.Fatal(err)
	}
	if s.user != nil {
		if err := os.Chown(space, int(s.user.Uid), int(s.user.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	s.must(t, "CREATE TABLESPACE "+name+" LOCATION '"+space+"'")
	s.must(t, "CREATE DATABASE "+name+" TABLESPACE "+name)
	t.Cleanup(func() {
		s.must(t, "DROP DATABASE "+name+" WITH (FORCE)")
		s.must(t, "DROP TABLESPACE "+name)
	})
	return s.address(name), disk, nil
}

// LogOnDisk moves the write-ahead log of the server to a small disk of its own,
// which ends with the test. It fails as NewDisk does.
func (s *Server) LogOnDisk(t testing.TB) (disk Disk, err error) {
	t.Helper()
	if disk, err = newDisk(t, filepath.Join(s.dir, "log-disk"), 96); err != nil {
		return disk, err
	}
	s.Kill()
	t.Cleanup(s.Kill) // before its log goes
	from, to := filepath.Join(s.data(), "pg_wal"), filepath.Join(disk.Dir, "pg_wal")
	for _, args := range [][]string{{"cp", "-a", from, to}, {"rm", "-r", from}, {"ln", "-s", to, from}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
	}
	s.Start()
	return disk, nil
}
