// Package ensemble puts several trained models together: it reads ensemble files
// and says, bar by bar, which model is listened to and what follows from it.
//
// # Nouns
//
// An [Ensemble] is a checked file. Its members are trained models under names of
// their own: signal models say when to buy and sell; a gate says in which regime
// the market is; a context gate says whether it rises or falls. A [Rule] says for
// a regime which signal model is asked, or what to do without one. A route is the
// member that is asked at a bar. [Modifiers] say how far the context makes a
// signal model's threshold lower or higher.
//
// # Flow
//
//	outputs of the gate ─ Regimes, on the gate's own bars ─┐
//	outputs of the context gate ─ Leanings ────────────────┼─ as of each decision bar ─ Route ─ decision.Raw per bar
//	outputs of the signal models ──────────────────────────┘
//
// A backtest decides by the result as by the signals of one model: the same loop,
// the same fills, the same metrics.
//
// # The grammar
//
// Keys and their defaults; a key without a default must be there.
//
//	name                             [A-Za-z0-9][A-Za-z0-9_-]*, at most 100
//	description                      ""            for readers only
//	models.<member>
//	  model (or model_path)          name or id of a trained model
//	  output_type                    classification, regression, regime_classification,
//	                                 context_classification or meta_classification, as the
//	                                 model was trained
//	  exits                          ensemble      of a model that trades: or own, which gives its
//	                                               entries the exits of the strategy that it was
//	                                               trained by, from_label among them
//	  of                             meta_classification: the signal model whose decisions it
//	                                 takes or skips, by which it was trained
//	  threshold                      0.5           meta_classification: least probability to take one
//	  use                            filter        meta_classification: or size, which has entries
//	                                               sized by that probability
//	composition
//	  type                           regime_route, or single: one signal model without a gate
//	  model                          single: the signal model
//	  gate_model                     regime_route: a member of regime_classification
//	  regime_threshold               0.4           least probability of a regime; below it the
//	                                               regime is volatile
//	  regime_hysteresis              0             by how much the probability of a new regime
//	                                               must exceed that of the present one
//	  stability_bars                 3             bars of the gate in a row before it counts; where
//	                                               bars of it are missing a row begins anew
//	  rules.<regime>                 trending_up, trending_down, ranging and volatile, each
//	                                 {model: MEMBER}, {action: FLAT}, which closes what is held and
//	                                 stays out, or {action: HOLD}, which enters nothing
//	  on_regime_transition           close_and_switch, which closes what is held, or let_run,
//	                                 which hands it to the next model
//	  context_gate                   none          a member of context_classification
//	  context_modifiers              with context_gate only
//	    aligned_discount             0.2           see Modifiers
//	    counter_premium              0.3
//	    neutral_effect               0.05
//	  allow_short_from_flat          false         a request varies it among its decisions, where
//	                                               it stands in strategy files
//	decisions                        filters, exits, sizing, costs, account and fills of package strategy
//
// Of the strategies that the models were trained by, an ensemble takes the inputs,
// the threshold of the confidence or of the cost, and, where a member has exits: own,
// the exits. All else about positions is said by the ensemble alone, by its file or
// by a request that varies its decisions ([Ensemble.Vary]). A position keeps the
// exits of the member that was asked when it was decided, whatever the regime does:
// close_and_switch closes it, and let_run leaves the next model no more than its
// signals; see [Ensemble.Exits].
//
// # What always holds
//
// Nothing at a bar depends on a bar that is not available when it closes: a gate
// of another timeframe is read as of its last closed bar, as features are. The
// regime at a bar depends on the bars alone, and not on the window that is asked
// for. Every model reads its own inputs, on its own timeframes, in windows of its
// own length. Where a gate cannot be asked, nothing is entered.
//
// # What it refuses
//
// What the grammar does not list, members that nothing names, models that are not
// what the file says, and outputs that are not numbers.
//
// Start reading at [Parse] and [Ensemble.Route].
package ensemble
