package dispatch

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A ParentError says that an operation cannot become the child of another, which
// has ended, is to be cancelled, or never was.
type ParentError struct{ ParentID string }

func (e *ParentError) Error() string {
	return fmt.Sprintf("Operation %s takes no children: it has ended, is being cancelled, or does not exist", e.ParentID)
}

// fosters refuses a child whose parent would not look after it.
func (s *State) fosters(op operation.Operation) error {
	if op.ParentID == nil {
		return nil
	}
	if p := s.held[*op.ParentID]; p == nil || !p.recorded || p.ended || p.op.CancelRequested {
		return &ParentError{ParentID: *op.ParentID}
	}
	return nil
}

// hold takes an operation in; release lets it go.
func (s *State) hold(h *held) {
	s.held[h.op.ID] = h
	if p := h.op.ParentID; p != nil {
		if s.children[*p] == nil {
			s.children[*p] = map[string]*held{}
		}
		s.children[*p][h.op.ID] = h
	}
}

func (s *State) release(h *held) {
	delete(s.held, h.op.ID)
	if p := h.op.ParentID; p != nil {
		if delete(s.children[*p], h.op.ID); len(s.children[*p]) == 0 {
			delete(s.children, *p)
		}
	}
}

// cancelChildren passes a cancellation on, in order of submission. What is not
// durable yet is cancelled when it is; see orphaned.
func (s *State) cancelChildren(parent *held, reason string, now time.Time) {
	for _, h := range s.childrenOf(parent) {
		if h.recorded && !h.ended && !h.op.CancelRequested {
			s.cancel(CancelAsked{ID: h.op.ID, Reason: cmp.Or(reason, "operation "+parent.op.ID+" was cancelled")}, now)
		}
	}
}

// orphaned reports whether the parent of an operation was cancelled while the
// operation was being recorded.
func (s *State) orphaned(h *held) bool {
	if h.op.ParentID == nil {
		return false
	}
	p := s.held[*h.op.ParentID]
	return p != nil && p.op.CancelRequested
}

func (s *State) cancelOrphan(h *held, now time.Time) {
	s.cancel(CancelAsked{ID: h.op.ID, Reason: "operation " + *h.op.ParentID + " was cancelled"}, now)
}
