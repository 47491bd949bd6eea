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
	select {
	case s.merging <- struct{}{}:
		defer func() { <-s.merging }()
	case <-ctx.Done():
	}
	if err := context.Cause(ctx); err != nil {
		return Change{}, err
	}
	change, err := s.merge(ctx, canonical(bars))
	if err != nil {
		return Change{}, fmt.Errorf("merge bars: %w", err)
	}
	return change, nil
}

func (s *Store) merge(ctx context.Context, bars market.Series) (Change, error) {
	p, err := s.plan(bars)
	if err != nil || len(p.runs) == 0 {
		return p.change, err
	}
	folder := folderName(bars.Symbol, bars.Timeframe)
	h, err := s.write(ctx, folder, p)
	if err == nil {
		err = s.commit(folder, h)
	}
	if err != nil {
		s.replace(folder, nil) // the next to ask finds on disk what is in force
		return Change{}, s.explain(bars.Symbol, bars.Timeframe, err)
	}
	s.replace(folder, &h)
	if p.keep == 0 && h.generation > 1 {
		s.removeColumns(folder, h.generation-1)
	}
	return p.change, nil
}

// A plan says which values are to be written where.
type plan struct {
	base   head   // of the columns that are kept
	keep   int    // bars of base that stay where they are; 0 makes new files
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
		base: head{format: format{width: rawOf(bars).width()}, symbol: bars.Symbol, timeframe: bars.Timeframe}, runs: []run{{fromGiven, 0, bars.Len()}},
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
	switch {
	case p.runs[0] == run{fromHeld, 0, v.bars} && p.base.width == v.width: // all held bars stay in place: nothing, or an end, is new
		p.keep, p.runs = v.bars, p.runs[1:]
	default: // what is copied gets new checksums, so it must be right
		err = v.verify(0, v.bars)
	}
	return p, err
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
	if p.keep == 0 {
		h.blockBars = storeBlock
		h.generation++
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
	if p.keep > 0 {
		copy(h.entries, p.base.entries)
	}
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
	w := bufio.NewWriterSize(&offsetWriter{f, valueBytes * int64(p.keep)}, 1<<20)
	at := p.keep
	for i, r := range p.runs {
		if i%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for from := r.from; from < r.to; {
			values := p.source[r.source].part(c, from, r.to)
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
	if old.givenOut {
		s.kept = append(s.kept, old.mapping)
		s.keptBytes += old.width * valueBytes * old.bars
		return
	}
	if err := old.unmap(); err != nil {
		panic("barstore: unmap what this store mapped: " + err.Error())
	}
}

// removeColumns removes a generation that is no longer in force. Readers keep
// what they mapped; a file that cannot be removed now is removed when the folder
// is next loaded.
func (s *Store) removeColumns(folder string, generation uint64) {
	for c := range columnCount {
		_ = s.disk.Remove(columnFile(folder, generation, c)) // see above: tried again later
	}
}
