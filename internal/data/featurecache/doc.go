// Package featurecache keeps what was computed from bars and models, so that it is
// computed once: columns of features, and what a model says at the bars of a window.
//
// # Nouns
//
// A column is a list of float32 under a key, 64 hexadecimal digits that the caller
// makes of everything the column follows from. A [Cache] keeps columns in memory and
// as files of a folder, both bounded in bytes, and values of other types in memory
// ([Held]).
//
// # Flow
//
// Get looks in memory, then in the folder. Put writes to both. Where there is no more
// room, memory lets go of what was used longest ago, and the folder of what was
// written longest ago.
//
// # What always holds
//
// A column that Get returns is the one that Put was given under that key by the same
// version of the engine. A file that is not is removed, which is logged, and counts
// as absent: the column is computed again. Losing the folder costs time only.
//
// # The file
//
//	0   8   "KTRDCOL1"
//	8   32  SHA-256 of the version of the engine, a line break and the key
//	40  8   number of values
//	48  4   CRC-32C of bytes 0 to 47 and of the values
//	52      the values, float32
//
// Numbers are little endian. The file is called like the hash, in hexadecimal digits.
//
// Start reading at [Cache.Get].
package featurecache
