package market

import "slices"

// A Currency is its code in ISO 4217, for example USD. The zero value is none.
type Currency string

// currencies are those that banks quote against each other.
var currencies = []Currency{"AUD", "BRL", "CAD", "CHF", "CNH", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR", "JPY", "KRW",
	"MXN", "NOK", "NZD", "PLN", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "USD", "ZAR"}

// Currencies returns the currencies that Symbol.Pair knows, sorted.
func Currencies() []Currency { return slices.Clone(currencies) }

// IsCurrency tells whether c is one of Currencies.
func IsCurrency(c Currency) bool { return slices.Contains(currencies, c) }

// Pair returns the currency that is traded and the one that it is priced in
// where s names a pair of currencies: EUR and USD for EURUSD, EUR.USD, EUR-USD
// and EUR_USD.
func (s Symbol) Pair() (base, quote Currency, ok bool) {
	if len(s) == 7 && (s[3] == '.' || s[3] == '-' || s[3] == '_') {
		s = s[:3] + s[4:]
	}
	if len(s) != 6 {
		return "", "", false
	}
	base, quote = Currency(s[:3]), Currency(s[3:])
	if base == quote || !IsCurrency(base) || !IsCurrency(quote) {
		return "", "", false
	}
	return base, quote, true
}

// Pip returns the step in which prices in a currency are spoken of.
func (c Currency) Pip() float64 {
	switch c {
	case "JPY", "HUF", "KRW", "THB", "TWD", "INR", "RUB":
		return 0.01
	}
	return 0.0001
}
