"""Rules of order management: what is written before what, who may send, and what proves what."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

SENDING: Final = (
    "services/orders/test_submit.py",
    "cases/test_submit.py",
    "cases/test_concurrency.py",
)
STORING: Final = ("store/test_orders.py", "store/test_leases.py")
SETTLING: Final = (
    "services/orders/test_settle.py",
    "services/orders/test_hear.py",
    "cases/test_cancel.py",
    "cases/test_unknown_orders.py",
    "cases/test_reads.py",
)
WRITING_OFF: Final = (
    "cases/test_resolve.py",
    "store/test_unproven.py",
    "store/test_protections.py",
    "store/test_changes.py",
)

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "services/orders/sending.py",
        SENDING,
        (
            "an order is written as leaving before it leaves",
            "            sending = self._desk.orders.record(order, started, epoch=self._epoch)",
            "            self._answers([order], deadline)\n"
            "            sending = self._desk.orders.record(order, started, epoch=self._epoch)",
        ),
        (
            "orders of one request are written as leaving before they leave",
            "            sending = self._desk.orders.record_all(leaving, epoch=self._epoch)",
            "            self._answers([each for each, _ in leaving], deadline)\n"
            "            sending = self._desk.orders.record_all(leaving, epoch=self._epoch)",
        ),
        (
            "a buy does not begin to leave after panic",
            "        if self._panic_stops(order):\n"
            "            return self.withdraw(order, PANIC)\n",
            "",
        ),
        (
            "panic stops a buy that was written and has not left",
            "if any(self._panic_stops(each) for each in orders):",
            "if not orders:",
        ),
        (
            "panic stops no sell",
            "return order.side is Side.BUY and self._desk.panic_is_latched()",
            "return self._desk.panic_is_latched()",
        ),
        (
            "what is past its deadline does not leave",
            "        if now >= deadline:",
            "        if now >= deadline + self._desk.lease:",
        ),
        (
            "the lease is renewed before it runs out",
            "        if self._leased_until - now < max(self._desk.lease / 2, self._desk.deadline):",
            "        if self._leased_until is None:",
        ),
        (
            "what may have arrived is not taken for refused",
            "return [self._record(order, Fact.FATE_UNCLEAR, str(failure))]",
            "return [self.reject(order, str(failure))]",
        ),
        (
            "what a dead sender began to send is doubted",
            'return self._record(order, Fact.FATE_UNCLEAR, "the sender died before it wrote',
            'return self.reject(order, "the sender died before it wrote',
        ),
        (
            "after an order that was turned away unread, the rest waits",
            "self.is_turned_away = True",
            "self.is_turned_away = False",
        ),
        (
            "a refused nonce allows one more attempt",
            "is_possible=order.attempt == 1)",
            "is_possible=order.attempt < 3)",
        ),
        (
            "what is turned away unread is not tried for ever",
            "if order.attempt >= MOST_ATTEMPTS or not is_own(order):",
            "if not is_own(order):",
        ),
        (
            "want of funds shrinks an order once",
            "self._desk.smaller_qty(order) if order.attempt == 1 else NOTHING",
            "self._desk.smaller_qty(order)",
        ),
    ),
    *mutations(
        "services/orders/submit.py",
        (*SENDING, "cases/test_crashes.py", "cases/test_guard.py", "cases/test_stops.py"),
        (
            "whoever takes over doubts what a dead sender began to send",
            "            if order.state is State.SENDING:\n",
            "            if order.state is State.UNKNOWN:\n",
        ),
        (
            "books and exchange are compared before anything opens",
            "self._objection = self._desk.opening_objection()",
            'self._objection = ""',
        ),
        (
            "an order waits for another of open fate",
            "            or self._is_blocked(order)\n",
            "",
        ),
        (
            "a sale leaves room for what sells beside it",
            "            or not self._desk.leaves_room(order)\n",
            "",
        ),
        (
            "a buy rests only under the dead man's switch",
            "            or not self._is_guarded(order)\n",
            "",
        ),
        (
            "a later attempt waits for its time",
            "            or self._desk.clock() < may_leave_at(order)\n",
            "",
        ),
        (
            "no more orders are at the exchange than allowed",
            "len(self._taken) + sent_with >= self._desk.max_at_exchange",
            "len(self._taken) + sent_with > self._desk.max_at_exchange",
        ),
        (
            "an old plan is taken back",
            "        if age > self._desk.max_plan_age:",
            "        if age > self._desk.max_plan_age * 100:",
        ),
        (
            "a buy whose wish is over is taken back",
            "if order.side is Side.BUY and now >= order.expires_at:",
            "if order.side is Side.SELL and now >= order.expires_at:",
        ),
        (
            "reductions go before increases",
            "return order.side is Side.BUY, order.created_at, order.local_id",
            "return order.side is Side.SELL, order.created_at, order.local_id",
        ),
        (
            "only orders of one's own namespace are sent",
            "[each for each in desk.orders.reserving() if each.namespace is desk.namespace]",
            "[*desk.orders.reserving()]",
        ),
        (
            "what waited is held against the market anew",
            "        fault = self._fault(order)\n",
            '        fault = ""\n',
        ),
    ),
    *mutations(
        "store/order_moves.py",
        (*STORING, "services/orders/test_submit.py"),
        (
            "an order begins to leave under the epoch in force only",
            "        leases.require_in_force("
            "connection, epoch, at=max(event.at for _, event in leaving))\n",
            "",
        ),
        (
            "no buy begins to leave while a halt bears on it",
            "        require_no_halt(connection, [order for order, _ in leaving"
            " if order.side is Side.BUY])\n",
            "",
        ),
        (
            "a halt stops no sell",
            "[order for order, _ in leaving if order.side is Side.BUY]",
            "[order for order, _ in leaving]",
        ),
        (
            "whoever saw an older order may not change it",
            "        if found[local_id] != version:",
            "        if found[local_id] < version:",
        ),
        (
            "one order of the exchange is one of ours",
            "            if owner != news[kraken_order_id]:",
            "            if owner is None:",
        ),
        (
            "what fills after it was settled is matched again",
            '        row["settled_at"] = None\n',
            "        pass\n",
        ),
    ),
    *mutations(
        "store/changes.py",
        (*STORING, "services/orders/test_amend.py"),
        (
            "a change leaves under the epoch in force only",
            "    leases.require_in_force(connection, epoch, at=event.at)\n",
            "",
        ),
        (
            "no change buys more while a halt bears on it",
            "    if opens_more(order, wanted):\n",
            "    if not opens_more(order, wanted):\n",
        ),
        (
            "no change sells more than is held",
            "    if sells_more(order, wanted):\n",
            "    if not sells_more(order, wanted):\n",
        ),
    ),
    *mutations(
        "store/leases.py",
        STORING,
        (
            "nobody takes a lease that another holds",
            "    if held is not None and in_force:",
            "    if held is None and in_force:",
        ),
        (
            "a change of hands has a number of its own",
            "epoch = last_epoch(connection) + 1",
            "epoch = max(last_epoch(connection), 1)",
        ),
        (
            "a lease that ran out is not renewed under its number",
            'and held["expires_at"] > now',
            "and now is not None",
        ),
        (
            "an epoch that ran out allows nothing",
            'if held["expires_at"] <= at:',
            'if held["expires_at"] is None:',
        ),
        (
            "an epoch that was given back allows nothing",
            '    if held is None or held["owner"] is None:\n        raise',
            "    if held is None:\n        raise",
        ),
        (
            "nobody gives back what another holds",
            'if held is None or held["owner"] != owner:',
            "if held is None:",
        ),
    ),
    *mutations(
        "domain/orders.py",
        ("domain/test_orders.py", "domain/test_order_rules.py", "store/test_orders.py"),
        (
            "an order leaves once",
            "        (S.UNKNOWN, F.FATE_UNCLEAR),\n",
            "        (S.UNKNOWN, F.FATE_UNCLEAR),\n        (S.SENDING, F.SEND_STARTED),\n",
        ),
        (
            "what filled never falls",
            "filled_qty=max(heard, order.filled_qty),",
            "filled_qty=Qty(heard),",
        ),
        (
            "no more fills than was ordered",
            "    if filled > order.qty:",
            "    if filled > order.qty * 2:",
        ),
        (
            "what is filled is filled whole",
            "    if state is S.FILLED and filled < order.qty:",
            "    if state is S.FILLED and not filled:",
        ),
        (
            "what never was there has no fill",
            "    if state in NEVER_THERE and filled:",
            "    if state in NEVER_THERE and filled < 0:",
        ),
        (
            "what is unknown keeps its reservation",
            "FATE_OPEN: Final = frozenset({S.SENDING, S.UNKNOWN, S.MANUAL})",
            "FATE_OPEN: Final = frozenset({S.SENDING, S.MANUAL})",
        ),
        (
            "what waits for a person keeps its reservation",
            "FATE_OPEN: Final = frozenset({S.SENDING, S.UNKNOWN, S.MANUAL})",
            "FATE_OPEN: Final = frozenset({S.SENDING, S.UNKNOWN})",
        ),
        (
            "what is planned keeps its reservation",
            "RESERVING: Final = AT_THE_EXCHANGE | {S.PLANNED}",
            "RESERVING: Final = AT_THE_EXCHANGE",
        ),
        (
            "what is being sent is not absent yet",
            "        (S.UNKNOWN, F.ABSENCE_PROVEN): S.ABSENT,\n",
            "        (S.UNKNOWN, F.ABSENCE_PROVEN): S.ABSENT,\n"
            "        (S.SENDING, F.ABSENCE_PROVEN): S.ABSENT,\n",
        ),
        (
            "a refused cancel proves no cancel",
            "(S.CANCELING, F.CANCEL_REFUSED): S.LIVE,",
            "(S.CANCELING, F.CANCEL_REFUSED): S.CANCELED,",
        ),
        (
            "an order has one id at the exchange",
            "    if heard and known and heard != known:",
            "    if heard and known and not heard:",
        ),
        (
            "each fact that is kept raises the version",
            "version=order.version + 1,",
            "version=order.version,",
        ),
    ),
    *mutations(
        "domain/fate.py",
        ("domain/test_fate.py", "cases/test_unknown_orders.py"),
        (
            "the settle window is waited for",
            "settled_at = search.deadline + search.settle",
            "settled_at = search.deadline",
        ),
        (
            "the deadline is waited for",
            "settled_at = search.deadline + search.settle",
            "settled_at = search.deadline - search.settle",
        ),
        (
            "three reads find nothing",
            "CLEAN_READS_NEEDED: Final = 3",
            "CLEAN_READS_NEEDED: Final = 2",
        ),
        (
            "reads that count are apart",
            "READ_SPACING: Final = timedelta(seconds=10)",
            "READ_SPACING: Final = timedelta(seconds=1)",
        ),
        (
            "what stands against absence must stay",
            "    believed = min(_doubted_since(search) + LONGEST_LAG, enough_since + EVER_OTHER)",
            "    believed = search.exchange_now",
        ),
        *(
            (f"absence needs {proof}", f"    {proof},\n", "")
            for proof in (
                "deadline_is_well_past",
                "reads_found_nothing",
                "stream_told_nothing",
                "fills_are_explained",
                "holds_are_explained",
                "balances_are_explained",
            )
        ),
    ),
    *mutations(
        "services/orders/search.py",
        SETTLING,
        (
            "what is read before the window is over never counts",
            "    if asked_at <= _deadline(order) + desk.unknown_settle:\n        # what",
            "    if asked_at <= _deadline(order) - desk.unknown_settle:\n        # what",
        ),
        (
            "an order that is being sent is not doubted before its time",
            "if order.state is not State.SENDING or asked_at <= _deadline(order)"
            " + desk.unknown_settle:",
            "if order.state is not State.SENDING:",
        ),
        (
            "two orders of one name are left to a person",
            "    if len(ids) == 1:",
            "    if ids:",
        ),
        (
            "a hold that no open order needs speaks of a hidden one",
            "    is_explained = held - needed < own * HALF",
            "    is_explained = held - needed < own * HALF + held",
        ),
        (
            "a fill of an unknown order is heard as its order's",
            "    if own:\n        return hear",
            "    if len(own) > 1:\n        return hear",
        ),
    ),
    *mutations(
        "services/orders/hear.py",
        SETTLING,
        (
            "only the echo of what was sent is adopted",
            "    mismatch = difference(desk, order, report)\n",
            '    mismatch = ""\n',
        ),
        (
            "what closed with less than ordered was not filled",
            "if fact is Fact.FILLED_SEEN and report.filled_qty < report.qty:",
            "if fact is Fact.FILLED_SEEN and report.filled_qty < 0:",
        ),
        (
            "an order that a person wrote off comes back with a halt",
            "    if order.state is State.WRITTEN_OFF:\n        _halt",
            "    if order.state is State.MANUAL:\n        _halt",
        ),
        (
            "more than was ordered is believed only of one that somebody enlarged",
            "    is_possible = report.filled_qty <= max(order.qty, report.qty)\n",
            "    is_possible = True\n",
        ),
        (
            "one that somebody enlarged calls a person",
            '    _halt(desk, f"{order.local_id}, {mismatch}", source)\n    if report',
            "    if report",
        ),
    ),
    *mutations(
        "store/unproven.py",
        WRITING_OFF,
        (
            "what a person wrote off of a sale is not sold again before it was looked for",
            '        bindparam("needed") > _LOOKS_SINCE,\n',
            '        bindparam("needed") < _LOOKS_SINCE,\n',
        ),
        (
            "looks from before an order was written off do not count",
            ", _READS.c.at > _ORDERS.c.updated_at)",
            ")",
        ),
    ),
    *mutations(
        "services/risk/standing.py",
        WRITING_OFF,
        (
            "what a sale was written off of is not owned",
            "    unproven = [(each, each.open_qty) for each in orders.unproven_sales()]\n",
            "    unproven: list[tuple[Order, Decimal]] = []\n",
        ),
    ),
    *mutations(
        "store/protections.py",
        WRITING_OFF,
        (
            "what a sale was written off of has no stop",
            "        for order in unproven_sales(connection):\n"
            "            held[_place(order)] = "
            "Qty(max(held[_place(order)] - order.open_qty, ZERO))\n",
            "",
        ),
    ),
    *mutations(
        "store/changes.py",
        WRITING_OFF,
        (
            "no sale grows by what another was written off of",
            "                or each.local_id in unproven\n",
            "",
        ),
    ),
    *mutations(
        "services/orders/settle.py",
        WRITING_OFF,
        (
            "each look that misses what was written off counts",
            "        elif order.local_id in unproven:\n",
            "        elif order.local_id not in unproven:\n",
        ),
    ),
    *mutations(
        "store/handovers.py",
        ("cases/test_enlarged.py", "store/test_handovers.py"),
        (
            "what a sale of ours may take first is not handed over",
            "    if selling and holding.qty < beyond + selling:\n        return False\n",
            "",
        ),
        (
            "what was enlarged is handed over once",
            'return beyond - _sum(_GIVEN, connection, {"why": _reason(order)}) if beyond > 0',
            "return beyond if beyond > 0",
        ),
        (
            "what was enlarged is measured by what it was before",
            "        return enlarged[0]\n",
            "        return enlarged[-1]\n",
        ),
        (
            "what filled beyond our size is the person's with its fill",
            "            hand_over(connection, order, at=max(each.at for each in bought))\n",
            "            pass\n",
        ),
    ),
    *mutations(
        "domain/reconciliations.py",
        ("domain/test_reconciliations.py", "services/books/test_reconcile.py"),
        (
            "two clean comparisons count only when they are apart",
            "run.last_at - run.first_at >= CLEAN_PASSES_APART",
            "run.last_at >= run.first_at",
        ),
        (
            "the last two alone are enough only when they are apart",
            "    return newest[0].at - newest[1].at >= CLEAN_PASSES_APART\n",
            "    return newest[0].at >= newest[1].at\n",
        ),
    ),
    *mutations(
        "wiring/panicked.py",
        ("wiring/test_desks.py",),
        (
            "the books are told of panic by its name",
            "parts.stores.halts.latch(HaltKind.PANIC, reason=why",
            "parts.stores.halts.latch(HaltKind.OPERATOR, reason=why",
        ),
        (
            "a panic on another machine keeps stops away",
            "return panic_is_here(parts) or any(each.kind is HaltKind.PANIC for each in latched())",
            "return panic_is_here(parts)",
        ),
    ),
    *mutations(
        "services/orders/settle.py",
        SETTLING,
        (
            "a cancel is written before it leaves",
            "    canceling = [_canceling(desk, each) for each in orders]\n"
            "    refused = _ask_to_cancel(desk, canceling)\n",
            "    refused = _ask_to_cancel(desk, orders)\n"
            "    canceling = [_canceling(desk, each) for each in orders]\n",
        ),
        (
            "a cancel that is not proven is asked for again",
            "return order.state is State.CANCELING or is_late",
            "return is_late",
        ),
        (
            "what is over is canceled",
            "return order.state is State.CANCELING or is_late",
            "return order.state is State.CANCELING",
        ),
        (
            "a cancel in vain calls a person",
            "if order.state is State.CANCELING and asked_at - order.updated_at > CANCEL_PATIENCE:",
            "if order.state is State.LIVE and asked_at - order.updated_at > CANCEL_PATIENCE:",
        ),
        (
            "a doubtful cancel changes nothing",
            "        except (OutcomeUnknownError, UnexpectedReplyError):\n",
            "        except UnexpectedReplyError:\n",
        ),
        (
            "what is settled is read again while fills are missing",
            "    _poll_unmatched(desk)\n    asked_at",
            "    asked_at",
        ),
    ),
    *mutations(
        "services/risk/assess.py",
        ("services/risk/test_assess.py", "cases/test_risk.py", "cases/test_concurrency.py"),
        (
            "an approval is reserved before the next intent is looked at",
            "                self._standing.reserve(order)\n",
            "                self._standing.reserving.clear()\n",
        ),
        (
            "reductions are answered first",
            "        opens = intent.side is Side.BUY\n",
            "        opens = intent.side is Side.SELL\n",
        ),
    ),
    *mutations(
        "store/assessments.py",
        ("store/test_assessments.py",),
        (
            "an intent is answered once",
            "        if answered != len(answers):",
            "        if answered > len(answers):",
        ),
        (
            "nothing is reserved that no plan approves",
            "if order.intent_id not in approved or order.plan_id != plan.plan_id:",
            "if order.plan_id != plan.plan_id:",
        ),
    ),
    *mutations(
        "services/risk/standing.py",
        ("services/risk/test_assess.py", "cases/test_risk.py"),
        (
            "what may still fill counts in every cap",
            "        for order in reserving:\n            self._count_order(order)\n",
            "",
        ),
        (
            "what filled and is not booked counts",
            "        self._count_unbooked(unexplained)\n",
            "",
        ),
    ),
    *mutations(
        "kraken/http.py",
        ("kraken/test_http.py", "kraken/test_private_line.py", "kraken/test_orders.py"),
        (
            "nothing that can change anything is asked twice",
            "        if call is Call.READ and attempt.hand in {Hand.OURS, Hand.UNTOLD}:",
            "        if attempt.hand in {Hand.OURS, Hand.UNTOLD}:",
        ),
        (
            "what is sent is kept before it leaves",
            "            self._keep_leaving(attempt, reservation)\n",
            "",
        ),
    ),
    *mutations(
        "panic.py",
        ("test_panic.py", "cases/test_panic.py"),
        (
            "panic latches before it cancels",
            "    _latch(told.latch, told.reason, outcome)\n",
            "",
        ),
        (
            "panic looks until several reads in a row find nothing",
            ">= self.settle for each in self.clean_since) >= CLEAN_READS",
            ">= self.settle for each in self.clean_since) >= 1",
        ),
        (
            "panic looks for as long as something may be on its way",
            "return sum(each >= self.settle for each in self.clean_since)",
            "return sum(each >= 0 for each in self.clean_since)",
        ),
        (
            "panic cancels what appears later",
            "if outcome.remaining is None or outcome.remaining or not outcome.canceled_once:",
            "if not outcome.canceled_once:",
        ),
        (
            "a latch that is there stays as it is",
            "        if not file.exists():\n",
            "        if True:\n",
        ),
    ),
)
