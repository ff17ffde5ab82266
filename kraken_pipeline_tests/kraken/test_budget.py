import multiprocessing
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    LockedOutError,
    PipelineError,
    RateLimitedError,
)
from kraken_pipeline.kraken.budget import (
    UNLIMITED,
    Budget,
    Heard,
    Pace,
    SharedBudget,
    is_alive,
)
from kraken_pipeline.kraken.failures import Call, Failure, failure_of, strange_status
from kraken_pipeline.kraken.kinds import Kind
from kraken_pipeline.kraken.limits import HEADROOM, RECONCILE, SLACK, TIERS, Lane
from kraken_pipeline.kraken.locks import opened, taken
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, SECRET

STARTER = TIERS["starter"]
DONE = Heard(result={})
LOCAL = Heard(failure=Failure(kind=Kind.LOCAL, said="refused"))
ADD = {"pair": "XBTUSD", "ordertype": "limit", "timeinforce": "GTC"}


@dataclass
class Turned:
    """A clock that waiting turns."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def pace(self) -> Pace:
        return Pace(clock=lambda: self.now, sleep=self.sleep)


def budget_in(
    folder: Path, time: Turned, credential: Credential = CREDENTIAL, account: str | None = None
) -> SharedBudget:
    return SharedBudget(folder, credential, tier=STARTER, account=account, pace=time.pace)


def ask(
    budget: Budget,
    method: str = "Balance",
    heard: Heard = DONE,
    *,
    params: Mapping[str, object] | None = None,
) -> None:
    budget.settle(budget.reserve(method, params or {}), heard)


def refused(said: str) -> Heard:
    return Heard(failure=failure_of([said]))


def add(budget: Budget, number: int) -> None:
    budget.settle(budget.reserve("AddOrder", ADD), Heard(result={"txid": [f"O{number}"]}))


def test_reads_leave_at_once_until_the_counter_is_full_and_then_as_it_falls(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for _ in range(STARTER.rest_most - SLACK):
        ask(budget)
    assert time.slept == []

    ask(budget)

    assert sum(time.slept) == pytest.approx(1 / STARTER.rest_decay, abs=0.01)


def test_all_that_use_the_key_count_together(tmp_path: Path) -> None:
    time = Turned()
    for _ in range(STARTER.rest_most - SLACK):
        ask(budget_in(tmp_path, time))
    assert time.slept == []

    ask(budget_in(tmp_path, time))
    waited = sum(time.slept)
    ask(budget_in(tmp_path, time, Credential(key="another", secret=SECRET)))

    assert waited > 3
    assert sum(time.slept) == waited


def test_after_any_history_of_pages_a_whole_reconcile_fits_at_once(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for page in range(1, 20):
        ask(budget, "Ledgers", params={"ofs": str(50 * page)})
    waits = len(time.slept)
    assert waits > 0

    for method in RECONCILE:
        ask(budget, method)

    assert len(time.slept) == waits
    assert HEADROOM == 8


def test_a_wait_past_ones_patience_is_refused_and_says_how_long(tmp_path: Path) -> None:
    time = Turned()
    pace = Pace(clock=lambda: time.now, sleep=time.sleep, patience={Lane.READ: 1.0})
    budget = SharedBudget(tmp_path, CREDENTIAL, tier=STARTER, pace=pace)
    for _ in range(STARTER.rest_most - SLACK):
        ask(budget)

    with pytest.raises(RateLimitedError, match=r"another 3\.0 s") as late:
        ask(budget)
    assert late.value.wait is not None
    assert late.value.wait.total_seconds() == pytest.approx(1 / STARTER.rest_decay, abs=1e-5)
    assert time.slept == []


def test_a_call_that_never_left_costs_nothing(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for _ in range(100):
        ask(budget, heard=LOCAL)

    assert time.slept == []


def test_orders_and_cancels_do_not_count_against_the_key(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for _ in range(20):
        ask(budget, "AddOrder", params=ADD)
        ask(budget, "CancelAllOrdersAfter", params={"timeout": "60"})
    ask(budget)

    assert time.slept == []


def test_a_full_counter_of_a_pair_stops_new_orders_and_no_cancel(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for number in range(7):
        add(budget, number)
    for number in range(7):
        ask(budget, "CancelOrder", params={"txid": f"O{number}"})  # 8 each
    assert time.slept == []

    with pytest.raises(RateLimitedError):
        add(budget, 9)
    ask(budget, "CancelAll")
    ask(budget, "AddOrder", params={**ADD, "pair": "ETHUSD"})
    time.now += 60
    add(budget, 9)


def test_a_pair_with_as_many_open_orders_as_allowed_takes_no_more(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for number in range(STARTER.open_orders):
        time.now += 1.1
        add(budget, number)

    with pytest.raises(RateLimitedError, match="cancel some"):
        add(budget, 99)
    ask(budget, "CancelOrder", params={"txid": "O0"})
    time.now += 30
    add(budget, 99)


def test_an_order_whose_place_a_cancel_took_does_not_fit_any_more(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for number in range(10):
        add(budget, number)
    waiting = budget.reserve("AddOrder", ADD)
    assert budget.still_fits(waiting)

    ask(budget, "CancelAll")

    assert not budget.still_fits(waiting)
    budget.settle(waiting, LOCAL)
    time.now += 60
    assert budget.still_fits(budget.reserve("AddOrder", ADD))


def test_a_cancel_that_others_kept_from_being_counted_is_counted_once_it_is_answered(
    tmp_path: Path,
) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    add(budget, 1)
    held = opened(tmp_path / f"engine-{CREDENTIAL.key_id}.lock")
    assert taken(held)
    reservation = budget.reserve("CancelAll", {})
    os.close(held)

    budget.settle(reservation, Heard(result={"count": 1}))

    assert budget.reserve("AddOrder", ADD).standing == {"XBTUSD": pytest.approx(1 + 8 + 1)}


def test_keys_of_one_account_share_the_counters_of_its_pairs(tmp_path: Path) -> None:
    time = Turned()
    guard = Credential(key="guard", secret=SECRET)
    for number in range(7):
        add(budget_in(tmp_path, time, account="main"), number)
        ask(
            budget_in(tmp_path, time, guard, account="main"),
            "CancelOrder",
            params={"txid": f"O{number}"},
        )

    with pytest.raises(RateLimitedError):
        add(budget_in(tmp_path, time, account="main"), 9)


def test_after_a_refusal_for_asking_too_often_it_is_quiet(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    ask(budget, heard=refused("EAPI:Rate limit exceeded"))

    ask(budget)

    assert sum(time.slept) >= 5


def test_after_a_refusal_of_the_engine_the_pair_is_taken_for_full(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    ask(budget, "AddOrder", refused("EOrder:Rate limit exceeded"), params=ADD)

    ask(budget, "AddOrder", params=ADD)
    ask(budget)

    assert len(time.slept) >= 1
    assert sum(time.slept) == pytest.approx(1 + SLACK, abs=0.01)


def test_the_edge_that_turns_us_away_is_left_alone_by_reads_and_orders(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    ask(budget, heard=Heard(failure=strange_status(403, b"captcha", call=Call.READ)))

    with pytest.raises(RateLimitedError):
        ask(budget, "AddOrder", params=ADD)
    ask(budget, "CancelAll")
    ask(budget)

    assert sum(time.slept) == pytest.approx(60, abs=0.01)


def test_two_refusals_of_the_key_stop_it_everywhere_until_it_is_changed(tmp_path: Path) -> None:
    time = Turned()
    for _ in range(2):
        ask(budget_in(tmp_path, time), heard=refused("EAPI:Invalid signature"))

    for method in ("Balance", "AddOrder", "CancelAll"):
        with pytest.raises(AuthError, match="keys doctor"):
            ask(budget_in(tmp_path, time), method)
    mended = Credential(key=CREDENTIAL.key, secret="bWVuZGVk")
    ask(budget_in(tmp_path, time, mended))


def test_a_person_can_let_a_stopped_key_be_used_again(tmp_path: Path) -> None:
    budget = budget_in(tmp_path, Turned())
    for _ in range(2):
        ask(budget, heard=refused("EAPI:Invalid key"))

    budget.resume()

    ask(budget)


def test_refusals_with_an_answer_between_them_stop_nothing(tmp_path: Path) -> None:
    budget = budget_in(tmp_path, Turned())
    for _ in range(5):
        ask(budget, heard=refused("EAPI:Invalid key"))
        ask(budget)


def test_a_missing_permission_never_stops_the_key(tmp_path: Path) -> None:
    budget = budget_in(tmp_path, Turned())
    for _ in range(5):
        ask(budget, heard=refused("EGeneral:Permission denied"))

    ask(budget, "CancelAll")


def test_a_lock_silences_the_key_for_a_quarter_of_an_hour_and_no_other(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    ask(budget, heard=refused("EGeneral:Temporary lockout"))
    time.now += 890

    for method in ("Balance", "AddOrder", "CancelAll"):
        with pytest.raises(LockedOutError, match="0:00:10"):
            ask(budget, method)
    ask(budget_in(tmp_path, time, Credential(key="guard", secret=SECRET)), "CancelAll")
    time.now += 11
    ask(budget)


@pytest.mark.parametrize("content", [b"", b"canary", b'{"raw":1}', b"[]"])
def test_counters_that_cannot_be_read_are_taken_for_full(tmp_path: Path, content: bytes) -> None:
    (tmp_path / f"key-{CREDENTIAL.key_id}.json").write_bytes(content)
    time = Turned()

    ask(budget_in(tmp_path, time))

    assert sum(time.slept) > 0


def test_counters_that_cannot_be_kept_stop_all_but_cancels(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    budget = budget_in(tmp_path / "file", Turned())

    for method in ("Balance", "AddOrder"):
        with pytest.raises(ConfigurationError, match="Nothing was sent"):
            ask(budget, method)
    ask(budget, "CancelAll")


def test_a_clock_that_begins_anew_with_the_machine_makes_no_room(tmp_path: Path) -> None:
    for _ in range(STARTER.rest_most - SLACK):
        ask(budget_in(tmp_path, Turned(now=1_000_000)))
    restarted = Turned(now=3)

    ask(budget_in(tmp_path, restarted))

    assert sum(restarted.slept) == pytest.approx(1 / STARTER.rest_decay, abs=0.01)


def test_a_higher_figure_of_the_stream_is_believed_at_once(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    budget.observe("XBTUSD", 58)
    assert budget.reserve("AddOrder", ADD).standing == {"XBTUSD": pytest.approx(59)}


def test_a_lower_figure_of_the_stream_is_believed_once_ours_is_settled(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for number in range(20):
        add(budget, number)
    time.now += 3
    budget.observe("XBTUSD", 2)

    assert budget.reserve("AddOrder", ADD).standing == {"XBTUSD": pytest.approx(3)}


def test_an_old_figure_of_the_stream_does_not_lower_what_was_just_counted(tmp_path: Path) -> None:
    time = Turned()
    budget = budget_in(tmp_path, time)
    for number in range(10):
        add(budget, number)
    budget.observe("XBTUSD", 0)

    assert budget.reserve("AddOrder", ADD).standing == {"XBTUSD": pytest.approx(11)}


def test_without_limits_everything_leaves() -> None:
    for _ in range(1000):
        ask(UNLIMITED)


def crash(folder: Path) -> None:
    """In another process: reserve and die."""
    budget = SharedBudget(folder, CREDENTIAL, tier=STARTER)
    for _ in range(5):
        budget.reserve("Balance", {})
    os._exit(9)


@pytest.mark.slow
def test_what_a_killed_process_reserved_is_counted_and_falls(tmp_path: Path) -> None:
    doomed = multiprocessing.get_context("spawn").Process(target=crash, args=(tmp_path,))
    doomed.start()
    doomed.join()

    budget = SharedBudget(tmp_path, CREDENTIAL, tier=STARTER)
    standing = budget.reserve("Balance", {}).standing["rest"]

    assert 5 < standing <= 6
    assert not is_alive(doomed.pid or 0)


def test_threads_never_get_more_than_there_is(tmp_path: Path) -> None:
    budget = SharedBudget(
        tmp_path,
        CREDENTIAL,
        tier=STARTER,
        pace=Pace(clock=lambda: 1.0, patience={Lane.READ: 0.0}),
    )
    left: list[str] = []

    def read() -> None:
        for _ in range(10):
            try:
                left.append(budget.reserve("Balance", {}).name)
            except PipelineError:
                return

    threads = [threading.Thread(target=read) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(set(left)) == len(left) == STARTER.rest_most - SLACK


@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(["Balance", "Ledgers", "AddOrder", "CancelAll"]),
            st.floats(0, 5, allow_nan=False),
        ),
        max_size=25,
    )
)
def test_no_lane_starves_in_normal_load(
    calls: list[tuple[str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A call every few seconds: none waits longer than its lane's patience, and none for 60 s."""
    time = Turned()
    budget = budget_in(tmp_path_factory.mktemp("budget"), time)
    for method, pause in calls:
        time.now += pause + 4
        asked_at = time.now
        ask(budget, method, params=ADD if method == "AddOrder" else {})
        assert time.now - asked_at < 60
