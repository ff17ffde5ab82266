"""What each strategy, pair and day brought adds up to what the books realised."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.attribution import Dimension, attributed
from kraken_pipeline.domain.accounting.periods import Days
from kraken_pipeline.domain.book_steps import Place, Step, walked
from kraken_pipeline.domain.lots import Fill, Transfer
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import EXACT, ZERO, Price, Qty
from kraken_pipeline_tests.domain.accounting.lives import START

PLACES = [("trend@4h", "XBTUSD"), ("trend@4h", "ETHUSD"), ("manual", "XBTUSD")]
FILLS = st.lists(
    st.tuples(
        st.sampled_from(PLACES), st.booleans(), st.integers(1, 50), st.integers(1, 900)
    ),
    max_size=20,
)  # fmt: skip
EVER = Days()


def fill(place: Place, number: int, *, buys: bool, qty: int, price: int) -> Fill:
    return Fill(
        trade_id=f"T{number:03}",
        kraken_order_id="O",
        pair=place[1],
        side=Side.BUY if buys else Side.SELL,
        price=Price(Decimal(price)),
        qty=Qty(Decimal(qty)),
        cost=Decimal(qty * price),
        fee=Decimal(1),
        maker=False,
        at=START + timedelta(hours=9 * number),
        quote_rate=Decimal(2),
        book=place[0],
    )


def lived(told: list[tuple[Place, bool, int, int]]) -> dict[Place, list[Step]]:
    found: defaultdict[Place, list[Step]] = defaultdict(list)
    for number, (place, buys, qty, price) in enumerate(told):
        found[place].append(fill(place, number, buys=buys, qty=qty, price=price))
    return dict(found)


@given(told=FILLS, by=st.sampled_from(Dimension))
def test_shares_add_up_to_what_the_books_realised(
    told: list[tuple[Place, bool, int, int]], by: Dimension
) -> None:
    steps = lived(told)

    shares = attributed(steps, EVER, by)

    ends = [list(walked(place, some))[-1][1] for place, some in steps.items()]
    with localcontext(EXACT):
        realised = sum((each.realised for each in ends), ZERO)
        assert sum((each.realised for each in shares), ZERO) == realised
        assert sum((each.fees for each in shares), ZERO) == 2 * len(told)
    assert sum(each.fills for each in shares) == len(told)


def test_a_sale_counts_for_its_own_day_at_what_was_paid_before() -> None:
    place = PLACES[0]
    bought = fill(place, 0, buys=True, qty=2, price=100)
    sold = fill(place, 8, buys=False, qty=1, price=150)

    [share] = attributed(
        {place: [bought, sold]}, Days(first=date(2026, 1, 3)), Dimension.DAY
    )  # fmt: skip

    assert (share.name, share.fills) == ("2026-01-04", 1)
    assert (share.realised, share.traded) == (Decimal(98), Decimal(300))


def test_a_transfer_between_books_is_nobodys_gain() -> None:
    sender, target = PLACES[0], PLACES[2]
    bought = fill(sender, 0, buys=True, qty=2, price=100)
    given_away = Transfer(
        transfer_id="X",
        pair="XBTUSD",
        from_book=sender[0],
        to_book=target[0],
        qty=Qty(Decimal(2)),
        cost=Decimal(400),
        at=START + timedelta(hours=1),
        reason="a test",
    )
    sold = fill(target, 1, buys=False, qty=2, price=110)
    steps: dict[Place, list[Step]] = {sender: [bought, given_away], target: [given_away, sold]}

    shares = {each.name: each for each in attributed(steps, EVER, Dimension.STRATEGY)}

    assert shares["trend@4h"].realised == -2
    assert shares["manual"].realised == 440 - 400 - 2
