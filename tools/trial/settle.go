package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The columns of a trial.columns, in their order.
const (
	entry = iota
	end
	below
	above
	lowest
	highest
	signal
	short

	capital
	fraction
	charge
	commission
	slippage
	separation
	whole

	realised
	peak
	trough
	held
	trades
	wins
	losses
	won
	lost
	next
	flat
	last
	hashMoment
	hashQuantity
	hashPrice

	before
	rest
	quantity
	value
)

// Comparisons of numbers of both kinds.
const (
	less    = 1
	most    = 2
	other   = 4
	atLeast = 5
	greater = 14 // of floats
)

// Causes of package ledger.
const (
	byStop   = 3
	byTarget = 4
	byTime   = 6
)

const columnBytes = 32 * 8

// lanes are eight of the lanes.
type lanes struct {
	columns reg.Register
	active  reg.OpmaskVirtual
}

func (l lanes) mem(column int) Mem { return Mem{Base: l.columns, Disp: column * columnBytes} }

func (l lanes) load(column int) reg.VecVirtual {
	v := ZMM()
	VMOVUPD(l.mem(column), v)
	return v
}

func (l lanes) gather(base reg.Register, index reg.VecVirtual, disp int) reg.VecVirtual {
	v, k := ZMM(), K()
	VPXORQ(v, v, v)
	KMOVW(l.active, k)
	VPGATHERQQ(Mem{Base: base, Index: index, Scale: 8, Disp: disp}, k, v)
	return v
}

// same returns eight times v.
func same(v uint64) reg.VecVirtual {
	r, z := GP64(), ZMM()
	MOVQ(U64(v), r)
	VPBROADCASTQ(r, z)
	return z
}

// two returns what op makes of a and b, as a-b.
func two(op func(ops ...Op), a reg.VecVirtual, b Op) reg.VecVirtual {
	v := ZMM()
	op(b, a, v)
	return v
}

func mul(a reg.VecVirtual, b Op) reg.VecVirtual { return two(VMULPD, a, b) }
func add(a reg.VecVirtual, b Op) reg.VecVirtual { return two(VADDPD, a, b) }
func sub(a reg.VecVirtual, b Op) reg.VecVirtual { return two(VSUBPD, a, b) }
func div(a reg.VecVirtual, b Op) reg.VecVirtual { return two(VDIVPD, a, b) }
func xor(a reg.VecVirtual, b Op) reg.VecVirtual { return two(VPXORQ, a, b) }

// compared returns which lanes of mask have a so to b.
func compared(how int, a reg.VecVirtual, b Op, mask reg.OpmaskVirtual) reg.OpmaskVirtual {
	k := K()
	VPCMPQ(Imm(uint64(how)), b, a, mask, k)
	return k
}

// without clears in a what is set in b.
func without(a, b reg.OpmaskVirtual) { KANDNW(a, b, a) }

// settle takes eight lanes on by a trade each.
func settle() {
	TEXT("settle512", NOSPLIT, "func(c *int64, open, high, low, close *float64, time *int64, seconds int64, active uint64) (booked, passing uint64)")
	Pragma("noescape")
	l := lanes{columns: Load(Param("c"), GP64()), active: K()}
	active := GP64()
	Load(Param("active"), active)
	KMOVW(active.As32(), l.active)
	ok, passing := leaveAt(l).money(l)
	for i, k := range []reg.OpmaskVirtual{ok, passing} {
		r := GP32()
		KMOVW(k, r)
		Store(r.As64(), ReturnIndex(i))
	}
	VZEROUPPER()
	RET()
}

// An exit is how the trades of lanes end.
type exit struct {
	entry, bar, sign, short    reg.VecVirtual
	price, left                reg.VecVirtual // of the entry, and of the fill of the exit
	entered, time, cause, held reg.VecVirtual
	low, high                  reg.VecVirtual // of the closes until then
}

