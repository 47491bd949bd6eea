package fuzzy

import (
	"fmt"
	"strings"
)

// A Kind is the shape of a membership function. The zero value is not a kind.
type Kind uint8

// The kinds of membership functions.
const (
	Triangular  Kind = iota + 1 // parameters a <= b <= c
	Trapezoidal                 // parameters a <= b <= c <= d
	Gaussian                    // parameters mu, sigma > 0
)

var kindNames = [...]string{Triangular: "triangular", Trapezoidal: "trapezoidal", Gaussian: "gaussian"}

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Triangular, Trapezoidal, Gaussian} }

// ParseKind returns the kind called s: triangular, trapezoidal or gaussian, or
// one of these with "mf" at the end. Case is ignored.
func ParseKind(s string) (Kind, error) {
	lower := strings.ToLower(s)
	for _, k := range Kinds() {
		if lower == kindNames[k] || lower == kindNames[k]+"mf" {
			return k, nil
		}
	}
	return 0, fmt.Errorf("unknown membership function %q: want triangular, trapezoidal or gaussian", s)
}

// String returns the name, or Kind(n) for a value that is not a kind.
func (k Kind) String() string {
	if k < Triangular || k > Gaussian {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// MarshalText implements encoding.TextMarshaler; it refuses the zero value.
func (k Kind) MarshalText() ([]byte, error) {
	if k < Triangular || k > Gaussian {
		return nil, fmt.Errorf("%v is not a kind of membership function", k)
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseKind.
func (k *Kind) UnmarshalText(text []byte) error {
	parsed, err := ParseKind(string(text))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}
