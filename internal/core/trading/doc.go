// Package trading reads what files and requests say about trades: the section
// decisions, from when a signal counts to what a fill costs. What it means, package
// strategy holds; what is simulated by it, package backtest does.
//
// # Flow
//
//	decisions of a strategy file ──────── Read, then Fit with its labels ─┐
//	decisions of an ensemble file ─────── ReadShared ─────────────────────┼─ strategy.Decisions
//	decisions of a request ─ Vary or VaryShared ─ the file read once more ┤
//	decisions of a trial of a sweep ───── Decide ─────────────────────────┘
//
// # The grammar
//
// Keys of decisions and their defaults; a key without a default must be there. The
// decisions that several models share have filters, exits (written out), costs,
// account, fills and sizing, as a strategy has them.
//
//	output_format                  classification (labels zigzag, triple_barrier),
//	                               regression (labels forward_return),
//	                               regime_classification (labels regime, single_scale_regime)
//	                               context_classification (labels context) or
//	                               meta_classification (labels meta); the last three make
//	                               no trades by themselves and take no other key
//	confidence_threshold           0.5           classification only
//	position_awareness             true
//	filters.min_signal_separation  4             base bars between entries, or a duration: 90m, 4h, 2d
//	allow_short_from_flat          false; true for regression and without position_awareness
//	exits                          none          or from_label: the barriers and the time
//	                               limit of the labels, or a mapping of
//	  stop_loss, take_profit,
//	  trailing_stop                fractions of the price at the entry
//	  max_holding_bars             base bars
//	  session_end                  hh:mm in UTC
//	costs                          all 0 but those that a request has a default for
//	  commission                   fraction of the value of each fill, or a published
//	                               schedule: ib_fixed, ib_tiered; default: of the request
//	  commission_per_unit,
//	  commission_minimum           account currency, of each fill
//	  slippage                     fraction of the price; default: of the request
//	  spread                       0.0002 (a price), 0.8 pips, 2 bps, quotes (of the
//	                               bars, which have to have bid and ask), or by session:
//	    usual                      outside of the sessions
//	    time_zone                  UTC           or of a market, such as America/New_York
//	    sessions                   list of {from: 17:00, to: 18:00, spread: 3 pips}
//	  financing_long,
//	  financing_short              fractions per year of the value, charged per night
//	account                        nothing but the equity, whole or fractional units
//	  currency                     that money is counted in; that of the prices
//	  leverage                     times the equity that an entry may be worth
//	  maintenance_margin           share of a position's value that equity must exceed
//	  margin_call                  close_all     or reduce: as few lots as bring equity back to
//	                               1/leverage of what is left, the largest loss first
//	  lot                          units of which a quantity is a multiple
//	  min_quantity, max_quantity   units
//	fills.volume_limit             share of the volume of a bar that an entry may take
//	fills.intrabar                 pessimistic   or a timeframe whose bars say whether a bar
//	                               reached its stop or its target first
//	sizing.method                  fraction      or units, confidence, volatility_target, kelly;
//	                               none takes more than the sizing_fraction of the request
//	  units                        units: how many
//	  bar_volatility               volatility_target: share of equity per bar, with
//	  vol_span, vol_method         50, close
//	  kelly_fraction               kelly: 0.5, share of the Kelly size; needs exits that
//	                               have a stop and a target
//	cost_model.round_trip_cost,
//	cost_model.min_edge_multiplier regression only, and must be there
//
// # What always holds
//
// What a request or a trial says is read as if it stood in the file: by the same code,
// with the same messages.
//
// # What it refuses
//
// What the table does not list, keys that would have no effect beside the others, and
// exits and sizing that the labels cannot give what they need.
//
// Start reading at [Read].
package trading
