package barstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// headDraft is the name of a head that is not yet in force.
const headDraft = "head.new"

// A Change counts what a Merge did with the bars it was given.
type Change struct {
	Added   int // bars at times that were not held
	Changed int // bars at times that were held with other values, which they replaced
	Same    int // bars that were held already
}

// Merge adds bars to what is held: the union by time, in which the given bars
// replace held ones that differ. When it returns without error the result is on
// disk; when it returns an error, what was held is unchanged, except that an
// error of the very last step (syncing the directory) leaves open which of both
// a crash would bring back. If bars holds nothing new, no file is touched.
func (s *Store) Merge(ctx context.Context, bars market.Series) (Change, error) {
	if err := bars.Validate(); err != nil {
		return Change{}, fmt.Errorf("merge bars: %w", err)
	}
	if err := checkNames(bars.Symbol, bars.Timeframe); err != nil {
		return Change{}, fmt.Errorf("merge bars: %w", err)
	}
	if bars.Len() == 0 {
		return Change{}, nil
	}
	if err := s.lockMerges(ctx); err != nil {
		return Change{}, err
	}
	defer s.unlockMerges()
	p, err := s.plan(canonical(bars))
	if err == nil {
		err = s.carryOut(ctx, p)
	}
	if err != nil {
		return Change{}, fmt.Errorf("merge bars: %w", err)
	}
	return p.change, nil
}

