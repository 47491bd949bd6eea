// Package artifact keeps files under the SHA-256 of their content.
package artifact
