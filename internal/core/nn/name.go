package nn

import (
	"fmt"
	"slices"
	"strings"
)

// The words of strategy files and manifests for the kinds of this package.
var (
	activationNames = []string{ReLU: "relu", Tanh: "tanh", Sigmoid: "sigmoid", LeakyReLU: "leaky_relu"}
	cellNames       = []string{Perceptron: "mlp", LSTM: "lstm", GRU: "gru"}
	lossNames       = []string{0: "none", CrossEntropy: "cross_entropy", MSE: "mse", Huber: "huber", Focal: "focal", Pinball: "quantile"}
	optimizerNames  = []string{Adam: "adam", AdamW: "adamw", SGD: "sgd", RMSProp: "rmsprop"}
)

func parse[K ~uint8](what string, names []string, first K, s string) (K, error) {
	if k := slices.Index(names, s); k >= int(first) {
		return K(k), nil
	}
	return 0, fmt.Errorf("unknown %s %q: want one of %s", what, s, strings.Join(names[first:], ", "))
}

func text[K ~uint8](what string, names []string, k K) string {
	if int(k) >= len(names) {
		return fmt.Sprintf("%s(%d)", what, k)
	}
	return names[k]
}

// marshal is text for manifests, which hold no unknown kinds.
func marshal[K ~uint8](what string, names []string, k K) ([]byte, error) {
	if int(k) >= len(names) {
		return nil, fmt.Errorf("there is no %s number %d", what, k)
	}
	return []byte(names[k]), nil
}

// ParseActivation returns the activation of that name: relu, tanh, sigmoid or
// leaky_relu.
func ParseActivation(s string) (Activation, error) {
	return parse("activation", activationNames, ReLU, s)
}

// ParseCell returns the cell of that name: mlp, lstm or gru.
func ParseCell(s string) (Cell, error) { return parse("cell", cellNames, Perceptron, s) }

// ParseLoss returns the loss of that name: cross_entropy, mse, huber, focal or
// quantile.
func ParseLoss(s string) (LossKind, error) { return parse("loss", lossNames, CrossEntropy, s) }

// ParseOptimizer returns the optimizer of that name: adam, adamw, sgd or
// rmsprop.
func ParseOptimizer(s string) (Optimizer, error) { return parse("optimizer", optimizerNames, Adam, s) }

// String returns the name that ParseActivation takes.
func (a Activation) String() string { return text("Activation", activationNames, a) }

// String returns the name that ParseCell takes.
func (c Cell) String() string { return text("Cell", cellNames, c) }

// String returns the name that ParseLoss takes.
func (k LossKind) String() string { return text("LossKind", lossNames, k) }

// String returns the name that ParseOptimizer takes.
func (o Optimizer) String() string { return text("Optimizer", optimizerNames, o) }

// MarshalText implements encoding.TextMarshaler.
func (a Activation) MarshalText() ([]byte, error) { return marshal("activation", activationNames, a) }

// MarshalText implements encoding.TextMarshaler.
func (c Cell) MarshalText() ([]byte, error) { return marshal("cell", cellNames, c) }

// UnmarshalText implements encoding.TextUnmarshaler with ParseActivation.
func (a *Activation) UnmarshalText(text []byte) (err error) {
	*a, err = ParseActivation(string(text))
	return err
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseCell.
func (c *Cell) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCell(string(text))
	return err
}
