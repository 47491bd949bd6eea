package golden

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite recorded outputs")

// Update says whether recorded outputs are rewritten rather than held against.
func Update() bool { return *update }

// Check wants have to be what file holds. With -update it writes it there.
func Check(t *testing.T, file, have string) {
	t.Helper()
	if *update {
		write(t, file, have)
		return
	}
	if at, recorded, said := difference(read(t, file), have); at > 0 {
		t.Errorf("%s: line %d is recorded as\n%s\nand is now\n%s\nIf that is meant, run the test with -update and look at the difference", file, at, recorded, said)
	}
}

// Mark begins the comment at the end of a file that says what is expected of it.
const Mark = "# want:\n"

// CheckComment wants what say makes of a file to be what the comment at its end
// holds, below a line "# want:". With -update it writes it there.
func CheckComment(t *testing.T, file string, say func(source string) string) {
	t.Helper()
	source, want, _ := strings.Cut(read(t, file), Mark)
	have := "# " + strings.ReplaceAll(say(source), "\n", "\n# ") + "\n"
	if *update {
		write(t, file, source+Mark+have)
		return
	}
	if have != want {
		t.Errorf("%s: have\n%s, want\n%s", file, have, want)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// difference finds the first line, counted from 1, in which two texts differ, and
// what each has there. It is 0 where they are the same.
func difference(a, b string) (line int, inA, inB string) {
	if a == b {
		return 0, "", ""
	}
	const none = "(nothing)"
	as, bs := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	for i := range max(len(as), len(bs)) {
		x, y := none, none
		if i < len(as) {
			x = as[i]
		}
		if i < len(bs) {
			y = bs[i]
		}
		if x != y {
			return i + 1, strings.TrimSuffix(x, "\n"), strings.TrimSuffix(y, "\n")
		}
	}
	return 0, "", ""
}
