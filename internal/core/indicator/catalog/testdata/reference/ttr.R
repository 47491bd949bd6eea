# Writes ttr.csv: indicators of the R package TTR on the closed-form series of
# goldenSeries, for TestTTR of package catalog_test. Run by hand, from this folder,
# with the r-cran-ttr of Debian 12:
#
#     Rscript ttr.R
suppressMessages(library(TTR))

x <- 0:199
close <- 100 + 8 * sin(.15 * x) + 2.5 * sin(.9 * x + .5) + .03 * x
open <- c(close[1] - .4, close[-200])
high <- pmax(open, close) + .6 + .4 * sin(1.7 * x)^2
low <- pmin(open, close) - .5 - .3 * cos(1.3 * x)^2
volume <- 1000 + 400 * sin(.4 * x) + 10 * (x %% 17)
bars <- cbind(open, high, low, close)
hlc <- cbind(high, low, close)
typical <- (high + low + close) / 3

rows <- list()
at <- seq(8, 200, 8) # every eighth bar, from the one with index 7
# A row is an indicator, its parameters apart by spaces, the output and its values.
row <- function(indicator, parameters, output, values)
  rows[[length(rows) + 1]] <<- c(indicator, parameters, output, ifelse(is.na(values[at]), "NaN", sprintf("%.15g", values[at])))

# volatility(calc = "close", n) is the deviation of the last n-1 returns.
for (n in c(5, 20)) {
  period <- paste0("period=", n)
  row("realisedvolatility", period, "", volatility(bars, n = n + 1, calc = "close", N = 1))
  for (kind in c("parkinson", "garman_klass", "yang_zhang"))
    row("realisedvolatility", paste0(period, " estimator=", kind), "", volatility(bars, n = n, calc = sub("_", ".", kind), N = 1))
  row("cmf", period, "cmf", CMF(hlc, volume, n = n))
  row("vwap", period, "", VWAP(typical, volume, n = n))
  row("wma", period, "", WMA(close, n = n))
  row("cci", period, "", CCI(hlc, n = n))
  row("donchianchannels", period, "upper", DonchianChannel(cbind(high, low), n = n)[, "high"])
  row("donchianchannels", period, "lower", DonchianChannel(cbind(high, low), n = n)[, "low"])
  row("cmo", paste0(period, " average=simple"), "", CMO(close, n = n))
  row("mfi", period, "", MFI(hlc, volume, n = n))
  row("aroon", period, "up", aroon(cbind(high, low), n = n)[, "aroonUp"])
  row("aroon", period, "down", aroon(cbind(high, low), n = n)[, "aroonDn"])
  row("roc", period, "", 100 * ROC(close, n = n, type = "discrete"))
  row("atr", period, "", ATR(hlc, n = n)[, "atr"])
  row("rsi", period, "", RSI(close, n = n))
  row("linearregression", period, "slope", runCov(close, x, n = n) / runVar(x, n = n))
}
row("adline", "", "line", chaikinAD(hlc, volume))
row("ultimateoscillator", "", "", ultimateOscillator(hlc))
row("ppo", "", "", MACD(close, 12, 26, 9, maType = "EMA", percent = TRUE)[, "macd"])
row("apo", "", "", MACD(close, 12, 26, 9, maType = "EMA", percent = FALSE)[, "macd"])
row("obv", "", "", OBV(close, volume))

file <- file("../ttr.csv", "w")
writeLines(sprintf("# TTR %s, %s, testdata/reference/ttr.R", packageVersion("TTR"), R.version.string), file)
writeLines("# indicator,parameters,output, values at bars 7, 15, ... 199", file)
for (r in rows) writeLines(paste(r, collapse = ","), file)
close(file)
