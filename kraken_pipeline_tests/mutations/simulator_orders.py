"""Rules of the simulated exchange for what is asked of it: orders, changes, counters of orders."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

RULES: Final = (
    "simulator/test_order_rules.py",
    "simulator/api/test_trading.py",
    "simulator/test_modes.py",
)

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "simulator/desk.py",
        ("simulator/test_desk.py", "simulator/api/test_trading.py", "simulator/test_modes.py"),
        (
            "a client's id is unique among open orders",
            "if wanted.cl_ord_id and exchange.by_cl_ord_id(wanted.cl_ord_id):",
            "if not wanted and exchange.by_cl_ord_id(wanted.cl_ord_id):",
        ),
        (
            "an order past its deadline is refused",
            "order = _read(exchange, params, pair, now)\n    check_deadline(params, now)",
            "order = _read(exchange, params, pair, now)",
        ),
        (
            "a batch past its deadline is refused",
            "for item in listed]\n    check_deadline(params, now)",
            "for item in listed]",
        ),
        (
            "the dead man's switch is set for less than a day",
            "if not 0 <= timeout < LONGEST_TIMER:",
            "if not 0 <= timeout <= LONGEST_TIMER:",
        ),
        (
            "the dead man's switch counts seconds",
            "timedelta(seconds=timeout) if timeout",
            "timedelta(seconds=timeout + 1) if timeout",
        ),
        (
            "the dead man's switch can be turned off",
            "timedelta(seconds=timeout) if timeout else None",
            "timedelta(seconds=timeout)",
        ),
        (
            "no more orders are open on a pair than the tier allows",
            "if len(same) >= tier.open_orders:",
            "if len(same) > tier.open_orders:",
        ),
        (
            "no more orders are scheduled than the tier allows",
            ">= tier.scheduled:",
            "> tier.scheduled:",
        ),
        (
            "a batch of cancels may push the counter over",
            "alone = not batch and len(orders) == 1",
            "alone = True",
        ),
        (
            "a single cancel may not push the counter over",
            "alone = not batch and len(orders) == 1",
            "alone = False",
        ),
        (
            "an amend makes an order young again",
            "now - (amends[-1].at if amends else order.opened)",
            "now - order.opened",
        ),
        (
            "a batch has at most 15 orders",
            "LARGEST_BATCH: Final = 15",
            "LARGEST_BATCH: Final = 16",
        ),
        (
            "a batch has at least two orders",
            "SMALLEST_BATCH: Final = 2",
            "SMALLEST_BATCH: Final = 1",
        ),
        ("a batch has at most 50 cancels", "MOST_CANCELS: Final = 50", "MOST_CANCELS: Final = 51"),
        (
            "one wrong order refuses its whole batch",
            "orders = [_read(exchange, Params(item), pair, now) for item in listed]",
            "orders = [_read(exchange, Params(item), pair, now) for item in listed[:1]]",
        ),
        (
            "nothing is done under maintenance",
            'if exchange.account.system == "maintenance":',
            'if exchange.account.system == "shut":',
        ),
        (
            "a check is not counted",
            'if not params.flag("validate"):\n        _count(exchange, pair, engine_limits.ADD',
            "if pair:\n        _count(exchange, pair, engine_limits.ADD",
        ),
    ),
    *mutations(
        "simulator/order_rules.py",
        RULES,
        ("the minimum volume will do", "if volume < pair.ordermin:", "if volume <= pair.ordermin:"),
        (
            "less than the minimum volume will not",
            'return "EGeneral:Invalid arguments:volume minimum not met"',
            "return None",
        ),
        ("the minimum cost will do", "if cost < pair.costmin", "if cost <= pair.costmin"),
        ("less than the minimum cost will not", "if cost < pair.costmin", "if cost < 0"),
        (
            "a price has no more decimals than its pair",
            "> pair.pair_decimals:",
            "> pair.pair_decimals + 1:",
        ),
        (
            "a volume has no more decimals than its pair",
            "price_syntax.decimals(order.volume) > decimals:",
            "price_syntax.decimals(order.volume) > decimals + 1:",
        ),
        (
            "limit_only takes no market orders",
            '"limit_only": KINDS[ordertype].limited if ordertype in KINDS else False',
            '"limit_only": ordertype in KINDS',
        ),
        ("post_only takes no others", '"post_only": post_only,', '"post_only": True,'),
        (
            "an iceberg shows a fifteenth at least",
            "ICEBERG_PARTS: Final = 15",
            "ICEBERG_PARTS = 16",
        ),
    ),
    *mutations(
        "simulator/order_terms.py",
        RULES,
        ("a deadline that is now has passed", "if deadline <= now:", "if deadline < now:"),
        (
            "a deadline lies at most a minute ahead",
            "LATEST_DEADLINE: Final = timedelta(seconds=60)",
            "LATEST_DEADLINE: Final = timedelta(seconds=61)",
        ),
        (
            "an order lives for some seconds at least",
            "SHORTEST_LIFE: Final = timedelta(seconds=4)",
            "SHORTEST_LIFE: Final = timedelta(seconds=0)",
        ),
        ("a client's id has 18 characters at most", "[!-~]{1,18}", "[!-~]{1,19}"),
        (
            "a client's id and a userref exclude each other",
            "if CL_ORD_ID.fullmatch(text) is None or userref(params):",
            "if CL_ORD_ID.fullmatch(text) is None:",
        ),
        (
            "GTD goes with a time of its end, and only with one",
            '(text == "GTD") != (expires is not None)',
            '(text == "GTD") is None',
        ),
        (
            "a fee is paid in one asset",
            '{"fcib", "fciq"}.issubset(flags)',
            '{"fcib", "fciq", "none"}.issubset(flags)',
        ),
        (
            "only a market buy counts its volume in quote",
            'if "viqc" in flags and (ordertype, side) != ("market", Side.BUY):',
            'if "viqc" in flags and ordertype != "market":',
        ),
        (
            "only a limit order is post-only",
            'or ("post" in flags and ordertype != "limit")',
            'or ("post" in flags and ordertype == "market")',
        ),
    ),
    *mutations(
        "simulator/engine_limits.py",
        ("simulator/test_engine_limits.py", "simulator/test_desk.py"),
        (
            "a counter may reach its threshold",
            "+ cost <= self.tier.threshold",
            "+ cost < self.tier.threshold",
        ),
        (
            "canceling a young order costs eight",
            "by_age=(8, 6, 5, 4, 2, 1))",
            "by_age=(7, 6, 5, 4, 2, 1))",
        ),
        (
            "canceling an order of two minutes costs one",
            "by_age=(8, 6, 5, 4, 2, 1))",
            "by_age=(8, 6, 5, 4, 2))",
        ),
        ("amending a young order costs three more", "by_age=(3, 2, 1))", "by_age=(2, 2, 1))"),
        (
            "editing a young order costs six more",
            "by_age=(6, 5, 4, 2, 1))",
            "by_age=(5, 5, 4, 2, 1))",
        ),
        (
            "an order of five seconds costs as one of up to ten",
            "bisect_right(AGES, age.total_seconds())",
            "bisect_right(AGES, age.total_seconds() - 1)",
        ),
        ("a batch costs half", "return Decimal(count) / 2", "return Decimal(count)"),
        (
            "a counter never falls below nothing",
            "return max(value - self.tier.decay * Decimal(passed).scaleb(-6), NOTHING)",
            "return value - self.tier.decay * Decimal(passed).scaleb(-6)",
        ),
        (
            "starters lose one a second",
            "threshold=60, decay=Decimal(1)",
            'threshold=60, decay=Decimal("1.1")',
        ),
    ),
    *mutations(
        "simulator/changes.py",
        ("simulator/test_changes.py", "simulator/test_desk.py"),
        (
            "an amend keeps the minimum volume",
            "if order.executed < volume < pair.ordermin:",
            "if order.executed < volume < 0:",
        ),
        (
            "an edit takes off what has traded",
            "volume=volume - before.executed,",
            "volume=volume,",
        ),
        (
            "an amend to what has traded ends the order",
            "if changed.volume <= changed.executed:",
            "if changed.volume < changed.executed:",
        ),
        (
            "an amend past its deadline is refused",
            "check_deadline(params, now)\n    event =",
            "event =",
        ),
        (
            "an edit past its deadline is refused",
            "check_deadline(params, now)\n    if check_only:",
            "if check_only:",
        ),
        (
            "a post-only order is not amended into the market",
            'if "post" in changed.oflags and matching.would_take',
            'if "post" not in changed.oflags and matching.would_take',
        ),
        (
            "a market stop has no limit to amend",
            'raise RefusedError("EOrder:Invalid limit price")',
            "return None",
        ),
        (
            "an order with a close is not edited",
            "if order.close is not None:",
            "if order is None:",
        ),
        (
            "an order with a client's id is not edited",
            "if order.cl_ord_id is not None:",
            "if order is None:",
        ),
        (
            "an edit is told from a cancel",
            '"canceled", "Order replaced")',
            '"canceled", "User requested")',
        ),
        (
            "an amended price lies on the tick",
            "if price % pair.tick:",
            "if price < 0:",
        ),
    ),
    *mutations(
        "simulator/known_orders.py",
        ("simulator/api/test_trading.py",),
        (
            "an order that has ended is told from one that never was",
            "raise RefusedError(UNKNOWN)",
            "raise RefusedError(NEVER_ISSUED)",
        ),
        (
            "an order that never was is told from one that has ended",
            "if not known:\n        raise RefusedError(NEVER_ISSUED)",
            "if not known:\n        raise RefusedError(UNKNOWN)",
        ),
    ),
)