// leaveAt says how the trades of lanes end.
//
// The bits of the prices of a short are turned, so that its stop is the least too.
func leaveAt(l lanes) (x exit) {
	x.entry, x.short, x.bar, x.low, x.high = l.load(entry), l.load(short), l.load(end), l.load(lowest), l.load(highest)
	column := func(name string) reg.Register { return Load(Param(name), GP64()) }
	opens, times := column("open"), column("time")
	x.price, x.entered = l.gather(opens, x.entry, 0), l.gather(times, x.entry, 0)
	open, when := l.gather(opens, x.bar, 0), l.gather(times, x.bar, 0)
	low, high := l.gather(column("low"), x.bar, 0), l.gather(column("high"), x.bar, 0)
	final := l.gather(column("close"), x.bar, 0)

	turn := func(low, high reg.VecVirtual) (worst, best reg.VecVirtual) {
		swap := xor(low, high)
		VPANDQ(x.short, swap, swap)
		VPXORQ(x.short, swap, swap)
		return xor(low, swap), xor(high, swap)
	}
	worst, best := turn(low, high)
	stopAt, targetAt := turn(l.load(below), l.load(above))
	VPXORQ(x.short, open, open)
	VPXORQ(x.short, final, final)

	within := compared(less, x.bar, l.mem(signal), l.active)
	older := compared(less, x.entry, x.bar, within)
	gapped, jumped := compared(most, open, stopAt, older), compared(atLeast, open, targetAt, older)
	stopped, gained := compared(most, worst, stopAt, within), compared(atLeast, best, targetAt, within)
	without(stopped, jumped)
	KORW(gapped, stopped, stopped)
	KORW(jumped, gained, gained)
	without(gained, stopped)
	KORW(gapped, jumped, jumped) // at an open
	inside := K()
	KMOVW(within, inside)
	without(inside, jumped)
	without(within, stopped)
	without(within, gained) // what is left is the time

	at := ZMM()
	VMOVDQA64(open, at)
	VMOVDQA64(final, within, at)
	VPMINSQ(open, stopAt, stopped, at)
	VPMAXSQ(open, targetAt, gained, at)
	x.left = xor(at, x.short)

	one := same(math.Float64bits(1))
	x.sign = ZMM()
	VPSLLQ(Imm(63), x.short, x.sign)
	turned := xor(x.sign, same(math.Float64bits(-1)))
	VPXORQ(one, x.sign, x.sign)
	factor := add(one, mul(turned, l.mem(slippage)))
	KNOTW(gained, jumped) // what is gained has a limit, and its price no slippage
	VMULPD(factor, x.left, jumped, x.left)

	x.cause = ZMM()
	VPXORQ(x.cause, x.cause, x.cause)
	VMOVDQA64(same(byStop), stopped, x.cause)
	VMOVDQA64(same(byTarget), gained, x.cause)
	VMOVDQA64(same(byTime), within, x.cause)
	seconds := ZMM()
	VPBROADCASTQ(NewParamAddr("seconds", 48), seconds)
	VPADDQ(seconds, when, inside, when)
	x.time = when
	x.held = two(VPSUBQ, x.bar, x.entry)
	VPADDQ(same(1), x.held, inside, x.held)
	return x
}

