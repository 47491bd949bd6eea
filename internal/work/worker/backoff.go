package worker

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// A backoff is the pause between tries: it doubles from half a second to a limit
// and is spread at random, so that workers that lost one backend together do not
// come back to it together.
type backoff struct{ delay, limit time.Duration }

const firstDelay = 500 * time.Millisecond

func newBackoff(limit time.Duration) *backoff {
	return &backoff{delay: min(firstDelay, limit), limit: limit}
}

// next returns the pause after err: what the backend asked for, if it did.
func (b *backoff) next(err error) time.Duration {
	d := b.delay
	b.delay = min(2*b.delay, b.limit)
	if e, ok := errors.AsType[*wire.Error](err); ok && e.RetryAfter > 0 {
		return e.RetryAfter + rand.N(d/2+1)
	}
	return d/2 + rand.N(d/2+1)
}

func (b *backoff) reset() { b.delay = min(firstDelay, b.limit) }
