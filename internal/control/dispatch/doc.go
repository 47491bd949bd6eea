// Package dispatch decides which worker runs which operation.
package dispatch
