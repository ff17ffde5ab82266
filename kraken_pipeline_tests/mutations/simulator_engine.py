"""Rules of the simulated exchange: matching, funds, fees, triggers, time."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

ORDERS_LIVE: Final = (
    "simulator/test_running.py",
    "simulator/test_modes.py",
    "simulator/api/test_trading.py",
    "simulator/test_changes.py",
    "simulator/test_against_naive.py",
)

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "simulator/engine.py",
        ("simulator/test_engine.py",),
        (
            "the older order trades first",
            "-order.price if order.side is Side.BUY else order.price, order.rank)",
            "-order.price if order.side is Side.BUY else order.price, -order.rank)",
        ),
        (
            "the better price trades first",
            "-order.price if order.side is Side.BUY else order.price, order.rank)",
            "order.price if order.side is Side.BUY else -order.price, order.rank)",
        ),
        (
            "an order trades at its own limit",
            "return met <= limit if side is Side.BUY else met >= limit",
            "return met < limit if side is Side.BUY else met > limit",
        ),
        (
            "an order never trades past its limit",
            "if not crosses(incoming.side, incoming.limit, resting.price):",
            "if incoming.limit is None and not incoming.owner:",
        ),
        (
            "nobody trades with himself",
            "if resting.owner == incoming.owner:",
            "if resting.owner is None:",
        ),
        (
            "only cancel-newest leaves the order in the book",
            'if incoming.stp != "cancel-newest" else []',
            'if incoming.stp == "cancel-both" else []',
        ),
        (
            "only cancel-oldest lets the newer order go on",
            'if incoming.stp == "cancel-oldest":',
            'if incoming.stp != "cancel-newest":',
        ),
        (
            "a budget is not exceeded by rounding",
            ".quantize(incoming.lot, rounding=ROUND_DOWN)",
            '.quantize(incoming.lot, rounding="ROUND_UP")',
        ),
        (
            "what has traded is not left",
            "left = None if left is None else left - qty",
            "left = None if left is None else left",
        ),
        (
            "what was spent is not in the budget",
            "else budget - resting.price * qty",
            "else budget - resting.price * 0",
        ),
    ),
    *mutations(
        "simulator/matching.py",
        ORDERS_LIVE,
        (
            "a post-only order never takes",
            'if "post" in order.oflags and would_take(floor, order, now):',
            'if "post" not in order.oflags and would_take(floor, order, now) is None:',
        ),
        (
            "a fill-or-kill order trades all or nothing",
            'if order.timeinforce == "FOK" and outcome.left:',
            'if order.timeinforce == "FOK" and not outcome.left:',
        ),
        (
            "an immediate-or-cancel order never rests",
            'frozenset({"GTC", "GTD"})',
            'frozenset({"GTC", "GTD", "IOC"})',
        ),
        (
            "all of the funds can be spent",
            "if needed > floor.account",
            "if needed >= floor.account",
        ),
        (
            "the fee of a fill needs funds",
            "needed += sum((fill.fee for fill in fills), NOTHING)",
            "needed += NOTHING",
        ),
        (
            "a fee needs funds in the asset that it is paid in",
            "if buys is not order.fee_in_base:",
            "if buys is order.fee_in_base:",
        ),
        (
            "what rests of an order needs funds",
            "needed = reserved(rest, pair, rates(pair)).get(asset.id, NOTHING)",
            "needed = NOTHING",
        ),
        (
            "an edit needs no funds that the edited order held",
            "return order.id, order.replaces",
            "return order.id, None",
        ),
        (
            "an order that meets its own account's tells so",
            'SELF_TRADE: Final = "Self trade prevention"',
            'SELF_TRADE: Final = "User requested"',
        ),
        (
            "each fill brings forth a closing order of its own",
            "for fill in events\n            if isinstance(fill, OrderFilled)",
            "for fill in events[:2]\n            if isinstance(fill, OrderFilled)",
        ),
        (
            "an order that ends at a limit of a trailing stop counts it from the stop",
            "trigger.offset.from_(trigger.price, tick)",
            "trigger.offset.from_(last, tick)",
        ),
        (
            "a trigger that fires at once is not waited for",
            "if not reached(watch_of(order, pair), last):",
            "if last:",
        ),
        (
            "a fill of a taker pays the taker's fee",
            "floor.fill(order, pair, traded, now, maker=False,",
            "floor.fill(order, pair, traded, now, maker=True,",
        ),
    ),
    *mutations(
        "simulator/accounts.py",
        (
            "simulator/test_accounts.py",
            "simulator/test_against_naive.py",
            "simulator/test_changes.py",
        ),
        (
            "a reserve is rounded so that it suffices",
            "if pays_in_held else amount).quantize(step, rounding=ROUND_UP)",
            "if pays_in_held else amount).quantize(step, rounding=ROUND_DOWN)",
        ),
        (
            "a fee is reserved where it is paid in what is held",
            "(amount * (1 + taker_rate) if pays_in_held else amount)",
            "(amount)",
        ),
        (
            "what changes keeps nothing beside what it becomes",
            "if order.id in without:",
            "if order.id is None:",
        ),
        (
            "a fee leaves the balance",
            "self.balances.get(entry.asset, NOTHING) + entry.amount - entry.fee",
            "self.balances.get(entry.asset, NOTHING) + entry.amount",
        ),
        (
            "thirty days of volume count for the tier",
            "VOLUME_SPAN: Final = timedelta(days=30)",
            "VOLUME_SPAN: Final = timedelta(days=29)",
        ),
        (
            "only what is left is held",
            "return pair.quote, order.left * order.price_held",
            "return pair.quote, order.volume * order.price_held",
        ),
        (
            "a sell holds the base",
            "return pair.base, order.left\n",
            "return pair.quote, order.left\n",
        ),
        (
            "the ledger cuts amounts",
            "scaleb(-asset.decimals), rounding=ROUND_DOWN)",
            "scaleb(-asset.decimals), rounding=ROUND_UP)",
        ),
        (
            "fills of an order add up",
            "executed=order.executed + fill.qty",
            "executed=fill.qty",
        ),
        (
            "a buy brings base and takes quote",
            "sign = 1 if order.side is Side.BUY else -1",
            "sign = -1 if order.side is Side.BUY else 1",
        ),
        (
            "a fee in base is paid in base",
            "(fill.fee, NOTHING) if order.fee_in_base else (NOTHING, fill.fee)",
            "(NOTHING, fill.fee)",
        ),
    ),
    *mutations(
        "simulator/fees.py",
        ("simulator/test_fees.py", "simulator/test_against_naive.py"),
        ("a tier begins with its volume", "step.volume <= volume_usd", "step.volume < volume_usd"),
        ("a fee is rounded to the nearest", "rounding=ROUND_HALF_UP)", 'rounding="ROUND_DOWN")'),
        (
            "half a step of a fee is rounded up",
            "rounding=ROUND_HALF_UP)",
            'rounding="ROUND_HALF_DOWN")',
        ),
        (
            "a fee has the decimals of its asset",
            "pair.base.decimals if in_base else pair.cost_decimals",
            "pair.cost_decimals",
        ),
        (
            "a pegged pair has both sides pegged",
            "pair.base.altname in pegged and pair.quote.altname in pegged",
            "pair.base.altname in pegged or pair.quote.altname in pegged",
        ),
    ),
    *mutations(
        "simulator/triggers.py",
        ("simulator/test_triggers.py", "simulator/test_running.py"),
        (
            "a trigger fires at its price",
            "return price >= watch.stop if watch.above else price <= watch.stop",
            "return price > watch.stop if watch.above else price < watch.stop",
        ),
        (
            "a trailing stop follows the better price",
            "best = min if watch.above else max",
            "best = max if watch.above else min",
        ),
        (
            "a trailing stop moves before the price comes back to it",
            "watch = followed(watch, _price(watch, candle, low))\n    if not",
            "watch = followed(watch, watch.stop)\n    if not",
        ),
        (
            "a candle that betters the peak matters",
            "return low < watch.peak if watch.above else high > watch.peak",
            "return False",
        ),
    ),
    *mutations(
        "simulator/orders.py",
        ("simulator/test_orders.py", "simulator/test_running.py", "simulator/test_flow.py"),
        (
            "a stop buys above and sells below",
            '(self.side is Side.BUY) is (self.kind.fired == "stopped")',
            '(self.side is Side.BUY) is not (self.kind.fired == "stopped")',
        ),
        (
            "a stop lies behind its peak",
            "signed = trail if above else Distance(amount=-trail.amount, percent=trail.percent)",
            "signed = Distance(amount=-trail.amount, percent=trail.percent)",
        ),
        (
            "an iceberg's part is refilled when it is gone",
            "self.display - self.executed % self.display",
            "self.display",
        ),
        (
            "an order that waits does not stand in the book",
            'self.status == "open" and self.price is not None and not self.waits',
            'self.status == "open" and self.price is not None',
        ),
        (
            "the hold of a trailing order follows its trigger and offset",
            "return max(offset.from_(self.trigger.price, HELD_STEP), self.trigger.price)",
            "return self.trigger.price",
        ),
    ),
    *mutations(
        "simulator/floor.py",
        (
            "simulator/test_modes.py",
            "simulator/test_exchange.py",
            "simulator/test_running.py",
            "simulator/test_against_naive.py",
        ),
        (
            "makers pay the maker's fee",
            "tier.maker if maker else tier.taker",
            "tier.taker if maker else tier.maker",
        ),
        (
            "the stricter of two statuses holds",
            "return max(self.status(pair, at), self.account.system, known, key=STRICTER.index)",
            "return min(self.status(pair, at), self.account.system, known, key=STRICTER.index)",
        ),
        (
            "no two events have one time",
            "self._last_stamp + MICROSECOND)",
            "self._last_stamp)",
        ),
        (
            "a cost is rounded to the nearest",
            "scaleb(-pair.cost_decimals), rounding=ROUND_HALF_UP",
            'scaleb(-pair.cost_decimals), rounding="ROUND_DOWN"',
        ),
        (
            "an event is written down before it takes effect",
            "self.journal.append(events)\n        for event in events:\n"
            "            self.account.apply(event)\n",
            "for event in events:\n            self.account.apply(event)\n"
            "        self.journal.append(events[:1])\n",
        ),
    ),
    *mutations(
        "simulator/flow.py",
        ("simulator/test_flow.py", "simulator/test_running.py", "simulator/test_against_naive.py"),
        (
            "a queue stands before an order at its own price",
            "house.queue_ahead(pair, order.price) if extreme == order.price else NOTHING",
            "NOTHING",
        ),
        ("an order gets a share of what trades", 'SHARE: Final = Decimal("0.25")', "SHARE = 1"),
        (
            "two orders do not get the same volume",
            "available -= qty",
            "available -= NOTHING",
        ),
        (
            "what is hidden of an iceberg waits behind everybody",
            "wants = order.shown if extreme == order.price and order.shown else order.qty",
            "wants = order.qty",
        ),
    ),
    *mutations(
        "simulator/running.py",
        ("simulator/test_running.py", "simulator/test_modes.py", "simulator/test_restart.py"),
        (
            "the dead man's switch cancels every order",
            "USER_REQUESTED) for order in alive]",
            "USER_REQUESTED) for order in alive[1:]]",
        ),
        (
            "the dead man's switch fires in its moment, not when somebody asks",
            "+ [floor.account.timer]",
            "+ [now if floor.account.timer and floor.account.timer <= now else None]",
        ),
        (
            "an expired order says so",
            'floor.ended(order, "expired", None)',
            'floor.ended(order, "canceled", None)',
        ),
        (
            "nothing happens under maintenance",
            "if floor.account.system == MAINTENANCE:",
            "if floor.account.system is None:",
        ),
        (
            "a scheduled order begins when there is a market",
            'order.status == "pending" and floor.is_matching(floor.account.pair_of(order))',
            'order.status == "pending"',
        ),
        (
            "triggers of a pair that does not trade stay",
            "            if floor.is_matching(pair):\n                yield order, pair",
            "            if pair:\n                yield order, pair",
        ),
        (
            "resting orders of a pair that does not trade stay",
            "if not floor.is_matching(pair):\n        return",
            "if not pair:\n        return",
        ),
    ),
    *mutations(
        "simulator/exchange.py",
        ("simulator/test_modes.py",),
        (
            "orders meet a market that moved on while it was shut",
            "if self.mode(pair, now) in MATCHING:",
            "if self.mode(pair, now) not in MATCHING:",
        ),
    ),
)
