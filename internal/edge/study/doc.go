// Package study is the commands that look at strategies and ensembles on this machine,
// without a worker: what is wrong with a file, what a strategy comes to, and whether
// it knows the future.
//
// A strategy is a file, or the name of one that the backend holds. Bars are those of
// files, those that the backend holds, or those of a sample market; nothing is written
// but the file that a migration is asked for. What these commands say is computed by
// the same packages of core that a worker uses.
//
// Package cli puts the commands into its tree.
package study
