//go:build unix

package main_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

var (
	chaosSeed       = flag.Uint64("chaos.seed", 1, "which accidents happen, in which order")
	chaosOperations = flag.Int("chaos.operations", 36, "how many operations live through them, in each form")
)

// A chaos is a system to which accidents happen. Backends and workers that end
// are started again, as a supervisor would.
type chaos struct {
	*system
	gate      *gate
	random    *rand.Rand
	accidents []accident
	backends  []*process
	restart   func(i int) (*process, error) // a backend, at the address it had
	workers   []*process
	goOn      []func()        // let go on what stands still
	leaving   []*process      // they were asked to end
	happened  map[string]int  // accidents by name
	history   strings.Builder // of them
	began     time.Time
}

// An accident is one thing that may go wrong. Others may happen at the same time,
// but to a backend, to the disk, and to the database with its disk and the way to
// it only one.
type accident struct {
	name, to string
	happen   func()
}

// chaosOverlap is how many accidents may be under way at once.
const chaosOverlap = 3

// chaosWorkers is which workers live through it: of type and number.
var chaosWorkers = []string{"backtest", "backtest", "training", "training"}

func newChaos(s *system, g *gate, backends ...*process) *chaos {
	c := &chaos{system: s, gate: g, random: rand.New(rand.NewPCG(*chaosSeed, 1)), backends: backends,
		workers: make([]*process, len(chaosWorkers)), happened: map[string]int{}, began: time.Now()}
	s.t.Cleanup(c.resume)
	s.backend = &process{t: s.t, url: g.url()}
	g.lead(backends...)
	c.accidents = []accident{
		{"kill a backend", "backend", func() { c.backends[c.random.IntN(len(c.backends))].kill() }},
		{"stop a backend", "backend", func() { c.dismiss(c.backends[c.random.IntN(len(c.backends))]) }},
		{"pause a backend", "backend", func() { c.pause(c.backends[c.random.IntN(len(c.backends))]) }},
		{"kill a worker", "worker", func() { c.workers[c.random.IntN(len(c.workers))].kill() }},
		{"stop a worker", "worker", func() { c.dismiss(c.workers[c.random.IntN(len(c.workers))]) }},
		{"pause a worker", "worker", func() { c.pause(c.workers[c.random.IntN(len(c.workers))]) }},
		{"cut all connections", "connections", g.cut},
	}
	return c
}

// begin starts the workers and waits until all can be used.
func (c *chaos) begin() {
	c.supervise()
	c.await("all workers are available", func() bool { return c.count("available") == len(c.workers) })
}

func (c *chaos) count(status string) int {
	var rows []workerRow
	c.get("/api/v1/workers", &rows)
	return len(slices.DeleteFunc(rows, func(r workerRow) bool { return r.Status != status }))
}

// supervise starts again what has ended. What cannot start while something else is
// broken is started by a later call.
func (c *chaos) supervise() {
	for i, b := range c.backends {
		if !b.ended() {
			continue
		}
		if again, err := c.restart(i); err == nil {
			c.backends[i] = again
		} else {
			fmt.Fprintf(&c.history, "%.1fs (a backend cannot start), ", time.Since(c.began).Seconds())
		}
	}
	for i, kind := range chaosWorkers {
		if w := c.workers[i]; w == nil || w.ended() {
			id := fmt.Sprintf("%s-%d", kind, i)
			c.workers[i] = start(c.t, id, []string{"KTRDR_API_URL=" + c.gate.url()}, "worker", kind, "--listen", "127.0.0.1:0", "--id", id,
				"--data-dir", filepath.Join(c.dir, id), "--checkpoint-seconds", "0.05")
		}
	}
}

// startPatience is how long a backend may take to listen where something that it
// needs may be broken.
const startPatience = slowness * 10 * time.Second

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// pause lets a process stand still until the next accident, or until somebody
// needs it.
func (c *chaos) pause(p *process) {
	c.tell(p, syscall.SIGSTOP)
	c.goOn = append(c.goOn, func() { c.tell(p, syscall.SIGCONT) })
}

// dismiss asks a process to end in order, and does not wait for that.
func (c *chaos) dismiss(p *process) {
	c.tell(p, syscall.SIGTERM)
	c.leaving = append(c.leaving, p)
}

// calm ends all accidents: nothing stands still, and everything runs.
func (c *chaos) calm() {
	c.resume()
	for _, p := range c.leaving {
		c.await(p.name+" has ended", p.ended)
	}
	c.leaving = nil
	c.supervise()
}

// tell sends a signal to a process.
func (c *chaos) tell(p *process, s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended
}

// resume lets go on what stands still.
func (c *chaos) resume() {
	for _, mend := range c.goOn {
		mend()
	}
	c.goOn = nil
}

