from decimal import Decimal

from kraken_pipeline.domain.reports import Balance


def test_what_is_held_is_not_available() -> None:
    assert Balance(total=Decimal("1.0"), held=Decimal("0.4")).available == Decimal("0.6")


def test_what_is_left_of_a_credit_line_is_available() -> None:
    balance = Balance(
        total=Decimal("1.0"), held=Decimal("0.4"), credit=Decimal(5), credit_used=Decimal(2)
    )

    assert balance.available == Decimal("3.6")