// lockMerges waits until nobody else writes.
func (s *Store) lockMerges(ctx context.Context) error {
	select {
	case s.merging <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := context.Cause(ctx); err != nil {
		s.unlockMerges()
		return err
	}
	return nil
}

func (s *Store) unlockMerges() { <-s.merging }

// carryOut writes what a plan says and puts it in force.
func (s *Store) carryOut(ctx context.Context, p plan) error {
	if len(p.runs) == 0 {
		return nil
	}
	folder := folderName(p.base.symbol, p.base.timeframe)
	h, err := s.write(ctx, folder, p)
	if err == nil {
		err = s.commit(folder, h)
	}
	if err != nil {
		s.replace(folder, nil) // the next to ask finds on disk what is in force
		return s.explain(p.base.symbol, p.base.timeframe, err)
	}
	s.replace(folder, &h)
	for _, old := range p.base.parts() {
		if old.generation > 0 && !h.holds(old.generation) {
			s.removeColumns(folder, old.generation)
		}
	}
	s.propose(h)
	return nil
}

// A plan says which values are to be written where.
type plan struct {
	base   head   // of the columns that are kept
	keep   int    // bars of base that stay where they are; what is behind fewer than all of them goes to new files
	runs   []run  // what is written behind them; none if nothing changes
	source [2]raw // what runs take from: the held columns and the given ones
	bars   int    // of the result
	last   int64
	change Change
}

// A run is a run of bars that is taken from one source.
type run struct{ source, from, to int }

const (
	fromHeld = iota
	fromGiven
)

// plan compares bars with what is held.
func (s *Store) plan(bars market.Series) (plan, error) {
	given := plan{
		base: head{format: format{width: rawOf(bars).width(), blockBars: storeBlock}, symbol: bars.Symbol, timeframe: bars.Timeframe}, runs: []run{{fromGiven, 0, bars.Len()}},
		source: [2]raw{fromGiven: rawOf(bars)}, bars: bars.Len(), last: bars.Time[bars.Len()-1], change: Change{Added: bars.Len()},
	}
	v, err := s.viewToMerge(bars)
	if errors.Is(err, ErrNotFound) {
		return given, nil
	}
	if err != nil {
		return plan{}, err
	}
	if v.mapping == nil {
		given.base, given.keep, given.bars = v.head, v.bars, v.bars+bars.Len()
		return given, nil
	}
	p, err := v.plan(bars)
	if err != nil {
		return plan{}, s.explain(bars.Symbol, bars.Timeframe, err)
	}
	return p, nil
}

// viewToMerge returns what is held, without mapping where all of bars comes after
// it and brings no new column. Only merges unmap, and there is one at a time, so that the view stays valid
// without the mutex.
func (s *Store) viewToMerge(bars market.Series) (view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.load(bars.Symbol, bars.Timeframe)
	if err != nil {
		return view{}, err
	}
	if bars.Time[0] > v.last && rawOf(bars).width() <= v.width {
		return view{head: v.head}, nil
	}
	if v, err = s.mapped(bars.Symbol, bars.Timeframe); err != nil {
		return view{}, err
	}
	return *v, nil
}

// plan compares bars with the held ones.
func (v view) plan(bars market.Series) (plan, error) {
	p := plan{base: v.head, source: [2]raw{v.columns, rawOf(bars)}}
	p.base.width = max(v.width, p.source[fromGiven].width())
	first, behind := bars.Time[0], bars.Time[bars.Len()-1]+1
	from, to, err := v.between(first, behind, v.around(first), v.around(behind))
	if err != nil {
		return plan{}, err
	}
	p.add(fromHeld, 0, from)
	held := v.series(from, to)
	i, j := 0, 0
	for i < held.Len() || j < bars.Len() {
		switch {
		case j == bars.Len() || i < held.Len() && held.Time[i] < bars.Time[j]:
			p.add(fromHeld, from+i, from+i+1)
			i++
		case i == held.Len() || held.Time[i] > bars.Time[j]:
			p.add(fromGiven, j, j+1)
			p.change.Added++
			j++
		case same(held.Bar(i), bars.Bar(j)) && saysNoOther(bars.Quote(j), held.Quote(i)):
			p.add(fromHeld, from+i, from+i+1)
			p.change.Same++
			i, j = i+1, j+1
		default:
			p.add(fromGiven, j, j+1)
			p.change.Changed++
			i, j = i+1, j+1
		}
	}
	p.add(fromHeld, to, v.bars)
	p.last = max(v.last, bars.Time[bars.Len()-1])
	if p.runs[0].source == fromHeld && p.base.width == v.width {
		p.leave(v.keepable(p.runs[0].to))
	}
	if p.keep < v.bars { // what is copied gets new checksums, so it must be right
		err = v.verify(p.keep, v.bars)
	}
	return p, err
}

// keepable returns how many bars stay in their files where the first n do not change:
// all, or those of whole blocks, so that the rest of them goes to a tail; none where that
// would be most of them.
func (h *head) keepable(n int) int {
	if n == h.bars {
		return n
	}
	if h.blockBars != storeBlock {
		return 0
	}
	n -= n % storeBlock
	if h.tailed {
		n = min(n, h.tail)
	}
	if n < h.bars/2 {
		return 0
	}
	return n
}

// leave keeps the first n bars, which the first run begins with, where they are.
func (p *plan) leave(n int) {
	p.keep = n
	if p.runs[0].from = n; p.runs[0].from == p.runs[0].to {
		p.runs = p.runs[1:]
	}
}

// add adds bars from to to-1 of a source behind the others.
func (p *plan) add(source, from, to int) {
	if from == to {
		return
	}
	p.bars += to - from
	if n := len(p.runs); n > 0 && p.runs[n-1].source == source && p.runs[n-1].to == from {
		p.runs[n-1].to = to
		return
	}
	p.runs = append(p.runs, run{source, from, to})
}

func same(a, b market.Bar) bool {
	return a == b || a.Volume != a.Volume && b.Volume != b.Volume &&
		a.Time == b.Time && a.Open == b.Open && a.High == b.High && a.Low == b.Low && a.Close == b.Close
}

// saysNoOther tells that a bar with the quote given does not change the held one:
// where none is given, nothing is said about it.
func saysNoOther(given, held market.Quote) bool { return !given.IsKnown() || given == held }

// write writes the columns of a plan, syncs them, and returns their head.
func (s *Store) write(ctx context.Context, folder string, p plan) (head, error) {
	h := p.base
	flag := 0
	if p.keep == 0 || p.keep < p.base.bars {
		h.generation++
		h.blockBars, h.tailed, h.tail, h.base = storeBlock, p.keep > 0, p.keep, 0
		if h.tailed {
			h.base = p.base.parts()[0].generation
		}
		flag = os.O_CREATE | os.O_TRUNC
		if err := s.disk.Mkdir(folder); err != nil && !errors.Is(err, fs.ErrExist) {
			return head{}, err
		}
		if err := s.disk.SyncDir("."); err != nil {
			return head{}, err
		}
	}
	h.bars, h.last = p.bars, p.last
	h.entries = make([]byte, h.entryBytes()*h.blocksOf(h.bars))
	copy(h.entries, p.base.entries[:p.base.entryBytes()*p.base.blocksOf(p.keep)])
	for c := range h.width {
		f, err := s.disk.OpenFile(columnFile(folder, h.generation, c), flag)
		if err != nil {
			return head{}, err
		}
		err = p.writeColumn(ctx, f, &h, c)
		if err == nil {
			err = f.Sync()
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return head{}, err
		}
	}
	return h, nil
}

// writeColumn writes what the plan adds to column c and its sums to h.
func (p *plan) writeColumn(ctx context.Context, f file, h *head, c int) error {
	w := bufio.NewWriterSize(&offsetWriter{f, valueBytes * int64(p.keep-h.tail)}, 1<<20)
	at := p.keep
	for i, r := range p.runs {
		for from := r.from; from < r.to; {
			if (i%4096 == 0 || from > r.from) && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			values := p.source[r.source].part(c, from, min(r.to, from+stepBars))
			h.extend(c, values, at)
			if _, err := w.Write(values); err != nil {
				return err
			}
			n := len(values) / valueBytes
			from, at = from+n, at+n
		}
	}
	return w.Flush()
}

// commit puts a head in force.
func (s *Store) commit(folder string, h head) error {
	draft := path.Join(folder, headDraft)
	f, err := s.disk.OpenFile(draft, os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(h.append(nil), 0)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := s.disk.SyncDir(folder); err != nil { // the columns have names before the head speaks of them
		return err
	}
	if err := s.disk.Rename(draft, headFile(folder)); err != nil {
		return err
	}
	return s.disk.SyncDir(folder)
}

// replace makes h what is held of a series; nil makes it be read from disk.
func (s *Store) replace(folder string, h *head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.held[folder]
	delete(s.held, folder)
	if h != nil {
		s.held[folder] = &view{head: *h}
	}
	if old == nil || old.mapping == nil {
		return
	}
	if h != nil && h.generation == old.generation && h.bars <= old.roomBars() {
		s.held[folder].mapping = old.mapping
		return
	}
	shared := 0
	if h != nil && h.tailed && old.holds(h.base) {
		shared = h.tail
		s.remap(folder, *h, old.mapping)
	}
	if old.givenOut {
		s.kept = append(s.kept, old.mapping)
		s.keptBytes += max(keptLeast, old.width*valueBytes*(old.bars-shared))
		return
	}
	if err := old.unmap(); err != nil {
		panic("barstore: unmap what this store mapped: " + err.Error())
	}
}

// remap maps the files of h, whose base an earlier mapping has too, so that what was
// checked of it need not be again. Where it fails, the next to read maps, and is told.
func (s *Store) remap(folder string, h head, earlier *mapping) {
	m, err := mapColumns(s.root, folder, h)
	if err != nil {
		return
	}
	m.trust(earlier, h.blocksOf(h.tail))
	s.held[folder].mapping = m
}

// removeColumns removes a generation that is no longer in force. Readers keep
// what they mapped; a file that cannot be removed now is removed when the folder
// is next loaded.
func (s *Store) removeColumns(folder string, generation uint64) {
	for c := range columnCount {
		_ = s.disk.Remove(columnFile(folder, generation, c)) // see above: tried again later
	}
}
