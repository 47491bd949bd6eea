// Package sample makes up markets.
package sample
