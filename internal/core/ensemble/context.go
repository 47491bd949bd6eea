package ensemble

// Modifiers say how far the context moves the threshold of a signal model. With
// net = P(bullish) - P(bearish) and neutral = P(neutral) the threshold of a buy is
// multiplied by
//
//	1 - AlignedDiscount*max(net, 0) + CounterPremium*max(-net, 0) + NeutralEffect*neutral
//
// and that of a sell by the same with -net. The threshold is that of the
// confidence, or of a regression the predicted return that is worth its cost. One
// that rises above 1 lets no confidence pass.
//
// Differs: the original raised thresholds only after the model's own had been
// applied, so that a discount never had an effect, and neither had neutral_effect.
type Modifiers struct {
	AlignedDiscount float64
	CounterPremium  float64
	NeutralEffect   float64
}

// A Leaning is what the context gate says at a bar.
type Leaning struct {
	Known   bool
	Net     float32 // P(bullish) - P(bearish)
	Neutral float32 // P(neutral)
}

// Leanings reads the outputs of a context gate, as Composition.Regimes does those
// of a gate of regimes.
func Leanings(classes []string, outputs []float32, known []bool) ([]Leaning, error) {
	at, err := order(classes, []string{"BULLISH", "BEARISH", "NEUTRAL"})
	if err != nil {
		return nil, err
	}
	leanings := make([]Leaning, len(known))
	var p [3]float32
	for row := range known {
		if !known[row] {
			continue
		}
		z := outputs[row*len(p) : (row+1)*len(p)]
		if err := checkRow(z, row); err != nil {
			return nil, err
		}
		probabilities(p[:], z)
		leanings[row] = Leaning{Known: true, Net: p[at[0]] - p[at[1]], Neutral: p[at[2]]}
	}
	return leanings, nil
}

// factors returns what the thresholds of a buy and of a sell are multiplied by.
func (m Modifiers) factors(l Leaning) (buy, sell float64) {
	net, neutral := float64(l.Net), float64(l.Neutral)
	up, down := max(net, 0), max(-net, 0)
	effect := float64(m.NeutralEffect * neutral)
	buy = 1 - float64(m.AlignedDiscount*up) + float64(m.CounterPremium*down) + effect
	sell = 1 - float64(m.AlignedDiscount*down) + float64(m.CounterPremium*up) + effect
	return buy, sell
}
