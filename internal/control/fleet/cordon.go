package fleet

import "time"

// Marked records that an operator took a worker out of service, or put it back.
// The mark belongs to the id: it outlives the process and its registration.
type Marked struct {
	WorkerID string
	Cordoned bool
	At       time.Time
}

// Subject implements operation.Change.
func (m Marked) Subject() string { return m.WorkerID }

// Cordon takes a worker, registered or not, out of service or puts it back. A
// worker out of service goes on with what it runs and is given nothing more.
func (f *Fleet) Cordon(id string, out bool) {
	if out {
		f.cordons[id] = true
	} else {
		delete(f.cordons, id)
	}
	if w := f.workers[id]; w != nil {
		w.Cordoned = out
	}
}

// Cordoned reports whether a worker, registered or not, is out of service.
func (f *Fleet) Cordoned(id string) bool { return f.cordons[id] }
