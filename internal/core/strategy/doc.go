// Package strategy says what a strategy is: how bars become what a network reads,
// what it learns, and how its outputs become trades. It reads no files; package
// grammar does.
//
// # Nouns
//
// A [Strategy] names indicators, groups their outputs into fuzzy sets, lists which of
// those feed the network on which timeframes (inputs), shapes the network (model),
// says what it learns and how (training), how its outputs become trades (decisions),
// and what its models are meant for (deployment). A [Feature] is one resolved input
// of the network. A [Source] is bars beside those of the symbol.
//
// # Flow
//
//	grammar.Parse ─ Strategy ─ With: the symbols and timeframes of a request
//	                         ├ Features, Reads: what a network reads, and of which bars
//	                         └ Hash, MarshalCanonical: what it means, in one form
//
// # What always holds
//
// Features come in one order, which saved models rely on. Equal hashes mean equal
// results from equal data. The canonical form is a strategy file that means the same.
//
// # What it refuses
//
// Symbols and timeframes that a strategy is not written or not meant for, dates of a
// training outside of its range, and costs that do not fit what is traded.
//
// Start reading at [Strategy].
package strategy
