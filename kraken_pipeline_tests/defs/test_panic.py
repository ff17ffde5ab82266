import dagster as dg
import pytest

from kraken_pipeline.defs.build import build
from kraken_pipeline.defs.panic import panic_flag, prove_nothing_is_open
from kraken_pipeline.defs.trading import MAX_ATTEMPTS
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.wiring.emergency import Emergency
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline_tests.defs.runs import QUIET, Runs, as_answer, failures_of
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


def flag(runs: Runs) -> dg.RunRequest | dg.SkipReason:
    """Return what the sensor of the panic file says."""
    return as_answer(
        panic_flag(
            dg.build_sensor_context(instance=runs.instance, resources={"emergency": runs.emergency})
        )
    )


def run_key(answer: dg.RunRequest | dg.SkipReason) -> str:
    assert isinstance(answer, dg.RunRequest)
    return str(answer.run_key)


def test_without_a_file_or_a_breach_nobody_panics(runs: Runs) -> None:
    assert isinstance(flag(runs), dg.SkipReason)


def test_the_file_asks_for_panic_once(runs: Runs, pipeline: Pipeline) -> None:
    pipeline.panic_file.touch()

    assert run_key(flag(runs)) == run_key(flag(runs))


def test_a_run_that_failed_is_followed_by_another_three_times_at_most(
    runs: Runs, pipeline: Pipeline
) -> None:
    pipeline.panic_file.touch()
    keys = []
    for _ in range(MAX_ATTEMPTS):
        answer = flag(runs)
        keys.append(run_key(answer))
        runs.begun("panic", keys[-1].partition("/")[0], dg.DagsterRunStatus.FAILURE)

    assert len(set(keys)) == MAX_ATTEMPTS
    assert isinstance(flag(runs), dg.SkipReason)


def test_while_a_run_is_under_way_no_second_one_is_asked_for(
    runs: Runs, pipeline: Pipeline
) -> None:
    pipeline.panic_file.touch()
    runs.begun("panic", runs.emergency.cause(), dg.DagsterRunStatus.STARTED)

    assert isinstance(flag(runs), dg.SkipReason)


def test_a_file_that_appears_again_asks_again(runs: Runs, pipeline: Pipeline) -> None:
    pipeline.panic_file.write_text("the first")
    first = run_key(flag(runs))
    pipeline.resume(reason="a test", by="somebody")
    assert isinstance(flag(runs), dg.SkipReason)
    pipeline.panic_file.write_text("the second")

    assert run_key(flag(runs)) != first


@pytest.mark.parametrize(
    ("kind", "panics"),
    [
        (HaltKind.DRAWDOWN, True),
        (HaltKind.DRIFT, True),
        (HaltKind.OPERATOR, False),
        (HaltKind.CONTRADICTION, False),
    ],
)
def test_a_kill_switch_asks_for_panic_and_a_persons_halt_does_not(
    runs: Runs, pipeline: Pipeline, kind: HaltKind, *, panics: bool
) -> None:
    pipeline.stores.halts.latch(kind, reason="a test", at=pipeline.clock(), by="a test")

    assert isinstance(flag(runs), dg.RunRequest) is panics


@pytest.mark.slow
def test_the_job_cancels_what_rests_and_latches(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    resting_buy(pipeline)
    assert len(market.open_orders) == 1

    assert runs.job("panic").success

    assert market.open_orders == []
    assert market.rows("SELECT status FROM execution_orders") == [("canceled",)]
    assert pipeline.panic_file.exists()


@pytest.mark.slow
def test_the_job_cancels_also_where_the_configuration_can_not_be_read(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    resting_buy(pipeline)
    pipeline.panic_file.touch()
    market.configure("riks: {}\n")
    way_out = Emergency(environ=market.environ, connected=market.pipeline)
    job = build(
        dg.ResourceDefinition(lambda context: connect(market.environ)),
        dg.ResourceDefinition.hardcoded_resource(way_out),
    ).resolve_job_def("panic")

    assert way_out.cause().startswith("file-")
    ended = job.execute_in_process(instance=runs.instance, run_config=QUIET, raise_on_error=False)

    assert market.open_orders == []
    assert not ended.success
    assert "riks" in failures_of(ended)[0]


def test_the_proof_fails_where_an_order_may_still_be_open(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    order = resting_buy(pipeline)
    # as if the exchange had forgotten it: it is not listed, and nobody can say what it became
    del market.served.exchange.account.orders[str(order.kraken_order_id)]
    del market.served.exchange.account.open[str(order.kraken_order_id)]

    with pytest.raises(dg.Failure, match=f"still open: {order.local_id}"):
        prove_nothing_is_open(dg.build_op_context(resources={"emergency": runs.emergency}))


def test_while_the_panic_file_is_there_nothing_is_bought(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    pipeline.panic_file.touch()
    runs.assets("decisions_4h")

    assert runs.job("trade").success
    assert market.orders == []
    assert market.rows("SELECT DISTINCT code FROM denials WHERE code = 'HALTED'")
