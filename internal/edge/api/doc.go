// Package api is the HTTP interface of a backend: it takes requests of people and
// of workers, checks them, and hands them to the scheduler and the stores.
//
// What is to be started goes to package intake; the rest is answered from what is
// behind [Options].
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
// Start reading at [New].
package api
