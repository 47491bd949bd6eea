package memo_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/edge/memo"
)

// TestRecent: answers are those of the work itself, the last size keys are never
// worked out again, and an error is not kept.
func TestRecent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5).Draw(t, "size")
		keys := rapid.SliceOf(rapid.IntRange(0, 12)).Draw(t, "keys")
		m := memo.New[int, int](size)
		var last []int // distinct keys, the newest at the end
		for _, key := range keys {
			worked := false
			got, err := m.Of(key, func() (int, error) {
				worked = true
				if key == 0 {
					return 0, errors.New("nothing")
				}
				return key * key, nil
			})
			if key == 0 {
				if err == nil || !worked {
					t.Fatalf("Of(0) = %v, %v: an error was kept", got, err)
				}
				continue
			}
			if err != nil || got != key*key {
				t.Fatalf("Of(%d) = %d, %v", key, got, err)
			}
			at := -1
			for i, k := range last {
				if k == key {
					at = i
				}
			}
			if at >= 0 && at >= len(last)-size && worked {
				t.Fatalf("Of(%d) was worked out again, %d keys after it", key, len(last)-1-at)
			}
			if at >= 0 {
				last = append(last[:at], last[at+1:]...)
			}
			last = append(last, key)
		}
	})
}
