"""What the read models of the books are made of."""

from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.portfolio import PortfolioDesk
from kraken_pipeline.wiring.parts import Parts


def portfolio_desk(parts: Parts) -> PortfolioDesk:
    """What reading the portfolio needs; nothing is asked of the exchange."""
    settings, refresh = parts.loaded.settings.portfolio, parts.stores.universes.refresh()
    judged = {} if refresh is None else refresh.judged
    return PortfolioDesk(
        books=parts.stores.books,
        accounts=parts.stores.accounts,
        base_currency=Asset(settings.base_currency),
        method=Method(settings.cost_basis_method),
        bases={each.name.pair: each.name.base for each in judged.values()},
    )
