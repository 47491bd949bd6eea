package barstore_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

var errCrash = errors.New("the power went")

// A crashDisk stops working after a number of steps and then forgets what was
// not synced, as a machine may that loses power.
type crashDisk struct {
	barstore.Disk
	dir     string
	left    int       // steps until the crash
	pending []pending // what is not durable yet, latest last
	created []string  // files whose names are not durable yet
	err     error     // of undoing
}

// pending is something that a crash may undo.
type pending struct {
	durable func() bool // asked when a directory is synced
	undo    func() error
}

// step counts one operation; false means that the power is gone.
func (d *crashDisk) step() bool {
	d.left--
	return d.left >= 0
}

// loseNames forgets the names of new files, but not that of a renamed one.
func (d *crashDisk) loseNames() {
	for _, name := range d.created {
		if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			d.err = errors.Join(d.err, err)
		}
	}
}

func (d *crashDisk) lose() {
	for _, p := range slices.Backward(d.pending) {
		d.err = errors.Join(d.err, p.undo())
	}
}

func (d *crashDisk) OpenFile(name string, flag int) (barstore.File, error) {
	if !d.step() {
		return nil, errCrash
	}
	file := filepath.Join(d.dir, name)
	before, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		d.created = append(d.created, file)
	} else if err != nil {
		return nil, err
	}
	f, err := d.Disk.OpenFile(name, flag)
	if err != nil {
		return nil, err
	}
	behind, err := os.OpenFile(file, os.O_WRONLY, 0) // follows the file when it is renamed
	if err != nil {
		return nil, err
	}
	synced := new(bool)
	d.pending = append(d.pending, pending{
		durable: func() bool { return *synced },
		undo: func() error {
			if *synced {
				return behind.Close()
			}
			err := behind.Truncate(0)
			_, writeErr := behind.WriteAt(before, 0)
			return errors.Join(err, writeErr, behind.Close())
		},
	})
	return &crashFile{f, d, synced}, nil
}

func (d *crashDisk) Rename(from, to string) error {
	if !d.step() {
		return errCrash
	}
	source, target := filepath.Join(d.dir, from), filepath.Join(d.dir, to)
	before, readErr := os.ReadFile(target)
	if err := d.Disk.Rename(from, to); err != nil {
		return err
	}
	d.pending = append(d.pending, pending{
		durable: func() bool { return true },
		undo: func() error {
			err := os.Rename(target, source)
			if readErr == nil {
				err = errors.Join(err, os.WriteFile(target, before, 0o644))
			}
			return err
		},
	})
	return nil
}

func (d *crashDisk) SyncDir(name string) error {
	if !d.step() {
		return errCrash
	}
	if name != "." { // names are durable now; what is in files that were not synced is not
		d.pending = slices.DeleteFunc(d.pending, func(p pending) bool { return p.durable() })
		d.created = nil
	}
	return d.Disk.SyncDir(name)
}

func (d *crashDisk) Mkdir(name string) error {
	if !d.step() {
		return errCrash
	}
	return d.Disk.Mkdir(name)
}

func (d *crashDisk) Remove(name string) error {
	if !d.step() {
		return errCrash
	}
	return d.Disk.Remove(name)
}

type crashFile struct {
	barstore.File
	disk   *crashDisk
	synced *bool
}

func (f *crashFile) WriteAt(p []byte, at int64) (int, error) {
	if !f.disk.step() {
		n, err := f.File.WriteAt(p[:len(p)/2], at) // torn
		return n, errors.Join(errCrash, err)
	}
	return f.File.WriteAt(p, at)
}

func (f *crashFile) Sync() error {
	if !f.disk.step() {
		return errCrash
	}
	*f.synced = true
	return f.File.Sync()
}

