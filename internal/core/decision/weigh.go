package decision

// Weighed returns the head of a regression with its cost threshold multiplied by
// factor; that of a classification has none and stays as it is.
func (h Head) Weighed(factor float64) Head {
	h.threshold = float64(h.threshold * factor)
	return h
}

// Row reads the outputs of one row, which are numbers.
//
// Panics: if outputs has not Width elements.
func (h Head) Row(outputs []float32) Raw {
	if len(outputs) != h.width {
		panic("decision: Row wants Width outputs")
	}
	if h.class == nil {
		return h.regress(float64(outputs[0]))
	}
	return h.classify(outputs)
}
