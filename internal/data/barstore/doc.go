// Package barstore keeps bars on disk.
package barstore