// The power goes at every step of every kind of merge, losing nothing, what was
// not synced, or the names of new files. What is then found must be the series before or after;
// after, if the merge was acknowledged; and the same merge must succeed again.
func TestMerge_crash(t *testing.T) {
	for _, tc := range []struct {
		name     string
		held     market.Series
		given    market.Series
		after    market.Series
		minSteps int
		hold     func(testing.TB, string, market.Series) // what writes the held bars
		compact  bool                                    // instead of the merge, which comes after it
	}{
		{"create", minutes(0, 0), minutes(0, 50), minutes(0, 50), 20, holdAsToday, false},
		{"append", minutes(0, 50), minutes(40, 80), minutes(0, 80), 20, holdAsToday, false},
		{"insert", minutes(20, 50), minutes(0, 60), minutes(0, 60), 20, holdAsToday, false},
		{"first_quotes", minutes(0, 50), quoted(minutes(10, 60), 20), quoted(minutes(0, 60), 30), 20, holdAsToday, false},
		{"append_block", minutes(0, 8_150), minutes(8_150, 8_250), minutes(0, 8_250), 20, holdAsToday, false},
		{"append_earlier", minutes(0, 8_150), minutes(8_150, 8_250), minutes(0, 8_250), 20, holdAsEarlier, false},
		{"insert_earlier", minutes(20, 50), minutes(0, 60), minutes(0, 60), 20, holdAsEarlier, false},
		{"change_end", minutes(0, 17_000), revised(16_980, 17_010, 16_990), revised(0, 17_010, 16_990), 20, holdAsToday, false},
		{"change_tail", revised(0, 17_000, 16_990), revised(16_900, 17_010, 16_950), revised(0, 17_010, 16_950), 20, holdTailed, false},
		{"change_before_tail", revised(0, 25_000, 24_990), revised(17_000, 25_000, 17_000), revised(0, 25_000, 17_000), 20, holdTailed, false},
		{"append_to_tail", revised(0, 17_000, 16_990), revised(17_000, 25_000, 0), revised(0, 25_000, 16_990), 20, holdTailed, false},
		{"insert_before_tail", revised(1, 17_000, 16_990), minutes(0, 1), revised(0, 17_000, 16_990), 20, holdTailed, false},
		{"compact", revised(0, 17_000, 16_990), minutes(0, 1), revised(0, 17_000, 16_990), 20, holdTailed, true},
	} {
		for loss, lose := range map[string]func(*crashDisk){
			"nothing": func(*crashDisk) {}, "unsynced": (*crashDisk).lose, "names": (*crashDisk).loseNames,
		} {
			t.Run(tc.name+"/loses_"+loss, func(t *testing.T) {
				folder := t.TempDir()
				if tc.held.Len() > 0 {
					tc.hold(t, folder, tc.held)
				}
				steps := 0
				for crashed := true; crashed; steps++ {
					crashed = crashOnce(t, steps, lose, folder, tc.held, tc.given, tc.after, tc.compact)
				}
				if steps < tc.minSteps {
					t.Errorf("the merge took %d steps, want at least %d: is the disk used?", steps, tc.minSteps)
				}
			})
		}
	}
}

func crashOnce(t *testing.T, steps int, lose func(*crashDisk), folder string, held, given, after market.Series, compact bool) (crashed bool) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	failing := &crashDisk{dir: dir, left: steps}
	s, err := barstore.OpenOn(dir, func(real barstore.Disk) barstore.Disk { failing.Disk = hastyDisk{real}; return failing })
	if err != nil {
		t.Fatal(err)
	}
	var mergeErr error
	if compact {
		mergeErr = s.CompactNow(t.Context(), "EURUSD", market.Minute1)
	} else {
		_, mergeErr = s.Merge(t.Context(), given)
	}
	if mergeErr != nil && !errors.Is(mergeErr, errCrash) {
		t.Fatalf("step %d: %v", steps, mergeErr)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if failing.left < 0 {
		if lose(failing); failing.err != nil {
			t.Fatal(failing.err)
		}
	}
	if s, err = openHasty(dir); err != nil {
		t.Fatal(err)
	}
	got, err := s.Read(t.Context(), "EURUSD", market.Minute1, market.Span{})
	switch {
	case errors.Is(err, barstore.ErrNotFound) && held.Len() == 0 && mergeErr != nil:
	case err != nil:
		t.Fatalf("step %d: after the crash: %v", steps, err)
	case equal(got, after):
	case mergeErr == nil:
		t.Fatalf("step %d: an acknowledged merge was lost: %d bars", steps, got.Len())
	case !equal(got, held):
		t.Fatalf("step %d: %d bars, want %d or %d", steps, got.Len(), held.Len(), after.Len())
	}
	if _, err := s.Merge(t.Context(), given); err != nil {
		t.Fatalf("step %d: merging again: %v", steps, err)
	}
	if d := diff(read(t, s, market.Span{}), after); d != "" {
		t.Fatalf("step %d: after merging again (-want +got):\n%s", steps, d)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return failing.left < 0
}

const killedDir = "BARSTORE_TEST_KILLED_DIR"

// A process that merges without end is killed; what it had acknowledged must be
// there, and what is there must be right.
func TestMerge_killed(t *testing.T) {
	dir := t.TempDir()
	for round := range 4 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		cmd.Env = append(os.Environ(), killedDir+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("the process says %q", lines.Text())
			}
			acknowledged = n
			if n%40 == 10+7*round {
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		s := open(t, dir)
		got := read(t, s, market.Span{})
		if err := got.Validate(); err != nil || got.Len() < acknowledged {
			t.Fatalf("round %d: %d bars are held, %d were acknowledged: %v", round, got.Len(), acknowledged, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledProcess is the process that TestMerge_killed kills: it adds bars at
// the end and at the beginning in turns.
func TestKilledProcess(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		return
	}
	s := open(t, dir)
	first, last := -1, 0
	if c, err := s.Coverage(t.Context(), "EURUSD", market.Minute1); err == nil {
		first, last = int(c.First/60)-1, int(c.Last/60)+1
	}
	for {
		bars := minutes(last, last+1)
		if (last-first)%2 == 0 {
			bars = minutes(first, first+1)
			first--
		} else {
			last++
		}
		if _, err := s.Merge(t.Context(), bars); err != nil {
			t.Fatal(err)
		}
		fmt.Println(last - first - 1)
	}
}
