package kernel

// Best returns the fastest set that this processor can run.
func Best() *Set {
	all := All()
	return all[len(all)-1]
}

// All returns the sets that this processor can run, the slowest first; that is
// plain Go, which every processor can.
func All() []*Set { return sets }

var sets = append([]*Set{&plain}, fast()...)

// first returns where a slice begins, or nil.
func first(v []float32) *float32 {
	if v == nil {
		return nil
	}
	return &v[0]
}
