"""Rules of the simulated exchange at its edge: keys, nonces, calls, pages, tokens, the stream."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "simulator/tokens.py",
        ("simulator/test_tokens.py",),
        (
            "a token's life ends after fifteen minutes",
            "now < token.issued + LIFE",
            "now <= token.issued + LIFE",
        ),
        (
            "a held token stays good",
            "return token.holders > 0 or now < token.issued + LIFE",
            "return now < token.issued + LIFE",
        ),
        (
            "a token stays good until its last holder lets go",
            "self._tokens[token].holders -= 1",
            "self._tokens[token].holders = 0",
        ),
        (
            "a restart forgets every token",
            "with self._lock:\n            self._tokens.clear()",
            "with self._lock:\n            self._tokens.copy()",
        ),
    ),
    *mutations(
        "simulator/rest_limits.py",
        ("simulator/test_rest_limits.py", "simulator/test_keys.py"),
        ("reading history costs two", "return 2 if method in _HISTORY else 1", "return 1"),
        ("orders cost nothing here", "if method in _FREE:", "if not method:"),
        (
            "a count may reach its limit",
            "return after <= self._budget.most",
            "return after < self._budget.most",
        ),
        (
            "what may not pass counts too",
            "self._count = min(after,",
            "self._count = min(after if after <= self._budget.most else self._count,",
        ),
        (
            "nobody is kept out for longer than a quarter of an hour",
            "self._budget.most + LONGEST_SECONDS * self._budget.decay",
            "after",
        ),
        ("candles and trades are counted per pair as well", "passes &= ", "passes |= "),
        (
            "starters have 15 calls",
            "Tier.STARTER: Budget(15, 0.33)",
            "Tier.STARTER: Budget(16, 0.33)",
        ),
        (
            "a starter's count falls by a third in a second",
            "Tier.STARTER: Budget(15, 0.33)",
            "Tier.STARTER: Budget(15, 0.34)",
        ),
    ),
    *mutations(
        "simulator/nonces.py",
        ("simulator/test_nonces.py", "simulator/test_keys.py"),
        ("a nonce is used once", "if nonce > highest:", "if nonce >= highest:"),
        (
            "a nonce at the edge of the window is good",
            "nonce < highest - window",
            "nonce <= highest - window",
        ),
        (
            "a nonce below the window is not good",
            "if nonce <= floor or nonce < highest - window or nonce in used:",
            "if nonce in used:",
        ),
        ("a nonce inside of the window is used once", " or nonce in used:", ":"),
        (
            "the highest nonce is kept on disk",
            "            self._keep(key, nonce)\n",
            "            self._highest[key] = nonce\n",
        ),
        (
            "a window that is opened later opens nothing that was passed",
            "self._floor[key] = max(floor, nonce - window - 1)",
            "self._floor[key] = floor",
        ),
    ),
    *mutations(
        "simulator/keys.py",
        ("simulator/test_keys.py",),
        (
            "a wrong signature is refused",
            "if not request.signed_with(key.secret):",
            "if not request:",
        ),
        ("a key does what it may", "if not key.may(permissions):", "if not key:"),
        (
            "wrong keys in a row lock out",
            "if self._wrong[name] >= MOST_WRONG_KEYS:",
            "if self._wrong[name] > MOST_WRONG_KEYS:",
        ),
        (
            "a lockout lasts a quarter of an hour",
            "LOCKOUT: Final = timedelta(minutes=15)",
            "LOCKOUT: Final = timedelta(minutes=14)",
        ),
        (
            "many wrong nonces lock out",
            "if len(seen) > MOST_WRONG_NONCES:",
            "if len(seen) > 10 * MOST_WRONG_NONCES:",
        ),
        (
            "a call over the limit is refused",
            "return counter.spend(cost(method), now)",
            "return counter.spend(cost(method), now) or True",
        ),
        (
            "an expired key is none",
            "if key is None or not key.is_good(request.host, now):",
            "if key is None:",
        ),
        (
            "wrong keys count in a row only",
            "self._wrong.pop(request.key, None)\n        return key",
            "return key",
        ),
    ),
    *mutations(
        "simulator/auth.py",
        ("simulator/test_auth.py", "simulator/test_keys.py"),
        (
            "a signature covers the nonce",
            "hashlib.sha256(nonce.encode() + body)",
            "hashlib.sha256(body)",
        ),
        (
            "a signature covers the path",
            "path.encode() + digest",
            "digest",
        ),
        ("a nonce has 64 bits", "return nonce if nonce < LARGEST_NONCE else None", "return nonce"),
        ("a key expires in its moment", "now >= self.valid_until", "now > self.valid_until"),
    ),
    *mutations(
        "simulator/service.py",
        ("simulator/test_keys.py", "simulator/test_rest_limits.py", "simulator/test_rest.py"),
        (
            "a call of an unknown method is not found",
            "OF_THE_KEY:\n            return refused(UNKNOWN_METHOD, 404)",
            "OF_THE_KEY:\n            return refused(UNKNOWN_METHOD)",
        ),
        (
            "public calls are limited where all limits hold",
            "if self.keys.limits is Limits.ALL and not",
            "if self.keys.limits is Limits.PRIVATE and not",
        ),
    ),
    *mutations(
        "simulator/api/paging.py",
        ("simulator/api/test_account.py", "kraken/test_history_at_the_simulator.py"),
        (
            "a page begins after its start",
            "else _up_to(rows, start, moment)",
            "else _up_to(rows, start, moment) + 1",
        ),
        (
            "a page ends with its end",
            "else _up_to(rows, end, moment)",
            "else _up_to(rows, end, moment) + 1",
        ),
        (
            "a page counts all that matches",
            "count=max(0, stop - begin))",
            "count=len(chosen))",
        ),
        ("a page shows the newest first", "reverse=True)", "reverse=False)"),
        ("an offset passes over rows", "[offset : offset + ROWS]", "[:ROWS]"),
        ("a page has fifty rows", "ROWS: Final = 50", "ROWS: Final = 51"),
    ),
    *mutations(
        "simulator/stream/depth.py",
        ("simulator/stream/test_depth.py", "simulator/stream/test_book.py"),
        (
            "a checksum begins with the asks",
            "for side in (sides.asks, sides.bids)",
            "for side in (sides.bids, sides.asks)",
        ),
        ("a checksum covers ten levels", "CHECKED: Final = 10", "CHECKED: Final = 11"),
        (
            "a level that is gone is told",
            "return [*((ticks, 0) for ticks in gone), *told]",
            "return [*told]",
        ),
        (
            "a level that falls out of the depth is not told",
            "if len(after) == depth:",
            "if len(after) > depth:",
        ),
        (
            "orders of one price are one level",
            "levels[ticks] = levels.get(ticks, 0) + int(qty / pair.lot)",
            "levels[ticks] = int(qty / pair.lot)",
        ),
    ),
    *mutations(
        "simulator/stream/private.py",
        ("simulator/stream/test_private.py", "simulator/stream/test_executions.py"),
        (
            "each frame of the executions has the next number",
            'next(listening.sequence)\n            frame = frames.data(EXECUTIONS, "update"',
            '2\n            frame = frames.data(EXECUTIONS, "update"',
        ),
        (
            "each frame of the balances has the next number",
            'f"[{row}]", sequence=next(sequence)',
            'f"[{row}]", sequence=2',
        ),
        (
            "what happened is told in the order in which it happened",
            "self._waiting.popleft()",
            "self._waiting.pop()",
        ),
    ),
    *mutations(
        "simulator/stream/answers.py",
        ("simulator/stream/test_methods.py", "simulator/stream/test_session.py"),
        (
            "a stream's token must be good",
            "if key is None:\n            raise",
            "if key is False:\n            raise",
        ),
        (
            "a stream's key does what it may",
            "if not key.may(permissions):",
            "if not key:",
        ),
    ),
)
