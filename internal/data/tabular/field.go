package tabular

import (
	"bytes"
	"math"
	"strconv"
)

// trim returns a field without blanks and quotes around it.
func trim(b []byte) []byte {
	if len(b) > 0 && b[0] > '"' && b[len(b)-1] > '"' { // neither: blanks, tabs and quotes come first in ASCII
		return b
	}
	b = bytes.TrimSpace(b)
	if n := len(b); n >= 2 && b[0] == '"' && b[n-1] == '"' {
		b = bytes.TrimSpace(b[1 : n-1])
	}
	return b
}

// Powers of ten that float64 holds exactly.
var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
	1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// parseNumber returns the float64 nearest to a decimal number. A mantissa below
// 2^53 and a power of ten up to 22 are exact, so that their quotient is rounded
// once (Clinger 1990); all else is left to strconv.
func parseNumber(b []byte) (float64, bool) {
	digits := b
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		digits = b[1:]
	}
	mantissa, point := uint64(0), -1
	for i, c := range digits {
		switch d := c - '0'; {
		case d <= 9 && i < 19:
			mantissa = 10*mantissa + uint64(d)
		case c == '.' && point < 0:
			point = i
		default:
			return parseOdd(b)
		}
	}
	count, decimals := len(digits), 0
	if point >= 0 {
		count, decimals = count-1, count-1-point
	}
	if count == 0 || mantissa >= 1<<53 {
		return parseOdd(b)
	}
	x := float64(mantissa) / powersOfTen[decimals]
	if negative {
		x = -x
	}
	return x, true
}

// parseOdd reads what is not a plain short number: exponents and many digits.
// Names of numbers, hexadecimal and underscores are refused.
func parseOdd(b []byte) (float64, bool) {
	for _, c := range b {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	x, err := strconv.ParseFloat(string(b), 64)
	return x, err == nil && !math.IsInf(x, 0)
}

// parseUnknown is parseNumber, with NaN for what means that none is reported.
func parseUnknown(b []byte) (float64, bool) {
	if len(b) == 0 || bytes.EqualFold(b, []byte("nan")) || bytes.EqualFold(b, []byte("null")) {
		return math.NaN(), true
	}
	return parseNumber(b)
}

// parseDigits reads b, all of which must be digits.
func parseDigits(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}
