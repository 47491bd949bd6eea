// Package api is the HTTP interface of a backend: it takes requests of people and
// of workers, checks them, and hands them to the scheduler and the stores.
//
// # Flow of a submission
//
//	body ─► strategy parsed ─► dates, symbols, bars, model checked ─► bars pinned by hash ─► Submit
//
// Everything is checked before anything is written, so a refused request leaves
// no trace. What a worker needs is in the order or pinned by a hash in it, so the
// result depends on the order alone; its hash is the specification's.
//
// # What always holds
//
// Every failure is the one envelope of package wire. Unknown fields and unknown
// query parameters are refused with the nearest valid name; only the links from
// workers tolerate fields of another version. Nothing is computed here. A name
// that arrives in a request becomes a path only inside an os.Root. The document
// at /api/v1/openapi.json describes every endpoint, and tests hold the answers
// to it.
//
// The interfaces that this package needs of the rest of the backend are declared
// in [Options].
//
// Start reading at [New], then submit.go.
package api
