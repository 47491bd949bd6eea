// Package grammar reads strategy files: it is the only place that knows what may
// stand in one, and where. What a file means once it is read, package strategy holds.
//
// # Flow
//
//	bytes ─ document.Open ─ decode: types, ranges, names; decisions by trading.Read
//	      ─ resolve: references, feature names ─ strategy.Strategy, or document.Problems
//
// # The grammar: version 3
//
// Keys and their defaults; a key without a default must be there. What is not in
// this table is an error, and what older files often have is refused with a hint.
//
//	name                             [A-Za-z0-9][A-Za-z0-9_-]*, at most 100
//	description, hypothesis          ""            for readers only
//	version                          "3.0"         quoted: 3.0 is a number
//	training_data.symbols
//	  mode                           single or multi_symbol
//	  symbol | list (or symbols)     one symbol, or a list
//	training_data.timeframes
//	  mode                           single or multi_timeframe
//	  timeframe | list (or timeframes)
//	  base_timeframe                 single: that one; multi_timeframe: must be there
//	training_data.date_range         none          the range of a training that is asked for without
//	                                               dates, and in which dates that are asked for lie;
//	                                               bars before it only warm the indicators up
//	  start, end                     open          first and last day or moment, included, UTC
//	backtest.date_range              none          the same of a backtest: the range of one that is asked
//	                                               for without dates, and in which dates lie
//	deployment                       everything    what models are meant for: a backtest, an ensemble
//	                                               or a meta-model on anything else is refused
//	  target_symbols.mode            universal, training_only: the symbols that the model was
//	                                 trained on, or group_restricted
//	  target_symbols.restrictions    group_restricted only
//	    asset_classes                any           or [forex]: pairs of currencies
//	    excluded_symbols             none          a list
//	  target_timeframes.mode         single or multi_timeframe
//	    timeframe | supported        the timeframe of decisions, or a list
//	context_data[]                   bars beside those of the symbol, the same for every symbol
//	  provider                       bars          or ib: what is held of a symbol
//	  symbol, timeframe
//	  id                             the symbol    by which data_source names them
//	  alignment                      forward_fill  nothing else: the last bar that is available
//	indicators.<id>
//	  data_source                    the bars of the symbol, or the id of an entry of context_data
//	  type                           of package indicator, as are parameters and defaults
//	fuzzy_sets.<id>
//	  indicator                      <id> or <id>.<output>; <id> is its first output
//	  transform                      none          or {type: price_ratio, reference: close}: open,
//	                                 high, low or close of the bar, divided by the indicator
//	  place                          the file has the parameters; quantile or c-means: a
//	                                 training places the sets on the values of its rows, low
//	                                 to high as written, and its model keeps them
//	  <set>                          [a, b, c], a triangle, or {type, parameters, hedge}
//	    type, parameters             of package fuzzy; with place no parameters, and triangular,
//	                                 gaussian, left_shoulder first or right_shoulder last
//	    hedge                        very, the square of the degree, or somewhat, its root;
//	                                 without the key the degree itself
//	nn_inputs[]
//	  fuzzy_set | raw_indicator      an id, or of an indicator <id> or <id>.<output>
//	  timeframes                     all, or a list; an indicator with a data_source is read on
//	                                 the timeframe of that
//	  lags                           0             bars before the decision bar that the network
//	                                 sees as well, up to 100
//	  normalization                  none          minmax or zscore, fitted to the training
//	                                               rows; raw_indicator only
//	model.type                       mlp, lstm or gru
//	model.architecture
//	  hidden_layers                  mlp: 1 to 8 widths of 1 to 4096
//	  activation                     mlp: relu     or tanh, sigmoid, leaky_relu
//	  layer_norm                     mlp: false
//	  hidden_size, num_layers        lstm and gru: 64, 2
//	  sequence_length                lstm and gru: bars that are read at a time
//	  dropout                        0.2           at least 0, below 1
//	  output_activation              what follows from output_format: softmax or linear
//	training
//	  method                         supervised    nothing else
//	  labels.source                  zigzag, triple_barrier, forward_return, regime,
//	                                 single_scale_regime, context, or meta: whether it paid to
//	                                 follow the decisions of another model
//	  labels.primary                 meta only: the name or id of that model; the other
//	                                 parameters are those of triple_barrier
//	  labels.<parameter>             of package label, as are defaults
//	  labels.compute_weights         false         weigh rows by the uniqueness of their labels
//	  labels.cusum_threshold         none          learn and act only on bars at which the price has moved
//	                                 so far; 0: by the volatility until then
//	  labels.cusum_multiplier,
//	  labels.vol_span                0.5, 50       cusum_threshold 0 only
//	  epochs, batch_size             100, 32
//	  learning_rate                  0.001
//	  lr_scheduler                   false         or a mapping with a type:
//	    step                         step_size 30, gamma 0.1
//	    exponential                  gamma 0.95
//	    cosine                       min_factor 0
//	    reduce_on_plateau            factor 0.5, patience 5
//	    one_cycle                    warmup 0.3
//	  optimizer                      adam          or adamw, sgd, rmsprop
//	  momentum                       0.9           optimizer sgd only
//	  loss                           cross_entropy or focal; regression: huber, mse or quantile,
//	                                 default huber
//	  label_smoothing                0             loss cross_entropy only
//	  focal_gamma                    2             loss focal only
//	  huber_delta                    0.01          loss huber only
//	  quantile                       0.5           loss quantile only
//	  weight_decay                   0.0001; regression: 0
//	  gradient_clip                  1             largest global norm; 0 is no limit
//	  early_stopping                 false         or {patience: 10, min_delta: 0.001}
//	  data_split                     {train: 0.7, validation: 0.15, test: 0.15}
//	  embargo_bars                   0             in addition to the purge by label horizon
//	  class_weights                  balanced      or none; classification only
//	  calibration                    none          or temperature: confidences fit the validation
//	                                 rows; classification only
//	  seed                           1
//	  ensemble                       none          or several networks whose answers are averaged:
//	    seeds                        1             so many on each fold, with the seeds from seed on
//	    folds                        1             2 and more: the rows before the test part are cut
//	                                 into so many, each of which validates what the others train
//	decisions                        of package trading
//
// Descriptive keys are name, description and hypothesis; every other key acts.
// Values that can only be one thing (method, output_activation) are
// accepted where they say it.
//
// What always holds of all files is said in package document: how scalars are read,
// which files are refused, and that all problems are reported at once.
//
// # What always holds
//
// A Strategy that Parse returned resolves: every reference has its target, every
// feature a name of its own, every number is finite and in range, every default
// is filled in.
//
// # What it refuses
//
// Versions 1 and 2 of the format, and everything that the table above does not list.
//
// Start reading at [Parse].
package grammar
