// Package golden holds what programs say against what was recorded, for tests only.
//
// With the flag -update a test rewrites the record instead of failing, so that what
// has changed is seen as a difference of files; it is committed only where somebody
// can explain it. [Check] is for files of their own, [CheckComment] for inputs that
// carry what is said of them at their end.
package golden
