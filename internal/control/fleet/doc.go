// Package fleet holds the workers.
package fleet
