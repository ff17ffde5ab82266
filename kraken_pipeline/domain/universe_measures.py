"""What the filters ask of a pair that we measured ourselves: bars, books, our results (UNI-2)."""

from kraken_pipeline.domain.universe_filters import Answer, Candidate, Verdict, said


def is_old_enough(case: Candidate) -> Answer:
    """Its first daily bar that is stored is old enough; where bars begin late, nobody knows."""
    least = case.rules.min_age_days
    found = "days=unknown"
    if case.past is not None:
        found = f"days={case.past.days}{'' if case.past.is_all else '+'}"
    if least is None:
        return found, "", Verdict.OFF
    asked = f"min={least}"
    if case.past is None or (case.past.days < least and not case.past.is_all):
        return found, asked, Verdict.UNKNOWN
    return said(found, asked, holds=case.past.days >= least)


def moves_as_wanted(case: Candidate) -> Answer:
    """Its realised volatility lies in the band."""
    low, high = case.rules.min_volatility_pct, case.rules.max_volatility_pct
    moved = None if case.past is None else case.past.volatility_pct
    found = f"volatility_pct={'unknown' if moved is None else moved}"
    bounds = (f"min={low}" if low is not None else "", f"max={high}" if high is not None else "")
    asked = ", ".join(filter(None, bounds))
    if not asked:
        return found, "", Verdict.OFF
    if moved is None:
        return found, asked, Verdict.UNKNOWN
    is_within = (low is None or moved >= low) and (high is None or moved <= high)
    return said(found, asked, holds=is_within)


def earns_its_place(case: Candidate) -> Answer:
    """We did not lose more on it of late than we want to lose on one pair."""
    most, realised = case.rules.max_loss, case.realised
    found = f"realised={realised:.2f}, days={case.rules.results_days}"
    if most is None:
        return found, "", Verdict.OFF
    return said(found, f"max_loss={most}", holds=realised >= -most)


def is_deep(case: Candidate) -> Answer:
    """The thinner side of its book holds enough near the middle."""
    least, nearby = case.rules.min_depth, case.nearby
    asked = "" if least is None else f"min={least}"
    found = "depth=unknown"
    if nearby is not None:
        read_at = f"{nearby.read_at:%Y-%m-%d %H:%M}"
        depth = f"bids={nearby.bids:.0f}, asks={nearby.asks:.0f}"
        found = f"{depth}, within_bps={nearby.within_bps}, read_at={read_at}"
    if least is None or not case.is_measured:
        return found, asked, Verdict.OFF if least is None else Verdict.SKIPPED
    if nearby is None:
        return found, asked, Verdict.UNKNOWN
    return said(found, asked, holds=min(nearby.bids, nearby.asks) >= least)


def has_few_alike(case: Candidate) -> Answer:
    """Few pairs that trade more move as it does: together they are one bet."""
    most, kin = case.rules.max_per_cluster, case.kin
    asked = "" if most is None else f"max={most}, from={case.rules.cluster_correlation}"
    found = "cluster=unknown"
    if kin is not None:
        found = f"cluster={kin.leader}, rank={kin.rank}, correlation={kin.correlation}"
    if most is None or not case.is_measured:
        return found, asked, Verdict.OFF if most is None else Verdict.SKIPPED
    if kin is None:
        return found, asked, Verdict.UNKNOWN
    return said(found, asked, holds=kin.rank <= most)
