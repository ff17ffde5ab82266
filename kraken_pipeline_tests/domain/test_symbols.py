"""Every spelling means one thing, and what is not listed means nothing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.symbols import Asset, PairName, SymbolTable, is_locked

ASSETS = {
    "USDT.M": "USDT.M",  # before what it is a part of
    "XXBT": "XBT",
    "XXDG": "XDG",
    "XETH": "ETH",
    "ETH2": "ETH2",
    "ETH2.S": "ETH2.S",
    "ZUSD": "USD",
    "USDT": "USDT",
    "DOT": "DOT",
    "XTZ": "XTZ",
    "ZEUS": "ZEUS",
    "XU3O8": "XU3O8",
    "S": "S",
    "AMBRx.T": "AMBRx.T",
}
XBTUSD = PairName(pair="XBTUSD", key="XXBTZUSD", base=Asset("XBT"), quote=Asset("USD"))
XDGUSD = PairName(pair="XDGUSD", key="XDGUSD", base=Asset("XDG"), quote=Asset("USD"))


@pytest.fixture
def table() -> SymbolTable:
    return SymbolTable(assets=ASSETS, pairs=[XBTUSD, XDGUSD])


@pytest.mark.parametrize(
    ("spelling", "asset"),
    [
        *[(each, "XBT") for each in ("XXBT", "XBT", "BTC", "XBT.F", "XXBT.M", "BTC.HOLD")],
        *[(each, "ETH") for each in ("XETH", "ETH", "ETH2", "ETH2.S", "ETH.F")],
        *[(each, "USDT") for each in ("USDT", "USDT.M", "USDT.F")],
        *[(each, "DOT") for each in ("DOT", "DOT.S", "DOT28.S", "DOT.P")],
        ("DOGE", "XDG"),
        ("ZUSD", "USD"),
        ("XTZ", "XTZ"),
        ("ZEUS", "ZEUS"),
        ("XU3O8.B", "XU3O8"),
        ("S", "S"),
        ("S.S", "S"),
        ("AMBRx.T", "AMBRx.T"),
    ],
)
def test_every_spelling_of_an_asset_means_that_asset(
    table: SymbolTable, spelling: str, asset: str
) -> None:
    assert table.asset(spelling) == asset


@pytest.mark.parametrize(
    ("bucket", "locked"),
    [
        *[(each, True) for each in ("XBT.B", "DOT28.S", "ETH2", "ETH2.S", "USD.M", "ZEUR.HOLD")],
        *[(each, False) for each in ("XXBT", "XBT.F", "AMBRx.T", "S", "B", ".S", "KFEE")],
    ],
)
def test_what_is_staked_or_bonded_is_not_for_sale(bucket: str, *, locked: bool) -> None:
    assert is_locked(bucket) is locked


@pytest.mark.parametrize(
    "spelling", ["", "TZ", "EUS", "FOO", "FOO.S", ".S", "XBT.Z", "xbt", "XBT."]
)
def test_what_is_not_listed_is_no_asset(table: SymbolTable, spelling: str) -> None:
    with pytest.raises(UnknownNameError, match="no asset that the exchange lists"):
        table.asset(spelling)


@pytest.mark.parametrize("spelling", ["XBTUSD", "XXBTZUSD", "BTC/USD", "BTCUSD", "XBT/USD"])
def test_every_spelling_of_a_pair_means_that_pair(table: SymbolTable, spelling: str) -> None:
    assert table.pair(spelling) is XBTUSD


def test_the_stream_spells_a_pair_with_the_modern_names() -> None:
    assert (XBTUSD.slashed, XDGUSD.slashed) == ("BTC/USD", "DOGE/USD")


@pytest.mark.parametrize("spelling", ["", "XBT", "USDXBT", "XBT-USD", "XBT/EUR"])
def test_what_is_not_listed_is_no_pair(table: SymbolTable, spelling: str) -> None:
    with pytest.raises(UnknownNameError, match="no pair that the exchange lists"):
        table.pair(spelling)


def test_a_spelling_that_would_mean_two_assets_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="BTC"):
        SymbolTable(assets={"XXBT": "XBT", "BTC": "BTC"}, pairs=[])


def test_a_spelling_that_would_mean_two_pairs_is_refused() -> None:
    other = PairName(pair="BTCUSD", key="BTCUSD", base=Asset("BTC"), quote=Asset("USD"))

    with pytest.raises(InvalidValueError, match="means XBTUSD and BTCUSD"):
        SymbolTable(assets=ASSETS, pairs=[XBTUSD, other])


@pytest.mark.parametrize(
    "file",
    [
        "live2026-09-19_assetpairs_subset.json",
        "live2026-08_assetpairs_XBTUSDT.json",
        "kasync_tradable_asset_pairs_json.json",
        "xchange2025_assetpairs.json",
        "nautilus_http_asset_pairs_tokenized.json",
    ],
)
def test_every_recorded_pair_is_found_by_every_name_that_the_exchange_gives_it(
    recorded: Path, file: str
) -> None:
    told = json.loads((recorded / "rest" / file).read_text(encoding="utf-8"))
    listed = told.get("result", told)
    legs = {
        each[leg]: each["wsname"].split("/")[at]
        for each in listed.values()
        for at, leg in enumerate(("base", "quote"))
    }
    names = {
        key: PairName(
            pair=each["altname"],
            key=key,
            base=Asset(legs[each["base"]]),
            quote=Asset(legs[each["quote"]]),
        )
        for key, each in listed.items()
    }
    table = SymbolTable(assets=legs, pairs=names.values())

    for key, each in listed.items():
        assert table.pair(key) is names[key]
        assert table.pair(each["altname"]) is names[key]
        assert table.pair(each["wsname"]) is names[key]
        assert table.pair(names[key].slashed) is names[key]
        assert table.asset(each["base"]) == names[key].base


LISTED = {"XXBT": "XBT", "XETH": "ETH", "XXDG": "XDG", "ZUSD": "USD", "ZEUR": "EUR"} | {
    each: each for each in ("USDT", "SOL", "S", "ETH2", "TBTC", "AMBRx.T", "XU3O8", "1INCH")
}
QUOTES = {"ZUSD", "ZEUR", "USDT", "XXBT"}


def spellings_of(assets: dict[str, str], pair: PairName) -> list[str]:
    """Return every way in which the exchange spells a pair, in REST and on the stream."""
    keys = {altname: key for key, altname in assets.items()}
    return [
        pair.pair,
        keys[pair.base] + keys[pair.quote],
        f"{pair.base}/{pair.quote}",
        pair.slashed,
        pair.slashed.replace("/", ""),
    ]


PAIR_NAMES = st.lists(
    st.tuples(st.sampled_from(sorted(LISTED.keys() - QUOTES)), st.sampled_from(sorted(QUOTES))),
    unique=True,
    max_size=20,
).map(
    lambda legs: [
        PairName(
            pair=LISTED[base] + LISTED[quote],
            key=base + quote,
            base=Asset(LISTED[base]),
            quote=Asset(LISTED[quote]),
        )
        for base, quote in legs
    ]
)


@given(names=PAIR_NAMES)
def test_p_20_every_spelling_of_every_pair_comes_back_to_that_pair(names: list[PairName]) -> None:
    table = SymbolTable(assets=LISTED, pairs=names)

    for name in names:
        assert {table.pair(each) for each in spellings_of(LISTED, name)} == {name}


@pytest.mark.parametrize("bucket", ["", ".S", ".M", ".P", ".B", ".F", ".T", ".HOLD", "28.S"])
@pytest.mark.parametrize("key", sorted(LISTED.keys() - {"ETH2", "AMBRx.T", "XU3O8"}))
def test_p_20_every_spelling_of_every_asset_in_every_bucket_is_that_asset(
    key: str, bucket: str
) -> None:
    table = SymbolTable(assets=LISTED, pairs=[])
    altname = LISTED[key]

    assert {table.asset(key + bucket), table.asset(altname + bucket)} == {altname}


@given(names=PAIR_NAMES, text=st.text(max_size=12) | st.from_regex(r"[A-Z/.]{1,9}", fullmatch=True))
def test_p_20_a_random_text_is_a_known_spelling_or_raises(names: list[PairName], text: str) -> None:
    table = SymbolTable(assets=LISTED, pairs=names)
    known = {each for name in names for each in spellings_of(LISTED, name)}

    if text not in known:
        with pytest.raises(UnknownNameError):
            table.pair(text)


@pytest.mark.parametrize(
    ("slip", "meant"), [("xbtusd", "XBTUSD"), ("BTC-USD", "XBTUSD"), ("DOGUSD", "XDGUSD")]
)
def test_a_slip_is_told_with_the_nearest_pair(table: SymbolTable, slip: str, meant: str) -> None:
    assert table.nearest_pairs(slip)[0] == meant


def test_a_slip_is_told_with_the_nearest_asset(table: SymbolTable) -> None:
    assert table.nearest_assets("usd")[0] == "USD"


def test_what_is_like_nothing_has_no_nearest(table: SymbolTable) -> None:
    assert table.nearest_pairs("~~~~~~") == ()


def renamed(table: SymbolTable) -> SymbolTable:
    return table.with_old_names({Asset("MATIC"): Asset("DOT"), Asset("XBT"): Asset("ETH")})


def test_an_old_name_means_what_goes_on_for_it(table: SymbolTable) -> None:
    dotusd = PairName(pair="DOTUSD", key="DOTUSD", base=Asset("DOT"), quote=Asset("USD"))
    known = renamed(SymbolTable(assets=ASSETS, pairs=[XBTUSD, dotusd]))

    assert known.asset("MATIC") == "DOT"
    assert {known.pair(each) for each in ("MATICUSD", "MATIC/USD")} == {dotusd}


def test_what_is_listed_under_an_old_name_stays_what_it_means(table: SymbolTable) -> None:
    assert renamed(table).asset("XBT") == "XBT"
    assert renamed(table).pair("XBTUSD") == XBTUSD


def test_an_old_name_of_nothing_that_is_listed_means_nothing(table: SymbolTable) -> None:
    known = table.with_old_names({Asset("OLD"): Asset("GONE")})

    with pytest.raises(UnknownNameError):
        known.asset("OLD")


@given(
    names=PAIR_NAMES,
    current=st.dictionaries(
        st.sampled_from([*sorted(LISTED.values()), "REP", "MATIC"]).map(Asset),
        st.sampled_from(sorted(LISTED.values())).map(Asset),
    ),
)
def test_p_20_no_old_name_takes_a_spelling_from_what_is_listed(
    names: list[PairName], current: dict[Asset, Asset]
) -> None:
    table = SymbolTable(assets=LISTED, pairs=names).with_old_names(current)

    for name in names:
        assert {table.pair(each) for each in spellings_of(LISTED, name)} == {name}
    for key, altname in LISTED.items():
        if key != "ETH2":
            assert {table.asset(key), table.asset(altname)} == {altname}
