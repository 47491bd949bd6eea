package strategy

// Ensemble says of how many networks a model is made, whose calibrated
// probabilities, or predicted numbers, are averaged. The zero value is one network.
type Ensemble struct {
	Seeds int // networks that begin with other weights, on each fold
	Folds int // parts of the rows before the test part, each of which validates in turn; 1 validates by data_split
}

// Networks returns how many networks there are.
func (e Ensemble) Networks() int { return max(1, e.Seeds) * max(1, e.Folds) }

// ensembleObject is the ensemble in the form of the file.
func ensembleObject(e Ensemble) object { return object{{"seeds", e.Seeds}, {"folds", e.Folds}} }
