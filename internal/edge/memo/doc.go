// Package memo keeps what was worked out for the keys that were asked for last, so that
// it is worked out once. It is bounded by a number of keys, knows no age, and forgets
// nothing that was asked for lately.
package memo
