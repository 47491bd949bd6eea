// Package spell finds the name that somebody probably meant, for error messages
// that say "did you mean …". It is pure and knows nothing about what the names
// stand for.
package spell

import "strings"

// Nearest returns the candidate with the smallest edit distance to name, if
// that distance is at most a third of the longer name (and at least one edit is
// allowed); otherwise "". Case is ignored. The first of equally near candidates
// wins.
func Nearest(name string, candidates []string) string {
	best, bestDistance := "", -1
	for _, c := range candidates {
		limit := max(1, max(len(name), len(c))/3)
		d := distance(strings.ToLower(name), strings.ToLower(c))
		if d <= limit && (bestDistance < 0 || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	return best
}

// Hint returns ` (did you mean x?)` for the nearest candidate, or "".
func Hint(name string, candidates []string) string {
	if near := Nearest(name, candidates); near != "" {
		return " (did you mean " + near + "?)"
	}
	return ""
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above+1, row[j]+1, diagonal+cost)
			diagonal = above
		}
	}
	return row[len(b)]
}
