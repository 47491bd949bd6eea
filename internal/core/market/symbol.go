package market

import (
	"fmt"
	"regexp"
	"strings"
)

// A Symbol names an instrument: upper case, 1 to 20 characters, letters and
// digits with . _ - inside. The zero value is not a symbol; ParseSymbol makes
// one that cannot be wrong.
type Symbol string

var symbolPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,19}$`)

// ParseSymbol returns s as a Symbol, in upper case.
func ParseSymbol(s string) (Symbol, error) {
	if !symbolPattern.MatchString(s) { // before case is changed, which makes Latin letters of others
		return "", fmt.Errorf("symbol %.40q: want 1 to 20 letters, digits, '.', '_' or '-', beginning with a letter or digit (for example EURUSD)", s)
	}
	return Symbol(strings.ToUpper(s)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseSymbol.
func (s *Symbol) UnmarshalText(text []byte) error {
	parsed, err := ParseSymbol(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
