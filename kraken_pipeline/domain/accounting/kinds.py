"""What each of Kraken's ledger types is, before the rest of its event is looked at (PF-11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.ledger import LedgerEntry


class Kind(StrEnum):
    """What sort of event an entry belongs to."""

    TRADE = "trade"
    SWAP = "swap"
    """One asset given for another without a trade: the button, dust sweeps."""
    CORRECTION = "correction"
    """Alone it corrects a balance; two of one event turn an asset into another."""
    LEG = "leg"
    """One end of a move between buckets of one asset."""
    FLOW = "flow"
    CREDIT = "credit"
    """Came without saying why: airdrops, forks. Of an asset that is not listed, nobody can say."""
    REWARD = "reward"
    FEE = "fee"
    REVIEW = "review"
    """Nothing of a spot account that is booked here; a person has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a type is, and how that is said."""

    kind: Kind
    said: str


def _rule(kind: Kind, said: str) -> Rule:
    return Rule(kind=kind, said=said)


OPERATOR: Final = "operator"
"""Type of an entry that a person added to our books; Kraken writes none such."""
BY_TYPE: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "trade": _rule(Kind.TRADE, "trade"),
        "spend": _rule(Kind.SWAP, "given for something else"),
        "receive": _rule(Kind.SWAP, "had for something else"),
        "conversion": _rule(Kind.SWAP, "conversion"),
        "adjustment": _rule(Kind.CORRECTION, "the exchange corrected the balance"),
        OPERATOR: _rule(Kind.CORRECTION, "a person brought our books to the exchange's balance"),
        "deposit": _rule(Kind.FLOW, "deposit"),
        "withdrawal": _rule(Kind.FLOW, "withdrawal"),
        "custodytransfer": _rule(Kind.FLOW, "transfer between here and custody"),
        "staking": _rule(Kind.REWARD, "staking reward"),
        "reward": _rule(Kind.REWARD, "reward"),
        "dividend": _rule(Kind.REWARD, "dividend"),
        "rollover": _rule(Kind.FEE, "fee of a margin position"),
        "nftrebate": _rule(Kind.FEE, "fee of an NFT that came back"),
        "nft_rebate": _rule(Kind.FEE, "fee of an NFT that came back"),
        "nftcreatorfee": _rule(Kind.FEE, "fee to the creator of an NFT"),
        "margin": _rule(Kind.REVIEW, "margin trades are not booked here"),
        "settled": _rule(Kind.REVIEW, "settled margin positions are not booked here"),
        "credit": _rule(Kind.REVIEW, "a credit that does not say what for"),
        "sale": _rule(Kind.REVIEW, "a sale without its other side"),
        "nfttrade": _rule(Kind.REVIEW, "NFTs are not booked here"),
        "none": _rule(Kind.REVIEW, "the exchange gives no type"),
    }
)
"""By type alone, whatever the subtype. Source: the types of Kraken's OpenAPI file."""

BY_SUBTYPE: Final[Mapping[tuple[str, str], Rule]] = MappingProxyType(
    {
        ("transfer", ""): _rule(Kind.CREDIT, "credited: an airdrop, a fork or a settlement"),
        ("transfer", "spottofutures"): _rule(Kind.FLOW, "transfer to the futures wallet"),
        ("transfer", "spotfromfutures"): _rule(Kind.FLOW, "transfer from the futures wallet"),
        ("transfer", "spottostaking"): _rule(Kind.LEG, "to staking"),
        ("transfer", "stakingfromspot"): _rule(Kind.LEG, "to staking"),
        ("transfer", "stakingtospot"): _rule(Kind.LEG, "from staking"),
        ("transfer", "spotfromstaking"): _rule(Kind.LEG, "from staking"),
        ("earn", "allocation"): _rule(Kind.LEG, "to Earn"),
        ("earn", "autoallocation"): _rule(Kind.LEG, "to Earn, by itself"),
        ("earn", "deallocation"): _rule(Kind.LEG, "from Earn"),
        ("earn", "migration"): _rule(Kind.LEG, "to a bucket of another name"),
        ("earn", "reward"): _rule(Kind.REWARD, "reward of Earn"),
    }
)
"""Of types that mean several things; what is of neither table is looked at by a person."""

LEG_TYPES: Final = tuple(
    sorted({name for (name, _), rule in BY_SUBTYPE.items() if rule.kind is Kind.LEG})
)
MAY_BE_LISTED: Final = tuple(sorted({name for name, _ in BY_SUBTYPE} | {"spend", "receive"}))
"""Types of which an entry may be explained once the exchange lists, or prices, its asset."""
KFEE: Final = "KFEE"
"""Credits that pay fees and cannot be sold; they are nothing of the account's worth."""


def rule_of(entry: LedgerEntry) -> Rule:
    """Return what an entry's type says of it."""
    known = BY_SUBTYPE.get((entry.type, entry.subtype)) or BY_TYPE.get(entry.type)
    if known is None:
        told = f"{entry.type} {entry.subtype}".strip()
        return _rule(Kind.REVIEW, f"{told!r} is no type of entry known")
    if entry.asset == KFEE and known.kind is Kind.CREDIT:
        return _rule(Kind.FEE, "fee credits, which pay fees and nothing else")
    return known
