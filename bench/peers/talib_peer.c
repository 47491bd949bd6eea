/* What TA-Lib takes for the indicators that KTRDR's benchmarks compute, over the
   same million bars. Prints a line "NAME NS" for each, in nanoseconds a bar: the
   best of a few runs. The bars are those of benchSeries in package catalog. */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <ta-lib/ta_libc.h>

#define BARS 1000000
#define RUNS 20

static double open_[BARS], high[BARS], low[BARS], close_[BARS], volume[BARS], a[BARS], b[BARS], c[BARS];
static uint64_t state = 42;

static uint64_t next(void) {
  state += 0x9E3779B97F4A7C15u;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static double u(void) { return (double)(next() >> 11) * 0x1p-53; }
static double r4(double x) { return floor(x * 10000 + 0.5) / 10000; }

static void make(void) {
  double before = 100, drift = 0;
  for (int i = 0; i < BARS; i++) {
    if (i % 512 == 0) drift = (2 * u() - 1) * 0.0001;
    double gap = (2 * u() - 1) * 0.0002;
    open_[i] = r4(before * (1 + gap));
    double z = u();
    z += u();
    z += u();
    z += u();
    z -= 2;
    double move = z * 0.0017320508 + drift - (before - 100) * 0.0000001;
    close_[i] = r4(open_[i] * (1 + move));
    high[i] = r4(fmax(open_[i], close_[i]) * (1 + u() * 0.0006));
    low[i] = r4(fmin(open_[i], close_[i]) * (1 - u() * 0.0006));
    volume[i] = 100 + next() % 9901;
    before = close_[i];
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

#define MEASURE(name, call)                                   \
  do {                                                        \
    double best = 1e18;                                       \
    for (int run = 0; run < RUNS; run++) {                    \
      int begin, count;                                       \
      double began = now();                                   \
      if ((call) != TA_SUCCESS || count < BARS - 1000) return 1; \
      best = fmin(best, now() - began);                       \
    }                                                         \
    printf("%s %.2f\n", name, best / BARS);                   \
  } while (0)

int main(void) {
  const int last = BARS - 1;
  make();
  if (TA_Initialize() != TA_SUCCESS) return 1;
  MEASURE("rsi", TA_RSI(0, last, close_, 14, &begin, &count, a));
  MEASURE("macd", TA_MACD(0, last, close_, 12, 26, 9, &begin, &count, a, b, c));
  MEASURE("bollingerbands", TA_BBANDS(0, last, close_, 20, 2, 2, TA_MAType_SMA, &begin, &count, a, b, c));
  MEASURE("atr", TA_ATR(0, last, high, low, close_, 14, &begin, &count, a));
  MEASURE("adx", TA_ADX(0, last, high, low, close_, 14, &begin, &count, a));
  MEASURE("stochastic", TA_STOCH(0, last, high, low, close_, 14, 3, TA_MAType_SMA, 3, TA_MAType_SMA, &begin, &count, a, b));
  MEASURE("exponentialmovingaverage", TA_EMA(0, last, close_, 50, &begin, &count, a));
  MEASURE("simplemovingaverage", TA_SMA(0, last, close_, 200, &begin, &count, a));
  MEASURE("cci", TA_CCI(0, last, high, low, close_, 20, &begin, &count, a));
  MEASURE("obv", TA_OBV(0, last, close_, volume, &begin, &count, a));
  MEASURE("aroon", TA_AROON(0, last, high, low, 25, &begin, &count, a, b));
  MEASURE("williamsr", TA_WILLR(0, last, high, low, close_, 14, &begin, &count, a));
  return TA_Shutdown() != TA_SUCCESS;
}
