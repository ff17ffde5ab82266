"""Every mutation. A part of the pipeline adds its own by a module and a line here."""

from typing import Final

from kraken_pipeline_tests.mutations import (
    accounts,
    ledger,
    lifecycle,
    oms,
    restraint,
    simulator_edge,
    simulator_engine,
    simulator_orders,
    valuation,
)
from kraken_pipeline_tests.mutations.mutation import Mutation

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *simulator_engine.MUTATIONS,
    *simulator_orders.MUTATIONS,
    *simulator_edge.MUTATIONS,
    *oms.MUTATIONS,
    *ledger.MUTATIONS,
    *lifecycle.MUTATIONS,
    *accounts.MUTATIONS,
    *valuation.MUTATIONS,
    *restraint.MUTATIONS,
)
