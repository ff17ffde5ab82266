"""Rules of the ledger: each entry has one cause, and nothing half read is booked."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "domain/accounting/explain.py",
        ("domain/accounting/test_explain.py",),
        (
            "entries without a refid have nothing to do with each other",
            "return entry.entry_id if entry.refid in NO_REFID else entry.refid",
            "return entry.refid",
        ),
        (
            "a trade waits for its fill",
            'return event.all_are(Cause.FILL, "a trade; its fill is not kept yet", Lack.FILL)',
            'return event.all_are(Cause.FILL, "a trade; its fill is not kept yet")',
        ),
        (
            "the side without a row is named",
            "'quote' if has_base else 'base'",
            "'base' if has_base else 'quote'",
        ),
        (
            "a side alone is nothing only where it is worth nothing",
            "return worth is not None and worth < NOTHING_LEFT",
            "return worth is None or worth < NOTHING_LEFT",
        ),
        (
            "corrections of one asset are no conversion",
            "if event.is_two_sided and len(assets) > 1:",
            "if event.is_two_sided:",
        ),
        (
            "a conversion gives and has",
            "        return any(each.amount < 0 for each in self.entries) and any(",
            "        return any(each.amount < 0 for each in self.entries) or any(",
        ),
        (
            "what was taken back says so",
            '{("deposit", False), ("withdrawal", True)}',
            '{("deposit", True), ("withdrawal", False)}',
        ),
    ),
    *mutations(
        "domain/accounting/legs.py",
        ("domain/accounting/test_legs.py",),
        (
            "ends of one refid add up to nothing",
            " and not sum((each.amount for each in legs), ZERO)",
            "",
        ),
        (
            "a bucket of no listed asset leaves the move unknown",
            "        if None in assets:",
            "        if not assets:",
        ),
        (
            "ends that differ in qty are no move",
            "place = lookup.asset_of(each.asset) or Asset(each.asset), abs(each.amount)",
            "place = lookup.asset_of(each.asset) or Asset(each.asset), ZERO",
        ),
        (
            "the first that left is the first that came",
            "key=lambda each: (each[1].at, each[1].entry_id))",
            "key=lambda each: (each[1].at, each[1].entry_id), reverse=True)",
        ),
        ("an end alone is in flight", "            lacks=Lack.LEG,\n", ""),
        (
            "what left is still the account's",
            "return -self.entry.amount",
            "return self.entry.amount",
        ),
        (
            "a move is overdue after a day",
            "now - self.entry.at >= OVERDUE",
            "now - self.entry.at > OVERDUE",
        ),
    ),
    *mutations(
        "domain/accounting/residuals.py",
        ("domain/accounting/test_residuals.py",),
        (
            "a sale gives the base asset",
            "sign = 1 if fill.side is Side.BUY else -1",
            "sign = 1",
        ),
        (
            "a fee in another asset is not compared",
            "sum((each.fee for each in quote), ZERO) - fill.fee if in_quote else None",
            "sum((each.fee for each in quote), ZERO) - fill.fee",
        ),
    ),
    *mutations(
        "store/ledger.py",
        ("store/test_ledger.py",),
        (
            "what came before is explained with what completes it",
            "    refids = {*trade_ids, *(each.refid for each in entries)}",
            "    refids = set(trade_ids)",
        ),
        (
            "every end of as much is looked at",
            "        whole.update((each.entry_id, each) for each in legs)\n",
            "",
        ),
        (
            "a fill explains the entries of its trade",
            "    refids = {each.trade_id for each in new_fills}",
            "    refids: set[str] = set()",
        ),
        (
            "what an older version kept is explained",
            "    if may_lack_causes:\n",
            "    if not may_lack_causes:\n",
        ),
        (
            "what is unknown is looked at again",
            "_explain(connection, [*entries, *unknown], refids, lookup)",
            "_explain(connection, entries, refids, lookup)",
        ),
    ),
    *mutations(
        "services/books/unexplained.py",
        ("services/books/test_unexplained.py",),
        (
            "a side that may be late is waited for",
            "each.told.lacks is not Lack.SIDE",
            "True",
        ),
        (
            "what a person has looked at is halted for no more",
            "looked_at is None or each.found_at > looked_at",
            "True",
        ),
        (
            "a halt clears once all is explained",
            "halts.switch(HaltKind.UNEXPLAINED, on=on, off=off, at=at, by=BY)",
            "halts.switch(HaltKind.UNEXPLAINED, on=on, off={}, at=at, by=BY)",
        ),
        (
            "what clears by itself was looked at by nobody",
            "halts.cleared(HaltKind.UNEXPLAINED, not_by=BY)",
            'halts.cleared(HaltKind.UNEXPLAINED, not_by="")',
        ),
    ),
    *mutations(
        "services/books/sync.py",
        ("services/books/test_sync.py",),
        (
            "nothing is booked before the list is whole",
            "    while not mark.is_whole:",
            "    if not mark.is_whole:",
        ),
        (
            "a list is whole once it has as many rows as are counted",
            "page.next_skip is None and listed.kept.count() + new >= page.counted",
            "page.next_skip is None",
        ),
        (
            "a page has a row in common with those before",
            "if listed.kept.known(page.rows) and (",
            "if (",
        ),
        (
            "a page that is cut is not the last",
            "reaches_the_end = mark.skip + len(page.rows) >= page.counted",
            "reaches_the_end = True",
        ),
        (
            "what stands still for a day is begun anew",
            "listed.clock() - mark.kept_at > STALE",
            "listed.clock() - mark.kept_at < STALE",
        ),
        ("pages that go round in a circle end", " or mark.skip > page.counted", ""),
        (
            "a short list is left to be read at once",
            "        if page.counted <= SHORT:\n",
            "        if page.counted < SHORT:\n",
        ),
    ),
)
