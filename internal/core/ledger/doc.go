// Package ledger holds what a backtest writes down.
//
// A [Trade] is a position from entry to exit, for people; a [Deal] is the same in a
// few words, and an [Open] is one that is still held. A [Cause] says why one ended.
// [Orders], [Costs] and [Intrabar] count. A [State] is all of it after some bars, from
// which a simulation goes on, and a [PortfolioState] that of several with the money of
// one account.
//
// # What always holds
//
// A state has one form in bytes, which holds every field of it, is bound to the [Work]
// it belongs to, and ends in a checksum: what is damaged, cut short, of another version
// or of other work is refused. An [OrderStream] is the same for runs that traded the
// same. Nothing here computes a price or decides anything.
//
// Start reading at [State].
package ledger
