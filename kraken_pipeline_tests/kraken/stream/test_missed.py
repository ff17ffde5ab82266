from decimal import Decimal

from kraken_pipeline.kraken.stream.missed import Missed

BTC = "BTC/USD"


def look(missed: Missed, at: float, *, ticker: tuple[int, float], trade: tuple[int, float]) -> bool:
    return missed.look(BTC, (Decimal(ticker[0]), ticker[1]), (Decimal(trade[0]), trade[1]), at)


def test_a_ticker_that_tells_another_price_for_ten_seconds_shows_a_missing_trade() -> None:
    missed = Missed()

    found = [look(missed, at, ticker=(7, 5.0), trade=(6, 1.0)) for at in (5.0, 10.0, 15.0, 16.0)]

    assert found == [False, False, True, False]


def test_a_tape_that_goes_on_lacks_nothing() -> None:
    missed = Missed()

    found = [look(missed, at, ticker=(7, at), trade=(6, at - 1)) for at in (5.0, 15.0, 25.0)]

    assert found == [False, False, False]


def test_a_ticker_that_is_older_than_the_tape_shows_nothing() -> None:
    missed = Missed()

    assert not any(look(missed, at, ticker=(7, 1.0), trade=(6, 2.0)) for at in (5.0, 50.0))


def test_a_price_that_came_back_begins_anew() -> None:
    missed = Missed()
    look(missed, 5.0, ticker=(7, 5.0), trade=(6, 1.0))
    look(missed, 6.0, ticker=(6, 6.0), trade=(6, 1.0))

    assert not look(missed, 15.5, ticker=(7, 15.0), trade=(6, 1.0))


def test_a_ticker_that_never_agrees_is_spoken_of_every_five_minutes() -> None:
    missed = Missed()

    said = [at for at in range(5, 1000, 10) if look(missed, at, ticker=(7, at), trade=(6, 1.0))]

    assert said == [15, 315, 615, 915]
