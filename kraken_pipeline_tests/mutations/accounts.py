"""Rules of cost and profit: what an event was worth, and which lots go out."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "domain/accounting/swaps.py",
        ("domain/accounting/test_booking.py", "domain/accounting/test_fold.py"),
        (
            "a fee is kept from what came and added to what went",
            "    signed = (gross if leg.amount > 0 else -gross) - fee",
            "    signed = gross if leg.amount > 0 else -gross",
        ),
        (
            "base currency says best what an event was worth",
            "    return not any(each.is_base for each in side), max(ranks)",
            "    return any(each.is_base for each in side), max(ranks)",
        ),
        (
            "a side without another is nothing only where it can have been rounded away",
            "leg.gross is not None and leg.gross < ROUNDS_AWAY",
            "leg.gross is not None",
        ),
        (
            "the fees belong to what was bought",
            "    bearers = bought or own",
            "    bearers = own",
        ),
        (
            "a fee in coins is worth what the event says of them",
            "        return on_grain(gross * leg.fee / abs(leg.amount))",
            "        return on_grain(gross * leg.fee)",
        ),
        (
            "money in a sweep is worth itself",
            "each.amount) for each in side if each.is_base), ZERO)",
            "each.amount) for each in side if not each.is_base), ZERO)",
        ),
    ),
    *mutations(
        "domain/accounting/booking.py",
        ("domain/accounting/test_booking.py", "domain/accounting/test_fold.py"),
        (
            "a fee by itself is no loss twice",
            "signed=signed, fee=-signed, source=leg.source",
            "signed=signed, fee=signed, source=leg.source",
        ),
        (
            "a move between buckets costs its fee only",
            "    return Valued(leg=leg, qty=-leg.fee, signed=-fee, fee=fee, source=leg.source)",
            "    return Valued(leg=leg, qty=leg.net, signed=-fee, fee=fee, source=leg.source)",
        ),
        (
            "what a person stated is the cost",
            "cost=(value if stated is None else stated) if valued.qty > 0 else None",
            "cost=value if valued.qty > 0 else None",
        ),
        (
            "fee credits are worth nothing",
            "    if asset in WORTHLESS:",
            "    if not asset:",
        ),
        (
            "a rename is no sale",
            "        return carried(legs) if is_rename else valued_swap(legs)",
            "        return valued_swap(legs)",
        ),
    ),
    *mutations(
        "domain/accounting/lots.py",
        ("domain/accounting/test_fold.py",),
        (
            "the newest goes first under LIFO",
            "    return 0, -_age(lot), lot.lot_id",
            "    return 0, _age(lot), lot.lot_id",
        ),
        (
            "the dearest goes first under HIFO",
            "    return -lot.unit, _age(lot), lot.lot_id",
            "    return lot.unit, _age(lot), lot.lot_id",
        ),
        (
            "what is left of a lot keeps the rest of its cost",
            "    left = None if cost is None or lot.cost is None else lot.cost - cost",
            "    left = None if cost is None or lot.cost is None else lot.cost",
        ),
        (
            "a lot that is dear for its fee is dear",
            "    return ZERO if cost is None else on_grain((cost + fee) / qty)",
            "    return ZERO if cost is None else on_grain((cost - fee) / qty)",
        ),
    ),
    *mutations(
        "domain/accounting/fold.py",
        ("domain/accounting/test_fold.py",),
        (
            "of one instant what comes comes first",
            "    rank = int(move.qty < 0)",
            "    rank = int(move.qty > 0)",
        ),
        (
            "nothing is cut off where more goes out than came",
            "        account = self._open.get(move.asset)",
            "        account = None if move.qty < 0 else self._open.get(move.asset)",
        ),
        (
            "what was missing takes its part of what comes",
            "    if before < 0:",
            "    if before < -999:",
        ),
        (
            "proceeds of unknown cost are no gain",
            '            sums["uncosted"] += (part_proceeds or ZERO) - (lot.cost or ZERO)',
            '            sums["realised"] += (part_proceeds or ZERO) - (lot.cost or ZERO)',
        ),
        (
            "the tax view takes the fees off the gain",
            '            sums["taxed"] += gain - lot.fee - part_fee',
            '            sums["taxed"] += gain - lot.fee',
        ),
    ),
    *mutations(
        "services/books/past_prices.py",
        ("services/books/test_past_prices.py",),
        (
            "a close that is far from an event says nothing of it",
            "    return [each for each in found if each[0] <= NEAR]",
            "    return found",
        ),
        (
            "a ticker that is far from an event says nothing of it",
            "(self._seen(asset, at) if away <= NEAR else None)",
            "self._seen(asset, at)",
        ),
        (
            "a close without a certificate is no price",
            "        return {pair: close for pair, close in found.items() if pair in covered}",
            "        return found",
        ),
    ),
    *mutations(
        "services/books/accounts.py",
        ("store/test_account_books.py",),
        (
            "the past has one price",
            "        if point is not None:\n            booking.keep_price(point)",
            "        if point is None:\n            raise AssertionError",
        ),
        (
            "a late event is booked as if it had been known",
            "        if any(turn_of(each) > first and each.move_id not in ids for each in later):",
            "        if any(turn_of(each) < first and each.move_id not in ids for each in later):",
        ),
        (
            "what a rename ties together is made anew together",
            "booking.carried_with({each.asset for each in gone} | _late(booking, with_lots))",
            "{each.asset for each in gone} | _late(booking, with_lots)",
        ),
    ),
)
