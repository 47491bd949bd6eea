// Package backend is the backend as a process: it opens what a backend keeps, puts
// the scheduler and the API over it, and runs until it is told to stop.
//
// # Flow
//
// [Run] binds its address, opens the records, the artifacts and the bars below the
// data folder, and gives them to package dispatch and package api in the forms that
// those declare. The API outlives the scheduler a little, so that callers and
// workers are told that the backend will be back.
//
// Several backends may share one PostgreSQL database and one folder of artifacts.
// One of them schedules; the others serve what needs only the database, and pass the
// rest on to it. Their bars are those of package replica.
//
// # What always holds
//
// Nothing is opened before the address is bound, and all that was opened is closed.
// Nothing here computes, nor can: it does not reach core/train, core/backtest or
// core/nn.
//
// # What it refuses
//
// A data folder that a restore has not finished, and a folder of artifacts that is
// not that of the database.
//
// Start reading at [Run].
package backend
