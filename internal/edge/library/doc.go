// Package library is the strategies that a backend holds: files in folders, found by
// name and read strictly.
//
// A name that arrives in a request becomes a path only inside an os.Root, and an
// earlier folder wins. What was parsed last is kept, because a search submits one
// strategy thousands of times. What is wrong with a file is told in the words of the
// contract, all of it at once: [Invalid].
package library