// money works out the trades and books those that are not rare, which it returns, and those
// of them that may have a new peak.
func (x exit) money(l lanes) (ok, passing reg.OpmaskVirtual) {
	zero := ZMM()
	VPXORQ(zero, zero, zero)
	made := l.load(realised)
	start := l.load(capital)
	equity := add(made, start)
	fill := mul(x.price, add(same(math.Float64bits(1)), mul(x.sign, l.mem(slippage))))
	size := div(mul(equity, l.mem(fraction)), mul(x.price, l.mem(charge)))
	some := K()
	VCMPPD(Imm(greater), same(math.Float64bits(0.5)), l.load(fraction), some)
	VMINPD(div(equity, mul(fill, l.mem(charge))), size, some, size)
	VPMOVQ2M(l.load(whole), some)
	VRNDSCALEPD(Imm(1), size, some, size)

	paid := mul(fill, size)
	fee := mul(paid, l.mem(commission))
	proceeds := mul(x.left, size)
	fees := add(fee, mul(proceeds, l.mem(commission)))
	net := sub(mul(sub(proceeds, paid), x.sign), fees)
	now := add(made, net)
	after := add(now, start)
	kept := sub(equity, fee)
	at := func(price reg.VecVirtual) reg.VecVirtual {
		return add(kept, mul(sub(mul(price, size), paid), x.sign))
	}
	worst, best := at(x.low), at(x.high)
	swap := ZMM()
	VMINPD(worst, best, swap)
	VMAXPD(worst, best, best)
	held := compared(less, x.entry, x.bar, l.active)
	VMOVAPD(equity, worst)
	VMINPD(swap, worst, held, worst)
	VMOVAPD(equity, swap)
	VMAXPD(best, swap, held, swap)

	ok, passing = K(), K()
	VCMPPD(Imm(greater), zero, worst, l.active, ok)
	VCMPPD(Imm(greater), zero, paid, ok, ok)
	VCMPPD(Imm(greater), zero, after, ok, ok)
	VCMPPD(Imm(other), zero, net, ok, ok)
	calm := K()
	VCMPPD(Imm(greater), swap, l.load(peak), ok, calm)
	KMOVW(ok, passing)
	without(passing, calm)

	put := func(column int, v reg.VecVirtual) { VMOVUPD(v, ok, l.mem(column)) }
	put(before, equity)
	put(rest, kept)
	put(quantity, size)
	put(value, paid)
	VMINPD(l.mem(trough), worst, worst)
	VMOVUPD(worst, calm, l.mem(trough))
	put(realised, now)
	x.count(l, ok, net)
	x.hash(l, ok, size, fill)
	return ok, passing
}

// count adds the trades of ok to what is counted.
func (x exit) count(l lanes, ok reg.OpmaskVirtual, net reg.VecVirtual) {
	gain, loss := K(), K()
	zero := ZMM()
	VPXORQ(zero, zero, zero)
	VCMPPD(Imm(greater), zero, net, ok, gain)
	KMOVW(ok, loss)
	without(loss, gain)
	one := same(1)
	more := func(op func(ops ...Op), column int, by reg.VecVirtual, of reg.OpmaskVirtual) {
		sum := l.load(column)
		op(by, sum, sum)
		VMOVUPD(sum, of, l.mem(column))
	}
	more(VPADDQ, trades, one, ok)
	more(VPADDQ, wins, one, gain)
	more(VPADDQ, losses, one, loss)
	more(VADDPD, won, net, gain)
	more(VADDPD, lost, net, loss)
	more(VPADDQ, held, x.held, ok)
	from := two(VPADDQ, x.entry, l.mem(separation))
	VPMAXSQ(x.bar, from, from)
	VMOVDQU64(from, ok, l.mem(next))
	VMOVDQU64(x.bar, ok, l.mem(flat))
	VMOVDQU64(x.entry, ok, l.mem(last))
}

// hash takes the fills of ok into the order streams.
func (x exit) hash(l lanes, ok reg.OpmaskVirtual, size, fill reg.VecVirtual) {
	factor := same(0x9E3779B97F4A7C15)
	stir := func(column int, values ...reg.VecVirtual) {
		h := l.load(column)
		shifted := ZMM()
		for _, v := range values {
			VPXORQ(v, h, h)
			VPMULLQ(factor, h, h)
			VPSRLQ(Imm(32), h, shifted)
			VPXORQ(shifted, h, h)
		}
		VMOVDQU64(h, ok, l.mem(column))
	}
	// A byte says the side, 1 for bought and 255 for sold, and another the cause.
	side := two(VPANDQ, x.short, same(254))
	bought, sold := two(VPADDQ, side, same(1)), two(VPSUBQ, same(255), side)
	VPSLLQ(Imm(48), bought, bought)
	VPSLLQ(Imm(48), sold, sold)
	VPSLLQ(Imm(56), x.cause, x.cause)
	VPADDQ(x.entered, bought, bought)
	VPADDQ(x.time, sold, sold)
	VPADDQ(x.cause, sold, sold)
	stir(hashMoment, bought, sold)
	stir(hashQuantity, size, size)
	stir(hashPrice, fill, x.left)
}
