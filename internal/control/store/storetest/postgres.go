//go:build unix

package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// A Server is a PostgreSQL server of its own for one test. It listens on a Unix
// socket in a folder that only its user can read.
type Server struct {
	t    testing.TB
	bin  string // folder of the programs
	dir  string
	user *syscall.Credential // nil: the user of the test
	next atomic.Int64

	process *os.Process
	exited  chan struct{}
}

// StartPostgres starts a server that ends with the test. Where the programs of
// PostgreSQL are missing, it skips the test.
func StartPostgres(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, bin: programs(t), user: unprivileged(t)}
	var err error
	if s.dir, err = os.MkdirTemp("", "ktrdr-postgres-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(s.dir) })
	if s.user != nil {
		if err := os.Chown(s.dir, int(s.user.Uid), int(s.user.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := s.command("initdb", "--no-sync", "--auth=trust", "--username=ktrdr", "--encoding=UTF8", "--locale=C.UTF-8", "-D", s.data()).CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// programs returns the folder of the newest PostgreSQL that is installed.
func programs(t testing.TB) string {
	t.Helper()
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(initdb)
		}
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well formed
	if len(installed) == 0 {
		t.Skip("PostgreSQL is not installed here: on Debian, apt-get install postgresql")
	}
	slices.Sort(installed)
	return filepath.Dir(installed[len(installed)-1])
}

// unprivileged returns whom to run as: PostgreSQL refuses the superuser.
func unprivileged(t testing.TB) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32) // Unix ids are numbers
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	t.Skip("PostgreSQL does not run as the superuser, and there is no user postgres or nobody")
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	return cmd
}

// Start starts the server, also after Kill, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Minute) // after a kill it syncs every file it has
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		exited := s.launch()
		for running := true; running; {
			if err := s.exec(ctx, "SELECT 1"); err == nil {
				return
			}
			select {
			case <-tick.C:
			case <-exited: // processes of a server that was killed may need a moment to end
				running = false
			case <-ctx.Done():
				running = false
			}
		}
	}
	text, _ := os.ReadFile(s.log())
	s.t.Fatalf("postgres does not answer:\n%s", text)
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

// launch starts the server's process; the channel is closed when it has ended.
func (s *Server) launch() (exited chan struct{}) {
	s.t.Helper()
	log, err := os.Create(s.log())
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd := s.command("postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "shared_buffers=32MB", "-c", "max_connections=60")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start postgres: %v", err)
	}
	exited = make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it is killed in the end
	}()
	s.process, s.exited = cmd.Process, exited
	return exited
}

// Kill ends the server at once, as a power cut would.
func (s *Server) Kill() {
	_ = s.process.Kill() // it may have ended
	<-s.exited
}

// Configure sets one line of the server's configuration in place of the one set
// before, "" for none.
func (s *Server) Configure(line string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.data(), "postgresql.auto.conf"), []byte(line+"\n"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.Kill()
	s.Start()
}

// NewDatabase returns the address of a new, empty database.
func (s *Server) NewDatabase() string {
	s.t.Helper()
	name := s.newName()
	s.must(s.t, "CREATE DATABASE "+name)
	return s.address(name)
}

func (s *Server) newName() string { return fmt.Sprintf("test%d", s.next.Add(1)) }

func (s *Server) must(t testing.TB, statement string) {
	t.Helper()
	if err := s.exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *Server) address(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {"ktrdr"}}.Encode()
}

func (s *Server) exec(ctx context.Context, query string) error {
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, query)
	return errors.Join(err, db.Close())
}