// accident ends what the last ones have left, and lets up to chaosOverlap things go
// wrong at once: first of all the one that was added last, so that what can happen
// to this form of the system alone does so with every seed.
func (c *chaos) accident() {
	c.resume()
	c.supervise()
	hit := map[string]bool{}
	for n := 1 + c.random.IntN(chaosOverlap); n > 0; n-- {
		a := c.accidents[c.random.IntN(len(c.accidents))]
		if len(c.happened) == 0 {
			a = c.accidents[len(c.accidents)-1]
		}
		if hit[a.to] && a.to != "worker" {
			continue
		}
		hit[a.to] = true
		c.happened[a.name]++
		fmt.Fprintf(&c.history, "%.1fs %s, ", time.Since(c.began).Seconds(), a.name)
		a.happen()
	}
}

// recover is what people do when nothing answers: they look after what ended and
// go to another backend, and if there is none, they wake the one there is.
func (c *chaos) recover() {
	c.supervise()
	if len(c.backends) == 1 || c.random.IntN(3) == 0 {
		c.resume()
	}
	order := slices.Clone(c.backends)
	c.random.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
	c.gate.lead(order...)
}

// try asks for something once.
func (c *chaos) try(method, path, key string, text []byte) (code int, answer []byte, err error) {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.gate.url()+path, bytes.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	if len(text) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// again goes on with a cancelled operation: from its checkpoint, or as a new one
// where there is none. It returns the id under which it goes on.
func (c *chaos) again(id string) string {
	c.t.Helper()
	c.await(id+" goes on", func() bool {
		path := "/api/v1/operations/" + id
		code, answer, err := c.try(http.MethodPost, path+"/resume", "", nil)
		switch {
		case code == http.StatusNotFound: // there is no checkpoint
			var retried struct{ Data operationInfo }
			code, answer, err = c.try(http.MethodPost, path+"/retry", "again_"+id, nil)
			if code == http.StatusOK && err == nil && json.Unmarshal(answer, &retried) == nil {
				id = retried.Data.ID
				return true
			}
		case code == http.StatusOK, code == http.StatusConflict: // it goes on since an answer that was lost
			return true
		}
		if err == nil && code < 500 {
			c.t.Fatalf("%s does not go on: %d %s", id, code, answer)
		}
		c.recover()
		return false
	})
	return id
}

// submit starts an operation, again and again under one key until it is
// acknowledged, and returns its id.
func (c *chaos) submit(key string, d deed) string {
	c.t.Helper()
	text, err := json.Marshal(d.body)
	if err != nil {
		c.t.Fatal(err)
	}
	var started struct {
		ID string `json:"operation_id"`
	}
	c.await(key+" is acknowledged", func() bool {
		code, answer, err := c.try(http.MethodPost, d.path, key, text)
		switch {
		case err != nil || code >= 500:
			c.recover()
		case code != http.StatusOK:
			c.t.Fatalf("%s: %d %s", key, code, answer)
		}
		return code == http.StatusOK && json.Unmarshal(answer, &started) == nil
	})
	return started.ID
}

// A deed is an operation that people ask for again and again.
type deed struct {
	path string
	body map[string]any
}

// chaosSpace is what the sweeps of deeds try, in three chunks.
const chaosSpace = "axes:\n  decisions.confidence_threshold: [0.34, 0.38, 0.42]\n  decisions.exits.stop_loss: [null, 0.004]\n"

// deeds are backtests of a model, sweeps with it, and trainings.
func (c *chaos) deeds() []deed {
	strategy := c.strategy("quick", 60)
	text, err := os.ReadFile(strategy)
	if err != nil {
		c.t.Fatal(err)
	}
	c.must(trainArgs(strategy)...)
	known := c.models()
	if len(known) != 1 {
		c.t.Fatalf("models: %v, want one", known)
	}
	var all []deed
	for i := range 3 {
		test := map[string]any{"strategy_name": "quick", "symbol": "EURUSD", "timeframe": "1h", "model": known[0],
			"start_date": "2016-06-15", "end_date": "2016-10-31", "commission": 0.0001 * float64(i), "max_attempts": 100}
		all = append(all, deed{"/api/v1/backtests/start", test})
		all = append(all, deed{trainingPath, map[string]any{"strategy_yaml": string(text), "symbol": "EURUSD", "timeframe": "1h",
			"start_date": "2015-01-05", "end_date": "2016-05-31", "seed": 20 + i, "max_attempts": 100}})
		if i < 2 {
			sweep := maps.Clone(test)
			sweep["space_yaml"], sweep["chunk_trials"], sweep["top"] = chaosSpace, 2, 3
			all = append(all, deed{sweepPath, sweep})
		}
	}
	return all
}

const trainingPath, sweepPath = "/api/v1/trainings/start", "/api/v1/sweeps/start"

// result is what an operation computed, without what names the run.
func (s *system) result(id string) string {
	s.t.Helper()
	var answer struct {
		Results struct {
			OrderHash   string          `json:"order_hash"`
			FinalEquity float64         `json:"final_equity"`
			Metrics     json.RawMessage `json:"metrics"`
			Model       struct {
				SHA256 string `json:"sha256"`
			} `json:"model"`
			Leaderboard json.RawMessage `json:"leaderboard"`
			Luck        json.RawMessage `json:"luck"`
			Trials      struct {
				SHA256 string `json:"sha256"`
			} `json:"trials"`
		}
	}
	s.await("the results of "+id, func() bool { return s.get("/api/v1/operations/"+id+"/results", &answer) == http.StatusOK })
	r := answer.Results
	if r.OrderHash+r.Model.SHA256+r.Trials.SHA256 == "" {
		s.t.Fatalf("the results of %s name neither orders nor a model nor trials", id)
	}
	return fmt.Sprintf("%s%s %v %s %s %s %s", r.OrderHash, r.Model.SHA256, r.FinalEquity, r.Metrics, r.Trials.SHA256, r.Leaderboard, r.Luck)
}

// awaitEnd waits until an operation has ended, helps where nobody answers, and
// returns how it ended.
func (c *chaos) awaitEnd(id string) string {
	c.t.Helper()
	var read struct{ Data operationInfo }
	c.await(id+" has ended", func() bool {
		code, answer, err := c.try(http.MethodGet, "/api/v1/operations/"+id, "", nil)
		if err != nil || code != http.StatusOK || json.Unmarshal(answer, &read) != nil {
			c.recover()
			return false
		}
		c.supervise()
		return read.Data.Status == "completed" || read.Data.Status == "failed" || read.Data.Status == "cancelled"
	})
	return read.Data.Status
}

// live lets operations and accidents happen at once, and compares.
func (c *chaos) live() {
	t := c.t
	t.Helper()
	deeds := c.deeds()
	calm := make([]string, len(deeds))
	for i, d := range deeds {
		id := c.submit(fmt.Sprintf("calm-%d", i), d)
		c.awaitStatus(id, "completed")
		calm[i] = c.result(id)
	}
	before := c.total()
	n := *chaosOperations
	if testing.Short() {
		n = min(n, 12)
	}
	ids := make([]string, n)
	var cancelled []int
	for i := range ids {
		d := deeds[i%len(deeds)]
		ids[i] = c.submit(fmt.Sprintf("chaos-%d", i), d)
		if i%3 == 2 {
			c.accident()
		}
		if d.path == trainingPath && i%4 == 1 { // whether it is heard or not
			_, _, _ = c.try(http.MethodDelete, "/api/v1/operations/"+ids[i], "", nil)
			cancelled = append(cancelled, i)
		}
	}
	retried := 0
	for _, i := range cancelled {
		if c.awaitEnd(ids[i]) != "cancelled" {
			continue
		}
		if id := c.again(ids[i]); id != ids[i] {
			ids[i] = id
			retried++
		}
		c.accident()
	}
	c.calm()
	t.Logf("what happened: %s%v", c.history.String(), c.happened)
	attempts, trainings := 0, 0
	for i, id := range ids {
		c.awaitEnd(id)
		op := c.awaitStatus(id, "completed")
		attempts += op.Attempt
		if got := c.result(id); got != calm[i%len(deeds)] {
			t.Errorf("%s computed\n%s\na calm run\n%s", id, got, calm[i%len(deeds)])
		}
		switch deeds[i%len(deeds)].path {
		case sweepPath:
			var list struct{ Data []childInfo }
			c.read("/api/v1/operations/"+id+"/children", &list)
			if chunks := sums(list.Data); len(chunks) != 1 || chunks["completed"] != 3 {
				t.Errorf("the chunks of %s are %v, want 3 that completed", id, chunks)
			}
		case trainingPath:
			trainings++
		}
	}
	t.Logf("%d operations took %d attempts; of %d that were to be cancelled, %d were tried again from the beginning", len(ids), attempts, len(cancelled), retried)
	if got := c.total() - before - retried; got != len(ids) {
		t.Errorf("%d operations are recorded, want the %d that were acknowledged", got, len(ids))
	}
	if got, want := len(c.models()), 1+3+trainings; got != want {
		t.Errorf("%d models are there, want one of each of %d trainings", got, want)
	}
	c.await("all workers are available again", func() bool { c.supervise(); return c.count("available") == len(c.workers) })
	for _, w := range c.workers { // while there is somebody who takes what they still have
		w.stop()
	}
}

// read gets an answer, also where the first connection turns out to be broken.
func (c *chaos) read(path string, v any) {
	c.t.Helper()
	c.await(path+" is answered", func() bool { return c.get(path, v) == http.StatusOK })
}

// models returns the ids of all models.
func (c *chaos) models() []string {
	c.t.Helper()
	var answer struct {
		Models []struct {
			ID string `json:"model_id"`
		}
	}
	c.read("/api/v1/models?limit=1000", &answer)
	ids := make([]string, len(answer.Models))
	for i, m := range answer.Models {
		ids[i] = m.ID
	}
	return ids
}

// total is how many operations are recorded, without the parts of others.
func (c *chaos) total() int {
	c.t.Helper()
	var list struct {
		Total int `json:"total_count"`
	}
	c.read("/api/v1/operations?limit=1&children=false", &list)
	return list.Total
}

// TestChaos: whatever is killed, stopped, paused, cut off or full, every acknowledged
// operation completes once, with the result of a calm run; one that was cancelled
// does when it is resumed. With -clock.jumps the
// clocks of all processes are set meanwhile.
func TestChaos(t *testing.T) {
	t.Logf("accidents of -chaos.seed=%d", *chaosSeed)
	t.Run("one_backend", func(t *testing.T) {
		s := newSystem(t, quickFleet...)
		c := newChaos(s, openGate(t), s.backend)
		address := strings.TrimPrefix(c.backends[0].url, "http://")
		c.restart = func(int) (*process, error) {
			return launch(t, startPatience, "backend", s.env, "serve", "--listen", address, "--data-dir", filepath.Join(s.dir, "backend"))
		}
		c.begin()
		c.importSample("EURUSD")
		c.live()
	})
	t.Run("full_disk", func(t *testing.T) {
		s := &system{t: t, dir: t.TempDir(), env: quickFleet}
		disk, err := storetest.NewDisk(t, filepath.Join(s.dir, "backend"))
		if err != nil {
			t.Skip(err)
		}
		s.backend = start(t, "backend", s.env, "serve", "--listen", "127.0.0.1:0", "--data-dir", disk.Dir)
		c := newChaos(s, openGate(t), s.backend)
		address := strings.TrimPrefix(c.backends[0].url, "http://")
		c.restart = func(int) (*process, error) {
			return launch(t, startPatience, "backend", s.env, "serve", "--listen", address, "--data-dir", disk.Dir)
		}
		c.accidents = append(c.accidents, accident{"fill the disk", "disk", func() {
			disk.Fill()
			c.goOn = append(c.goOn, disk.Clear)
		}})
		c.begin()
		c.importSample("EURUSD")
		c.live()
	})
	t.Run("cluster", func(t *testing.T) {
		server := storetest.StartPostgres(t)
		way := openGate(t) // to the database
		address, disk, noDisk := server.NewDatabaseOnDisk(t)
		if noDisk != nil {
			t.Logf("left out: the disk of the database is never full: %v", noDisk)
			address = server.NewDatabase()
		}
		k := newDatabase(t, through(t, way, address), quickFleet...)
		first := k.startBackend("first", "127.0.0.1:0")
		k.gate.lead(first)
		k.importSample("EURUSD")
		if err := os.CopyFS(filepath.Join(k.dir, "second", "bars"), os.DirFS(filepath.Join(k.dir, "first", "bars"))); err != nil {
			t.Fatal(err)
		}
		c := newChaos(k.system, k.gate, first, k.startBackend("second", "127.0.0.1:0"))
		addresses := []string{strings.TrimPrefix(c.backends[0].url, "http://"), strings.TrimPrefix(c.backends[1].url, "http://")}
		c.restart = func(i int) (*process, error) {
			return k.launchBackend(startPatience, []string{"first", "second"}[i], addresses[i])
		}
		c.accidents = append(c.accidents,
			accident{"kill the database", "database", func() {
				server.Kill()
				server.Start()
			}},
			accident{"pause the database", "database", func() {
				server.Pause()
				c.goOn = append(c.goOn, server.Resume)
			}},
			accident{"cut the way to the database", "database", way.cut},
			accident{"bar the way to the database", "database", func() {
				way.bar()
				c.goOn = append(c.goOn, way.mend)
			}},
			accident{"lose what is sent to the database", "database", func() {
				way.swallow()
				c.goOn = append(c.goOn, way.mend)
			}})
		if noDisk == nil {
			c.accidents = append(c.accidents, accident{"fill the disk of the database", "database", func() {
				disk.Fill()
				c.goOn = append(c.goOn, disk.Clear)
			}})
		}
		c.begin()
		c.live()
	})
}

// through leads a gate to the socket of the database at an address, and returns
// the address at which it is found behind the gate.
func through(t *testing.T, g *gate, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	g.leadTo(filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"))
	return "postgres://" + u.Query().Get("user") + "@" + g.address() + u.Path + "?sslmode=disable"
}
