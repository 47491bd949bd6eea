package dispatch_test

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// enabled lists what can happen now, in a fixed order.
func (m *model) enabled() []happening {
	if m.ended() && len(m.net)+len(m.writes)+len(m.zombies) == 0 {
		return nil
	}
	var all []happening
	add := func(name string, do func()) { all = append(all, happening{name, do}) }
	if len(m.writes) > 0 {
		add("the disk finishes a write", m.record)
	}
	if len(m.zombies) > 0 {
		add("a write of the dead scheduler arrives", m.haunt)
	}
	for i, x := range m.net {
		add("arrives: "+x.text, func() { m.take(i).deliver(m, true) })
		if m.drops > 0 && !strings.HasPrefix(x.text, "beat") && !strings.HasPrefix(x.text, "stop") {
			add("is lost, or its answer: "+x.text, func() { m.drops--; m.take(i).deliver(m, false) })
		}
	}
	for i, w := range m.workers {
		name := fmt.Sprintf("w%d", i)
		if w.current != nil {
			add(name+" completes "+w.current.String(), func() { m.end(i, operation.Completed) })
			if m.failures > 0 {
				add(name+" fails "+w.current.String(), func() { m.failures--; m.end(i, operation.Failed) })
			}
		}
		if len(w.unacked) > 0 {
			add(name+" reports", func() { m.report(i) })
		}
		if w.current != nil || len(w.unacked) > 0 || w.process > 1 {
			b := m.beat(i)
			if !slices.ContainsFunc(m.net, func(o letter) bool { return o.text == b.text }) {
				add(name+" sends "+b.text, func() { m.send(b.text, b.deliver) })
			}
		}
		if _, asked := m.checks[i]; asked {
			add(name+" answers a health check", func() { m.health(i) })
		}
		if m.restarts > 0 && w.current != nil {
			add(name+" is replaced", func() { m.restarts--; *w = modelWorker{process: w.process + 1} })
		}
		if m.delays > 0 && len(m.writes) == 0 {
			add("nothing is heard of "+name+" for a lease", func() { m.delays--; m.wait(31*time.Second, i) })
		}
	}
	if m.delays > 0 && len(m.writes) == 0 {
		add("the time of grace passes", func() { m.delays--; m.wait(5*time.Second, -1) })
	}
	if m.crashes > 0 {
		add("another backend takes over", m.crash)
	}
	if m.cancels > 0 {
		for _, id := range m.ids {
			add("the user cancels "+id, func() { m.cancels--; m.step(dispatch.CancelAsked{ID: id}) })
		}
	}
	return all
}

func (m *model) do(name string) {
	all := m.enabled()
	i := slices.IndexFunc(all, func(h happening) bool { return h.name == name })
	all[i].do()
	m.booked()
}

func (m *model) take(i int) letter {
	x := m.net[i]
	m.net = slices.Delete(slices.Clone(m.net), i, i+1)
	return x
}

// ended reports whether all operations have ended.
func (m *model) ended() bool {
	return !slices.ContainsFunc(m.ids, func(id string) bool { return !m.disk.operations[id].Status.Terminal() })
}

// booked checks that no process has two open attempts, and that nothing has ended
// before what belongs to it.
func (m *model) booked() {
	holder := map[string]string{}
	for _, id := range m.ids {
		op := m.disk.operations[id]
		if op.Open && op.Status.Terminal() {
			m.fail("%s is %s with an open attempt", id, op.Status)
		}
		if process := op.WorkerID + " " + op.Incarnation; op.Open {
			if other := holder[process]; other != "" {
				m.fail("%s is booked twice: %s and %s", process, other, id)
			}
			holder[process] = id
		}
		for _, child := range m.disk.children(id) {
			if op.Status.Terminal() && !child.Status.Terminal() || op.Status == operation.Completed && child.Status != operation.Completed {
				m.fail("%s is %s and its child %s is %s", id, op.Status, child.ID, child.Status)
			}
		}
	}
}

// crash replaces the scheduler. What it had decided and not recorded arrives
// later.
func (m *model) crash() {
	m.crashes--
	for _, w := range m.writes {
		m.zombies = append(m.zombies, zombie{term: m.term, tx: w.Tx})
	}
	m.writes = nil
	m.takeOver()
}

func (m *model) haunt() {
	z := m.zombies[0]
	m.zombies = m.zombies[1:]
	_ = m.store(z.term, z.tx)
}

// wait lets time pass, in which all workers but one are heard.
func (m *model) wait(d time.Duration, silent int) {
	m.now = m.now.Add(d)
	for i := range m.workers {
		if i != silent {
			m.beat(i).deliver(m, true)
		}
	}
	m.step(dispatch.Ticked{})
}

// settle finishes all writes.
func (m *model) settle() {
	for len(m.writes) > 0 && m.violation == "" {
		m.record()
	}
}

// calm lets everything happen that can, without faults, until nothing more does.
func (m *model) calm() {
	for round := 0; round < 60 && m.violation == ""; round++ {
		for len(m.zombies) > 0 {
			m.haunt()
		}
		m.settle()
		for len(m.net) > 0 && m.violation == "" {
			m.take(0).deliver(m, true)
			m.settle()
		}
		for i, w := range m.workers {
			if w.current != nil && round%3 == 2 {
				m.end(i, operation.Completed)
			}
			if len(w.unacked) > 0 {
				m.report(i)
			}
			m.beat(i).deliver(m, true)
			m.settle()
			if _, asked := m.checks[i]; asked {
				m.health(i)
			}
		}
		m.now = m.now.Add(time.Second)
		m.step(dispatch.Ticked{})
		m.booked()
	}
}

// key identifies a state: what the scheduler has seen, and everything else.
func (m *model) key() uint64 {
	h := fnv.New64a()
	fmt.Fprintln(h, m.describe())
	return h.Sum64()
}

func (m *model) describe() string {
	var s strings.Builder
	fmt.Fprintln(&s, m.history.String(), m.now.Sub(began), m.bounds, m.tokens(), len(m.disk.candidates), m.checks)
	var texts []string
	for _, x := range m.net {
		texts = append(texts, x.text)
	}
	slices.Sort(texts)
	fmt.Fprintln(&s, texts, len(m.requests), len(m.writes))
	for _, z := range m.zombies {
		fmt.Fprintf(&s, "%d %T;", z.term, z.tx)
	}
	for _, w := range m.workers {
		fmt.Fprint(&s, w.process, w.current)
		for _, r := range w.unacked {
			fmt.Fprint(&s, r.Token, r.State)
		}
	}
	return s.String()
}

// tokens is what the disk says of the operations.
func (m *model) tokens() string {
	var s strings.Builder
	for _, id := range m.ids {
		op := m.disk.operations[id]
		fmt.Fprint(&s, op.Status, op.Token(), op.Open, op.Ended, op.Lost, op.CancelRequested, ";")
	}
	return s.String()
}
