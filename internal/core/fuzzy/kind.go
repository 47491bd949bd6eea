package fuzzy

import (
	"fmt"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A Kind is the shape of a membership function. The zero value is not a kind.
type Kind uint8

// The kinds of membership functions.
const (
	Triangular    Kind = iota + 1 // parameters a <= b <= c
	Trapezoidal                   // parameters a <= b <= c <= d
	Gaussian                      // parameters mu, sigma > 0
	Gauss2                        // parameters mu_left, sigma_left > 0, mu_right >= mu_left, sigma_right > 0
	Bell                          // parameters centre, width > 0, slope > 0
	Sigmoid                       // parameters centre, slope other than 0
	LeftShoulder                  // parameters a < b
	RightShoulder                 // parameters a < b
	Singleton                     // parameter a
)

// A shape says what New wants of the parameters of a kind.
type shape struct {
	name  string
	count int
	want  string
}

var shapes = [...]shape{
	Triangular:    {"triangular", 3, "3 numbers a <= b <= c"},
	Trapezoidal:   {"trapezoidal", 4, "4 numbers a <= b <= c <= d"},
	Gaussian:      {"gaussian", 2, "2 numbers mu and sigma > 0"},
	Gauss2:        {"gauss2", 4, "4 numbers mu_left, sigma_left > 0, mu_right >= mu_left and sigma_right > 0"},
	Bell:          {"bell", 3, "3 numbers centre, width > 0 and slope > 0"},
	Sigmoid:       {"sigmoid", 2, "2 numbers centre and slope, which is above 0 where it rises and below 0 where it falls"},
	LeftShoulder:  {"left_shoulder", 2, "2 numbers a < b"},
	RightShoulder: {"right_shoulder", 2, "2 numbers a < b"},
	Singleton:     {"singleton", 1, "1 number"},
}

// Kinds returns all kinds.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(shapes)-1)
	for k := Triangular; k <= Singleton; k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// ParseKind returns the kind called s, or one of the original KTRDR's three with
// "mf" at the end: triangularmf, trapezoidalmf and gaussianmf. Case is ignored.
// Other names that end so are refused, because the tools that use them disagree
// about the order of the parameters.
func ParseKind(s string) (Kind, error) {
	lower := strings.ToLower(s)
	var names []string
	for _, k := range Kinds() {
		name := k.String()
		if lower == name || lower == name+"mf" && k <= Gaussian {
			return k, nil
		}
		names = append(names, name)
	}
	return 0, fmt.Errorf("unknown membership function %q: want one of %s%s", s, strings.Join(names, " "), spell.Hint(s, names))
}

// String returns the name, or Kind(n) for a value that is not a kind.
func (k Kind) String() string {
	if !k.valid() {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return shapes[k].name
}

func (k Kind) valid() bool { return k >= Triangular && k <= Singleton }

// MarshalText implements encoding.TextMarshaler; it refuses the zero value.
func (k Kind) MarshalText() ([]byte, error) {
	if !k.valid() {
		return nil, fmt.Errorf("%v is not a kind of membership function", k)
	}
	return []byte(shapes[k].name), nil
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
