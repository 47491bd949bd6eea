package body

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads a body as json.Unmarshal would into an any, in one pass that also
// sees what Check would refuse. It is ok only with what is right and common; for
// anything else the caller asks Check and json.Unmarshal, which say what is wrong.
func Parse(body []byte) (v any, ok bool) {
	p := parser{body: body}
	v, ok = p.value()
	p.space()
	return v, ok && p.at == len(body)
}

// A parser is at a place of a body.
type parser struct {
	body  []byte
	at    int
	depth int // of objects and arrays that are open
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.body) {
		return p.body[p.at]
	}
	return 0
}

func (p *parser) space() {
	for p.at < len(p.body) && (p.body[p.at] == ' ' || p.body[p.at] == '\n' || p.body[p.at] == '\r' || p.body[p.at] == '\t') {
		p.at++
	}
}

// take passes over c, with the space before it, if that is what comes.
func (p *parser) take(c byte) bool {
	p.space()
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) value() (v any, ok bool) {
	p.space()
	switch p.peek() {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"':
		return p.text()
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	case 'n':
		return nil, p.word("null")
	}
	return p.number()
}

func (p *parser) word(w string) bool {
	found := bytes.HasPrefix(p.body[p.at:], []byte(w))
	p.at += len(w)
	return found
}

// open enters an object or array; it is not ok deeper than any body goes.
func (p *parser) open() bool {
	p.at++
	p.depth++
	return p.depth <= maxDepth
}

func (p *parser) object() (v map[string]any, ok bool) {
	v, ok = map[string]any{}, p.open()
	for more := ok && !p.take('}'); more; more = !p.take('}') {
		if len(v) > 0 && !p.take(',') {
			return nil, false
		}
		p.space()
		key, ok := p.text()
		if _, twice := v[key]; !ok || twice || !isPlain(key) || !p.take(':') {
			return nil, false
		}
		if v[key], ok = p.value(); !ok {
			return nil, false
		}
	}
	p.depth--
	return v, ok
}

// isPlain says whether key is the only spelling of its fields, which are read in any
// case: two that are plain mean the same only where they are the same.
func isPlain(key string) bool {
	for i := range len(key) {
		if c := key[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

func (p *parser) array() (v []any, ok bool) {
	v, ok = []any{}, p.open()
	for more := ok && !p.take(']'); more; more = !p.take(']') {
		if len(v) > 0 && !p.take(',') {
			return nil, false
		}
		element, ok := p.value()
		if !ok {
			return nil, false
		}
		v = append(v, element)
	}
	p.depth--
	return v, ok
}

// text reads a string; it is not ok where one holds half a pair of surrogates, or
// a whole one.
func (p *parser) text() (s string, ok bool) {
	if p.peek() != '"' {
		return "", false
	}
	end := stringEnd(p.body, p.at)
	raw := p.body[p.at+1 : max(p.at+1, end-1)]
	if end-1 <= p.at || p.body[end-1] != '"' || !plain(raw) {
		return "", false
	}
	p.at = end
	escape := bytes.IndexByte(raw, '\\')
	if escape < 0 {
		return string(raw), true
	}
	var out strings.Builder
	out.Grow(len(raw))
	for ; escape >= 0; escape = bytes.IndexByte(raw, '\\') {
		out.Write(raw[:escape])
		if raw, ok = unescape(&out, raw[escape+1:]); !ok {
			return "", false
		}
	}
	out.Write(raw)
	return out.String(), true
}

// plain tells that a text may stand in a string as it is.
func plain(raw []byte) bool {
	ascii := true
	for _, c := range raw {
		if c < ' ' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(raw)
}

// unescape writes the character that raw begins with, behind its backslash, and
// returns what follows it.
func unescape(out *strings.Builder, raw []byte) (rest []byte, ok bool) {
	const letters, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if len(raw) == 0 {
		return nil, false
	}
	if i := strings.IndexByte(letters, raw[0]); i >= 0 {
		out.WriteByte(meant[i])
		return raw[1:], true
	}
	if raw[0] != 'u' || len(raw) < 5 {
		return nil, false
	}
	r, err := strconv.ParseUint(string(raw[1:5]), 16, 16)
	if err != nil || !utf8.ValidRune(rune(r)) {
		return nil, false
	}
	out.WriteRune(rune(r))
	return raw[5:], true
}

func (p *parser) number() (v any, ok bool) {
	from := p.at
	if p.peek() == '-' {
		p.at++
	}
	if p.peek() == '0' {
		p.at++
	} else if !p.digits() {
		return nil, false
	}
	if p.peek() == '.' {
		p.at++
		if !p.digits() {
			return nil, false
		}
	}
	if p.peek()|' ' == 'e' {
		p.at++
		if p.peek() == '+' || p.peek() == '-' {
			p.at++
		}
		if !p.digits() {
			return nil, false
		}
	}
	f, err := strconv.ParseFloat(string(p.body[from:p.at]), 64)
	return f, err == nil
}

// digits passes over digits, of which there must be one.
func (p *parser) digits() bool {
	from := p.at
	for '0' <= p.peek() && p.peek() <= '9' {
		p.at++
	}
	return p.at > from
}
