"""Rules of what all is worth: what is believed, what freezes, and what stays of a day."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

VALUING: Final = ("domain/accounting/test_valuation.py",)
TAKING: Final = ("cases/test_valuation.py", "services/books/test_book.py", "cases/test_money.py")

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "domain/accounting/valuation.py",
        VALUING,
        (
            "what has no price of now keeps its last good one",
            "        price=None if last is None else last.price,\n        source=doubt,",
            "        price=None,\n        source=doubt,",
        ),
        (
            "a price is as old as when the market last said it",
            "    at = known.stale_since or before.at",
            "    at = before.at",
        ),
        (
            "a jump needs another way that says the same",
            "    if any(abs(each.price / way.price - 1) <= AGREES for each in",
            "    if any(True for each in",
        ),
        (
            "a second source may differ by a tenth",
            'AGREES: Final = Decimal("0.1")',
            'AGREES: Final = Decimal("0.01")',
        ),
        (
            "what is called a part of what is traded may be worth something",
            "    return prices.is_traded(asset) or prices.is_traded(Asset(stem))",
            "    return prices.is_traded(asset)",
        ),
        (
            "what had a price once is never without weight",
            "        is_traded=last is not None or _may_be_worth_something(asset, prices),",
            "        is_traded=_may_be_worth_something(asset, prices),",
        ),
        (
            "of two ways that jump apart neither is kept",
            "            return prices\n        prices = prices.without(doubtful)",
            "            return prices\n        return prices.without(doubtful)",
        ),
    ),
    *mutations(
        "domain/prices.py",
        (*VALUING, "domain/test_prices.py"),
        (
            "a bid of zero is no market",
            "bid.is_finite() and ask.is_finite() and 0 < bid <= ask",
            "bid.is_finite() and ask.is_finite() and 0 <= bid <= ask",
        ),
        (
            "what is no number is no market",
            "bid.is_finite() and ask.is_finite() and 0 < bid <= ask",
            "not bid.is_finite() or 0 < bid <= ask",
        ),
        (
            "a second source shares no pair with the first",
            "if not set(each.pairs) & set(way.pairs))",
            "if each.pairs != way.pairs)",
        ),
        (
            "the pair that a person chose comes before every other",
            "        if asset in self._chosen and asset != self._base_currency:",
            "        if asset in self._chosen and asset == self._base_currency:",
        ),
    ),
    *mutations(
        "domain/swings.py",
        ("domain/test_swings.py",),
        (
            "over a short time a move of a fifth is the most",
            'LEAST: Final = Decimal("0.02") ** 2',
            'LEAST: Final = Decimal("0.002") ** 2',
        ),
        ("ten deviations are the most", "TOO_MANY: Final = 10", "TOO_MANY: Final = 9"),
        (
            "prices of the same hour teach nothing",
            "    if at - before.at < APART:\n        return before\n",
            "",
        ),
        (
            "however wild an asset was, there is a bound to what is usual",
            "    variance = min(before.variance * KEPT + seen * (1 - KEPT), MOST)",
            "    variance = before.variance * KEPT + seen * (1 - KEPT)",
        ),
    ),
    *mutations(
        "domain/nav.py",
        ("domain/test_nav.py", *VALUING),
        (
            "what never had a price covers nothing",
            "            if each.qty and each.is_traded:\n                return ZERO",
            "            if not each.is_traded:\n                return ZERO",
        ),
        (
            "a hundredth may be without a fresh price",
            'COVERAGE_NEEDED: Final = Decimal("0.99")',
            'COVERAGE_NEEDED: Final = Decimal("0.98")',
        ),
        (
            "the price at which a flow bought is the same to its last digit",
            "OF_UNITS: Final = Context(prec=50)",
            "OF_UNITS: Final = Context(prec=28)",
        ),
    ),
    *mutations(
        "domain/nav_days.py",
        ("domain/test_nav_days.py",),
        (
            "a day begins where yesterday ended",
            "    first = before.last_unit_price if before is not None and yesterday else",
            "    first = before.last_unit_price if before is not None and not yesterday else",
        ),
        (
            "what is not sure is no high",
            "max(day.highest_unit_price, read.unit_price) if read.is_sure else",
            "max(day.highest_unit_price, read.unit_price) if read.at else",
        ),
        (
            "the peak of all days stays",
            "        peak_unit_price=first if before is None else max(",
            "        peak_unit_price=first if before is None else min(",
        ),
        (
            "flows of a day add up",
            "        flows=day.flows + read.flows,",
            "        flows=read.flows,",
        ),
    ),
    *mutations(
        "services/books/snapshots.py",
        TAKING,
        (
            "while too little has a price, units and their price stand still",
            "    if is_frozen and before is not None:\n"
            "        return before.units, before.unit_price\n",
            "",
        ),
        (
            "while too little has a price, the falls stand still",
            "        **_falls(desk, day, before if is_frozen else None),",
            "        **_falls(desk, day, None),",
        ),
        (
            "what is between two buckets is owned",
            "        held[asset] = held.get(asset, ZERO) + each.qty\n",
            "        held[asset] = held.get(asset, ZERO)\n",
        ),
        (
            "a flow waits while too little has a price",
            "    flows = () if is_frozen else tuple(",
            "    flows = tuple(",
        ),
    ),
    *mutations(
        "services/books/unit_flows.py",
        ("services/books/test_unit_flows.py",),
        (
            "a flow buys its units at the price of its own time",
            "    if past.now - at <= AT_ONCE:\n        return now, False",
            "    if past.now >= at:\n        return now, False",
        ),
        (
            "a flow that is told late counts from the look that missed it",
            "    first = None if past.before.frozen else past.before.at + TICK",
            "    first = None",
        ),
        (
            "a flow that waited for a price counts from its own time",
            "    first = None if past.before.frozen else past.before.at + TICK",
            "    first = past.before.at + TICK",
        ),
        (
            "an older price is named",
            "    return (now, True) if kept is None else (kept, True)",
            "    return (now, True) if kept is None else (kept, False)",
        ),
    ),
    *mutations(
        "store/ledger.py",
        ("store/test_ledger.py",),
        (
            "a flow whose units are there is not taken back",
            "        ledger_entries.c.entry_id.not_in(select(valued_flows.c.entry_id)),\n",
            "",
        ),
    ),
    *mutations(
        "services/risk/world.py",
        ("services/risk/test_world.py", "cases/test_valuation.py"),
        (
            "a price that goes missing after the books were kept opens nothing",
            "        return min(known, coverage(self.valuations.values()))",
            "        return known",
        ),
        (
            "what is held counts at its last good price at worst",
            "        price = self.prices.rate(asset) if held is None else held.price",
            "        price = self.prices.rate(asset)",
        ),
    ),
    *mutations(
        "domain/accounting/performance.py",
        ("domain/accounting/test_performance.py",),
        (
            "under 30 days nothing is said of a year",
            "LEAST_DAYS: Final = 30",
            "LEAST_DAYS: Final = 29",
        ),
        (
            "a day without a reading counts",
            "        prices += [prices[-1]] * (each.day - expected).days\n",
            "",
        ),
        (
            "flows are no profit",
            " - sum((each.flows for each in counted), ZERO)",
            "",
        ),
    ),
    *mutations(
        "store/nav_days.py",
        ("store/test_nav_days.py",),
        (
            "fees are counted in base currency",
            "        fees = sum((each.fee * each.quote_rate for each in told), ZERO)",
            "        fees = sum((each.fee for each in told), ZERO)",
        ),
    ),
)
