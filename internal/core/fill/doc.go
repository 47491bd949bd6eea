// Package fill is what becomes of an order on a bar: at which price it is filled, how
// much of it, and what that costs.
//
// [Terms] are what is agreed with a broker; a [Broker] applies them to the bars of one
// symbol. [Rates] are what the currency of its prices is worth in that of the account.
// Nothing here knows a position or decides: numbers come in and numbers go out, and
// only the bar that is asked about, and the quote before it, are looked at.
//
// Start reading at [NewBroker].
package fill
