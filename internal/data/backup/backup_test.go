package backup_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/data/backup"
)

var made = time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)

// An entry is what a test writes and wants to read again.
type entry struct {
	kind    backup.Kind
	name    string
	content string
}

func artifactOf(content string) entry {
	sum := sha256.Sum256([]byte(content))
	return entry{backup.Artifact, hex.EncodeToString(sum[:]), content}
}

// sample is a small backup.
func sample() []entry {
	all := []entry{artifactOf("weights"), artifactOf(""), artifactOf(strings.Repeat("long ", 5000))}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return append([]entry{{backup.Records, "", "{}\n[1]\n"}, {backup.Bars, "EURUSD.1h", "bars"}, {backup.Bars, "EURUSD.1month", "more bars"}}, all...)
}

func write(w io.Writer, all []entry) error {
	b, err := backup.NewWriter(w, backup.Head{CreatedAt: made, Version: "test"})
	for _, e := range all {
		if err == nil {
			err = b.Add(e.kind, e.name, int64(len(e.content)), strings.NewReader(e.content))
		}
	}
	if err != nil {
		return err
	}
	return b.Close()
}

func written(t testing.TB, all []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, all); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(r io.Reader) (all []entry, s backup.Summary, err error) {
	s, err = backup.Read(r, func(e backup.Entry) error {
		content, err := io.ReadAll(e.Content)
		all = append(all, entry{e.Kind, e.Name, string(content)})
		return err
	})
	return all, s, err
}

func TestRead(t *testing.T) {
	want := sample()
	whole := written(t, want)
	got, s, err := read(iotest.OneByteReader(bytes.NewReader(whole)))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Read gives %v, %v", got, err)
	}
	if !s.Head.CreatedAt.Equal(made) || s.Head.Version != "test" || s.Series != 2 || s.Artifacts != 3 || s.SizeBytes != 25_027 {
		t.Errorf("summary is %+v", s)
	}
	if _, err := backup.Read(bytes.NewReader(whole), nil); err != nil {
		t.Errorf("Read without visit: %v", err)
	}
	stop := errors.New("stop")
	if _, err := backup.Read(bytes.NewReader(whole), func(backup.Entry) error { return stop }); !errors.Is(err, stop) || errors.Is(err, backup.ErrDamaged) {
		t.Errorf("Read with a visit that fails: %v", err)
	}
}

// Whatever happens to its bytes, a backup that is read without error is the one
// that was written.
func TestRead_damaged(t *testing.T) {
	want := sample()
	whole := written(t, want)
	rapid.Check(t, func(t *rapid.T) {
		bad := bytes.Clone(whole)
		at := rapid.IntRange(0, len(bad)-1).Draw(t, "at")
		switch rapid.SampledFrom([]string{"flip", "cut", "drop", "swap"}).Draw(t, "damage") {
		case "flip":
			bad[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case "cut":
			bad = bad[:at]
		case "drop": // a block, or a whole entry of one
			block := at / 512 * 512
			bad = slices.Delete(bad, block, block+512)
		case "swap":
			i, j := at/512*512, rapid.IntRange(0, len(bad)/512-1).Draw(t, "with")*512
			for k := range 512 {
				bad[i+k], bad[j+k] = bad[j+k], bad[i+k]
			}
		}
		got, _, err := read(bytes.NewReader(bad))
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("damaged bytes were read as %v", got)
		}
	})
	for n := 0; n < len(whole)-1536; n += 37 { // behind that are zeros
		if _, _, err := read(bytes.NewReader(whole[:n])); !errors.Is(err, backup.ErrDamaged) {
			t.Fatalf("the first %d of %d bytes: %v, want ErrDamaged", n, len(whole), err)
		}
	}
	broken := errors.New("no such disk")
	if _, _, err := read(io.MultiReader(bytes.NewReader(whole[:5000]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func TestWriter_refuses(t *testing.T) {
	records, bars, blob := entry{backup.Records, "", ""}, entry{backup.Bars, "A.1h", ""}, artifactOf("x")
	for name, all := range map[string][]entry{
		"no_records":     {},
		"bars_first":     {bars},
		"records_twice":  {records, records},
		"bars_twice":     {records, bars, bars},
		"bars_last":      {records, blob, bars},
		"not_a_hash":     {records, {backup.Artifact, "abc", ""}},
		"a_path":         {records, {backup.Bars, "../A.1h", ""}},
		"an_empty_name":  {records, {backup.Bars, "", ""}},
		"a_hidden_name":  {records, {backup.Bars, ".A", ""}},
		"a_longer_title": {{backup.Records, "x", ""}},
		"unknown_kind":   {records, {9, "x", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := write(io.Discard, all); err == nil {
				t.Error("it was written")
			}
		})
	}
	b, err := backup.NewWriter(io.Discard, backup.Head{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(backup.Records, "", 10, strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an entry that is shorter than said: %v", err)
	}
}

func TestRead_other_version(t *testing.T) {
	whole := written(t, sample())
	newer := bytes.Replace(whole, []byte(`"format":1`), []byte(`"format":2`), 1)
	if _, _, err := read(bytes.NewReader(newer)); err == nil || errors.Is(err, backup.ErrDamaged) || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("a backup of format 2: %v", err)
	}
	if _, _, err := read(strings.NewReader(strings.Repeat("not a backup ", 1000))); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("something else: %v", err)
	}
}

// A backup can be taken apart and checked with the tools of any machine.
func TestWriter_common_tools(t *testing.T) {
	for _, tool := range []string{"tar", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not here", tool)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "b.tar"), written(t, sample()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"tar", "xf", "b.tar"}, {"sha256sum", "--check", "--strict", "SHA256SUMS"}} {
		c := exec.Command(command[0], command[1:]...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, sample()[:2]))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, _, err := read(bytes.NewReader(b))
		if err != nil {
			return
		}
		if again, _, err := read(bytes.NewReader(written(t, all))); err != nil || !reflect.DeepEqual(again, all) {
			t.Fatalf("%v becomes %v, %v", all, again, err)
		}
	})
}

func Example() {
	var file bytes.Buffer
	w, err := backup.NewWriter(&file, backup.Head{CreatedAt: made, Version: "1.2"})
	if err != nil {
		panic(err)
	}
	if err := w.Add(backup.Records, "", 3, strings.NewReader("{}\n")); err != nil {
		panic(err)
	}
	if err := w.Add(backup.Bars, "EURUSD.1h", 4, strings.NewReader("bars")); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	summary, err := backup.Read(&file, func(e backup.Entry) error {
		content, err := io.ReadAll(e.Content)
		fmt.Printf("%s %q\n", e.Name, content)
		return err
	})
	fmt.Println(summary.Series, summary.Head.Version, err)
	// Output:
	//  "{}\n"
	// EURUSD.1h "bars"
	// 1 1.2 <nil>
}
