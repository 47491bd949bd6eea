package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// wellFormed refuses addresses that no two parts of a backend would read alike:
// bytes that are no text, a query that cannot be taken apart, and a parameter
// given twice, of which a reader takes one and says nothing.
func wellFormed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := checkAddress(r.URL); err != nil {
			wire.WriteError(w, err)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func checkAddress(u *url.URL) error {
	if !utf8.ValidString(u.Path) || strings.ContainsFunc(u.Path, unicode.IsControl) {
		return wire.Errorf(wire.CodeBadRequest, "the path %.200q is no text in UTF-8", u.Path)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return wire.Errorf(wire.CodeBadRequest, "the query cannot be read: %w", err)
	}
	for name, values := range query {
		if len(values) > 1 {
			return wire.Errorf(wire.CodeBadRequest, "query parameter %.80q is given twice", name)
		}
		if !utf8.ValidString(values[0]) || strings.Contains(values[0], "\x00") {
			return wire.Errorf(wire.CodeBadRequest, "query parameter %.80q is no text in UTF-8", name)
		}
	}
	return nil
}

// checkQuery refuses parameters that op does not have, as huma does for what it
// reads itself.
func checkQuery(op *huma.Operation, u *url.URL) error {
	known := queryNames(op)
	for name := range u.Query() {
		if !slices.Contains(known, name) {
			return wire.Errorf(wire.CodeValidation, "query -> %.80s: unknown query parameter%s", name, spell.Hint(name, known))
		}
	}
	return nil
}
