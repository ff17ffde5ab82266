"""Rules of what restrains a buy before any cap: its strategy's share, and what happened of late."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "domain/allocation.py",
        ("domain/test_allocation.py",),
        (
            "who won gets no more than he wants",
            "            each: min(ONE, now[each] / even[each]).quantize(",
            "            each: (now[each] / even[each]).quantize(",
        ),
        (
            "where equity is not known a loss counts in full",
            "        return ZERO if profit < 0 else ONE",
            "        return ONE",
        ),
        (
            "a tilt never turns a weight round",
            "    return min(max(tilt, ZERO), 2 * ONE)",
            "    return min(tilt, 2 * ONE)",
        ),
        (
            "what the market leaves counts",
            "    factor = (weight * relative * market * part).quantize(",
            "    factor = (weight * relative * part).quantize(",
        ),
        (
            "what a stage leaves counts",
            "    part = rules.parts.get(strategy_id, ONE)\n    factor",
            "    part = ONE\n    factor",
        ),
        (
            "no part is above the greatest",
            "        over = {each: high for each, part in given.items() if part > high}",
            "        over: dict[str, Decimal] = {}",
        ),
    ),
    *mutations(
        "services/risk/allocate.py",
        ("services/risk/test_allocate.py",),
        (
            "who waits for a loss to go away has it all the same",
            '            found[each.book.partition("@")[0]] += open_loss',
            '            found[each.book.partition("@")[0]] += ZERO',
        ),
        (
            "a profit that is not taken does not count",
            "            open_loss = min(world.worth(pair.base, each.qty) - each.cost, ZERO)",
            "            open_loss = world.worth(pair.base, each.qty) - each.cost",
        ),
        (
            "a market whose newest bar is missing is not known",
            "    is_current = bars.opened_at.size > 0 and int(bars.opened_at[-1]) == newest",
            "    is_current = bars.opened_at.size > 0",
        ),
        (
            "bars that can't be read stop no sale",
            "    except StorageError:",
            "    except ZeroDivisionError:",
        ),
    ),
    *mutations(
        "domain/protections.py",
        ("domain/test_protections.py",),
        (
            "the drawdown is the deepest fall, not the last",
            "        fall = max(fall, peak - won)",
            "        fall = peak - won",
        ),
        (
            "what cannot be told of a swing is as bad as too much",
            "    is_calm = newest.times is not None and newest.times <= told.threshold",
            "    is_calm = newest.times is None or newest.times <= told.threshold",
        ),
        (
            "losses in a row are all losses",
            "any(each.profit >= 0 for each in last)",
            "all(each.profit >= 0 for each in last)",
        ),
        (
            "a lock holds for all of its time",
            "        if straw.at + protection.lock <= now:",
            "        if straw.at <= now:",
        ),
        (
            "what is outside the window does not count",
            "        window = [each for each in events[: last + 1] if each.at > first]",
            "        window = events[: last + 1]",
        ),
        (
            "a good trade does not end a lock",
            "    for last in range(len(events) - 1, -1, -1):",
            "    for last in range(len(events) - 1, len(events) - 2, -1):",
        ),
        (
            "a pair is locked by itself where it says so",
            '        found[each.pair if protection.by_pair else ""].append(each)',
            '        found[""].append(each)',
        ),
    ),
    *mutations(
        "services/risk/world.py",
        ("services/risk/test_world.py",),
        (
            "what a buy needs counts with its fee",
            "        return Claim(cost * (1 + fee_share), ZERO)",
            "        return Claim(cost, ZERO)",
        ),
        (
            "the fee of what is held for others counts",
            "        return balance.total - balance.held - fees_of_others - claimed.needed",
            "        return balance.total - balance.held - claimed.needed",
        ),
    ),
    *mutations(
        "services/risk/standing.py",
        ("services/risk/test_any_fills.py", "services/risk/test_assess.py"),
        (
            "what was just approved claims its cash",
            "        self._claims.add(order)\n",
            "",
        ),
        (
            "what was just approved is an open order of its pair",
            "        self._reserving[order.pair].append(order)\n",
            "",
        ),
    ),
    *mutations(
        "domain/exposure.py",
        ("domain/test_exposure.py", "services/risk/test_any_fills.py"),
        (
            "what is held is a position from the first of it",
            "        is_held = self._by_asset[asset] - self._dust[asset] >= COUNTS_FROM",
            "        is_held = False",
        ),
    ),
)
