package main_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	chaosSeed       = flag.Uint64("chaos.seed", 1, "which accidents happen, in which order")
	chaosOperations = flag.Int("chaos.operations", 40, "how many operations live through them")
)

// A proxy passes connections on to the backend, until it cuts them.
type proxy struct {
	listener net.Listener
	target   string
	mu       sync.Mutex // guards open
	open     map[net.Conn]bool
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, open: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.pass(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.cut()
		serving.Wait()
	})
	return p
}

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

// pass copies both ways until either side closes.
func (p *proxy) pass(c net.Conn) {
	defer c.Close()
	b, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer b.Close()
	p.mu.Lock()
	p.open[c], p.open[b] = true, true
	p.mu.Unlock()
	var copying sync.WaitGroup
	for _, way := range [][2]net.Conn{{b, c}, {c, b}} {
		copying.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // a cut is what this is for
			c.Close()
			b.Close()
		})
	}
	copying.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
	delete(p.open, b)
}

// cut breaks every connection there is.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// A chaos is a system to which accidents happen.
type chaos struct {
	*system
	proxy   *proxy
	random  *rand.Rand
	workers []*process
	paused  *process
}

func (c *chaos) startWorker(i int) {
	id := fmt.Sprintf("tester-%d", i)
	c.workers[i] = start(c.t, id, []string{"KTRDR_API_URL=" + c.proxy.url()}, "worker", "backtest", "--listen", "127.0.0.1:0", "--id", id,
		"--data-dir", filepath.Join(c.dir, id), "--checkpoint-seconds", "0.05")
}

// resumePaused lets the process that stands still go on.
func (c *chaos) resumePaused() {
	if c.paused != nil {
		_ = c.paused.cmd.Process.Signal(syscall.SIGCONT) // it may have been killed
		c.paused = nil
	}
}

// accident lets one thing go wrong.
func (c *chaos) accident() string {
	i := c.random.IntN(len(c.workers))
	switch c.random.IntN(5) {
	case 0:
		c.resumePaused()
		c.backend.kill()
		c.restartBackend()
		return "kill the backend"
	case 1:
		c.resumePaused()
		c.workers[i].kill()
		c.startWorker(i)
		return "kill " + c.workers[i].name
	case 2:
		c.resumePaused()
		c.paused = c.workers[i]
		_ = c.paused.cmd.Process.Signal(syscall.SIGSTOP)
		return "pause " + c.paused.name
	case 3:
		c.resumePaused()
		c.paused = c.backend
		_ = c.paused.cmd.Process.Signal(syscall.SIGSTOP)
		return "pause the backend"
	default:
		c.proxy.cut()
		return "cut all connections"
	}
}

// submit starts a backtest, again and again under one key until it is
// acknowledged, and returns its id.
func (c *chaos) submit(key string, body map[string]any) string {
	c.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	client := &http.Client{Timeout: 2 * time.Second}
	id := ""
	c.await(key+" is acknowledged", func() bool {
		req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.proxy.url()+"/api/v1/backtests/start", bytes.NewReader(text))
		if err != nil {
			c.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
		resp, err := client.Do(req)
		if err != nil {
			c.resumePaused()
			return false
		}
		defer resp.Body.Close()
		var started struct {
			ID string `json:"operation_id"`
		}
		answer, err := io.ReadAll(resp.Body)
		if err != nil || json.Unmarshal(answer, &started) != nil {
			return false
		}
		if resp.StatusCode >= 400 && resp.StatusCode < 500 {
			c.t.Fatalf("%s: %d %s", key, resp.StatusCode, answer)
		}
		id = started.ID
		return resp.StatusCode == http.StatusOK
	})
	return id
}

// result is what a backtest computed, without what names the run.
func (s *system) result(id string) string {
	s.t.Helper()
	var answer struct {
		Results struct {
			OrderHash   string          `json:"order_hash"`
			FinalEquity float64         `json:"final_equity"`
			Metrics     json.RawMessage `json:"metrics"`
		}
	}
	if code := s.get("/api/v1/operations/"+id+"/results", &answer); code != http.StatusOK {
		s.t.Fatalf("results of %s: status %d", id, code)
	}
	return fmt.Sprintf("%s %v %s", answer.Results.OrderHash, answer.Results.FinalEquity, answer.Results.Metrics)
}

// TestChaos: whatever is killed, paused or cut off, every acknowledged operation
// completes once, with the result of a calm run.
func TestChaos(t *testing.T) {
	s := newSystem(t, quickFleet...)
	t.Logf("accidents of -chaos.seed=%d", *chaosSeed)
	s.worker("training", "trainer")
	s.importSample("EURUSD")
	strategy := s.strategy("quick", 5)
	s.must(trainArgs(strategy)...)
	c := &chaos{system: s, proxy: newProxy(t, strings.TrimPrefix(s.backend.url, "http://")),
		random: rand.New(rand.NewPCG(*chaosSeed, 1)), workers: make([]*process, 2)}
	for i := range c.workers {
		c.startWorker(i)
	}
	t.Cleanup(c.resumePaused)
	const variants = 4
	body := func(i int) map[string]any {
		return map[string]any{"strategy_name": "quick", "symbol": "EURUSD", "timeframe": "1h", "start_date": "2016-06-15", "end_date": "2016-10-31",
			"commission": 0.0001 * float64(i%variants), "max_attempts": 100}
	}
	s.await("a tester is available", func() bool { return s.workerStatus("tester-0") == "available" })
	calm := make([]string, variants)
	for i := range calm {
		id := c.submit(fmt.Sprintf("calm-%d", i), body(i))
		s.awaitStatus(id, "completed")
		calm[i] = s.result(id)
	}
	var accidents []string
	ids := make([]string, *chaosOperations)
	for i := range ids {
		ids[i] = c.submit(fmt.Sprintf("chaos-%d", i), body(i))
		if i%3 == 2 {
			accidents = append(accidents, c.accident())
		}
	}
	c.resumePaused()
	t.Logf("what happened: %s", strings.Join(accidents, ", "))
	for i, id := range ids {
		s.awaitStatus(id, "completed")
		if got := s.result(id); got != calm[i%variants] {
			t.Errorf("%s computed\n%s\na calm run\n%s", id, got, calm[i%variants])
		}
	}
	var list struct {
		Total int `json:"total_count"`
	}
	s.get("/api/v1/operations?operation_type=backtesting", &list)
	if want := variants + len(ids); list.Total != want {
		t.Errorf("%d backtests are recorded, want the %d that were acknowledged", list.Total, want)
	}
}
