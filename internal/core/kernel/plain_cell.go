package kernel

import "github.com/ktrdr/ktrdr/internal/core/elementary"

func lstmPlain(s LSTMStep) {
	w := s.Width
	for r := range s.Rows {
		g := s.Gates[r*4*w:][:4*w]
		for j := range w {
			i := r*w + j
			in, forget := elementary.Sigmoid(g[j]), elementary.Sigmoid(g[w+j])
			new, out := elementary.Tanh(g[2*w+j]), elementary.Sigmoid(g[3*w+j])
			g[j], g[w+j], g[2*w+j], g[3*w+j] = in, forget, new, out
			c := float32(forget*s.Before[i]) + float32(in*new)
			squash := elementary.Tanh(c)
			s.Cell[i], s.Squash[i], s.Hidden[i] = c, squash, out*squash
		}
	}
}

func lstmBackPlain(s LSTMBack) {
	w := s.Width
	for r := range s.Rows {
		g, d := s.Gates[r*4*w:][:4*w], s.Delta[r*4*w:][:4*w]
		for j := range w {
			i := r*w + j
			in, forget, new, out := g[j], g[w+j], g[2*w+j], g[3*w+j]
			dh, squash := s.Up[i]+s.Hidden[i], s.Squash[i]
			dc := s.Cell[i] + float32(float32(dh*out)*(1-float32(squash*squash)))
			d[j] = float32(dc*new) * float32(in*(1-in))
			d[w+j] = float32(dc*s.Before[i]) * float32(forget*(1-forget))
			d[2*w+j] = float32(dc*in) * (1 - float32(new*new))
			d[3*w+j] = float32(dh*squash) * float32(out*(1-out))
			s.Cell[i] = dc * forget
		}
	}
}

func gruPlain(s GRUStep) {
	w := s.Width
	for r := range s.Rows {
		g, state := s.Gates[r*3*w:][:3*w], s.State[r*3*w:][:3*w]
		for j := range w {
			i := r*w + j
			reset, update := elementary.Sigmoid(g[j]+state[j]), elementary.Sigmoid(g[w+j]+state[w+j])
			new := elementary.Tanh(g[2*w+j] + float32(reset*state[2*w+j]))
			g[j], g[w+j], g[2*w+j] = reset, update, new
			s.Hidden[i] = float32((1-update)*new) + float32(update*s.Before[i])
		}
	}
}

func gruBackPlain(s GRUBack) {
	w := s.Width
	for r := range s.Rows {
		g, inner := s.Gates[r*3*w:][:3*w], s.State[r*3*w+2*w:][:w]
		x, h := s.DeltaInput[r*3*w:][:3*w], s.DeltaState[r*3*w:][:3*w]
		for j := range w {
			i := r*w + j
			reset, update, new := g[j], g[w+j], g[2*w+j]
			dh := s.Up[i] + s.Hidden[i]
			dn := float32(dh*(1-update)) * (1 - float32(new*new))
			x[j] = float32(dn*inner[j]) * float32(reset*(1-reset))
			x[w+j] = float32(dh*(s.Before[i]-new)) * float32(update*(1-update))
			x[2*w+j] = dn
			h[j], h[w+j], h[2*w+j] = x[j], x[w+j], dn*reset
			s.Cell[i] = dh * update
		}
	}
}
