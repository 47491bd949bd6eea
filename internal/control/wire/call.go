package wire

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// ClientOptions tune a client. The zero value is what a command of a person
// wants.
type ClientOptions struct {
	HTTP       *http.Client  // nil: a client of its own without a proxy for loopback
	Timeout    time.Duration // of one call without a stream; 0: 30 s
	Tries      int           // of an idempotent call; 0: 4, 1: no retries
	RetryDelay time.Duration // before the second try, doubling; 0: 1 s
	UserAgent  string
	Submitter  string // who asks for operations; "" for nobody in particular
}

// A caller performs calls against one address. Client and WorkerClient are made
// of it.
type caller struct {
	root string
	o    ClientOptions
}

func newCaller(root string, o ClientOptions) caller {
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Tries == 0 {
		o.Tries = 4
	}
	if o.RetryDelay == 0 {
		o.RetryDelay = time.Second
	}
	return caller{root: root, o: o}
}

// A call is one request. Its body is made anew for every try.
type call struct {
	method string
	path   string
	query  url.Values
	in     any    // encoded as JSON; nil for no body
	raw    []byte // the body as it is, instead of in
	out    any    // filled from the JSON of the answer; nil to ignore it
	header http.Header
	most   int64 // bytes of the answer; 0: MaxResponseBytes

	// repeat says that the call may be tried again although the first one may have
	// been carried out.
	repeat bool
}

// do performs c, again after a growing pause where that is safe and useful.
func (k caller) do(ctx context.Context, c call) error {
	body := c.raw
	if c.in != nil {
		var err error
		if body, err = json.Marshal(c.in); err != nil {
			return fmt.Errorf("encode body of %s %s: %w", c.method, c.path, err)
		}
	}
	delay := k.o.RetryDelay
	for try := 1; ; try++ {
		err := k.once(ctx, c, body)
		if err == nil || !c.repeat || try >= k.o.Tries || !mayPass(ctx, err) {
			return err
		}
		if Pause(ctx, max(pause(err), jitter(delay))) != nil {
			return err
		}
		delay = min(2*delay, maxRetryDelay)
	}
}

const maxRetryDelay = 10 * time.Second

// jitter returns a duration between half of d and d, so that clients that failed
// together do not come back together.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// Pause waits for d. It fails with the cause when ctx ends first.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// mayPass says whether a second try can succeed where err was the outcome of
// the first.
func mayPass(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind() == Unavailable && e.Code != CodeWorkerUnavailable && e.Code != CodeSubmitterLimit || e.Status() >= 500 && e.Status() != http.StatusServiceUnavailable
	}
	_, unreachable := errors.AsType[*UnreachableError](err)
	return unreachable
}

func pause(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

func (k caller) once(ctx context.Context, c call, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, k.o.Timeout)
	defer cancel()
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	resp, err := k.send(ctx, c, reader, int64(len(body)))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return c.receive(resp)
}

// maxIgnored is how much is read of an answer that nobody wants, in bytes; it is
// cheaper to make a new connection than to read more.
const maxIgnored = 64 << 10

// receive decodes the answer. That it cannot be read is not the fault of the
// request, whatever the decoder says.
func (c call) receive(resp *http.Response) error {
	if c.out == nil { // read all the same: a connection is used again only after that
		_, err := io.CopyN(io.Discard, resp.Body, maxIgnored)
		_ = err // the answer has come, and nobody wants what it says
		return nil
	}
	body, err := readAll(resp.Body, cmp.Or(c.most, MaxResponseBytes))
	if err != nil {
		return Errorf(CodeUnavailable, "read answer to %s %s: %w", c.method, c.path, err)
	}
	if err := DecodeTolerant(bytes.NewReader(body), MaxResponseBytes, c.out); err != nil {
		return Errorf(CodeProcessing, "understand answer to %s %s: %w", c.method, c.path, err)
	}
	return nil
}

// stream performs c with a body that is read once from r, without a limit on its
// duration; ctx ends it. A negative length means that it is not known.
func (k caller) stream(ctx context.Context, c call, r io.Reader, length int64) error {
	c.header = http.Header{"Content-Type": {"application/octet-stream"}}
	resp, err := k.send(ctx, c, r, length)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return c.receive(resp)
}

// newKey returns a key that no other wish has.
func newKey() string { return fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) }

// send performs one request and returns a response of success, whose body the
// caller must close. Everything else is an error.
func (k caller) send(ctx context.Context, c call, body io.Reader, length int64) (*http.Response, error) {
	target := k.root + c.path
	if len(c.query) > 0 {
		target += "?" + c.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, c.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", c.method, target, err)
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	if body != nil {
		req.ContentLength = length
		if req.Header.Get("Content-Type") == "" {
			req.Header.Set("Content-Type", "application/json")
		}
	}
	if k.o.UserAgent != "" {
		req.Header.Set("User-Agent", k.o.UserAgent)
	}
	resp, err := k.o.HTTP.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
			return nil, fmt.Errorf("%s %s: %w", c.method, target, cause)
		}
		return nil, &UnreachableError{URL: k.root, Err: err}
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	text, err := readAll(resp.Body, MaxRequestBytes)
	if err != nil {
		text = nil
	}
	return nil, errorOf(resp, text)
}
