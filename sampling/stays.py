"""Stays of wards as the units that are drawn: how many there are, what they cost the panel, and how many each ward gets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sampling.allocation import allocate, within
from sampling.design import Design

if TYPE_CHECKING:
    import pandas as pd

    from sampling.strata import Strata


@dataclass(frozen=True)
class Ward:
    """A ward stratum: its stays, their orders in the frame, and the spread between stays.

    ``spread`` = expected standard deviation of a stay's unreasonable orders about its share at the stratum's rate, in
    orders; the orders of a stay are taken as if they got one verdict, as in a plan.
    """

    stays: int
    rows: int
    spread: float

    @property
    def orders(self) -> float:
        """Orders of a stay on average: what one more stay costs the panel."""
        return self.rows / self.stays


def wards_of(strata: Strata, rows: pd.DataFrame, scored: bool, design: Design) -> dict[str, Ward]:
    """The ward strata of a frame, by name. ``rows`` has unit and score; not ``scored`` = every rate is taken as 0.5."""
    import numpy as np
    import pandas as pd

    if "ward" not in strata.kinds:
        return {}
    score = rows["score"].to_numpy() if scored else np.full(len(rows), 0.5)
    told = pd.DataFrame({"at": strata.index, "unit": rows["unit"].to_numpy(), "score": score})
    told = told[np.array([kind == "ward" for kind in strata.kinds])[strata.index]]
    stays = told.groupby(["at", "unit"], sort=True)["score"].agg(["size", "mean"]).reset_index()
    return {strata.names[int(at)]: _ward(own, design) for at, own in stays.groupby("at", sort=True)}


def _ward(own: pd.DataFrame, design: Design) -> Ward:
    size, risk = own["size"].to_numpy(dtype=float), own["mean"].to_numpy(dtype=float)
    rate = within(float((size * risk).sum() / size.sum()), design)
    # E (y - rate)^2 of a verdict y that is 1 with probability risk.
    square: Any = size**2 * (risk * (1 - 2 * rate) + rate**2)
    return Ward(len(own), int(size.sum()), math.sqrt(float(square.mean())))


def expected_orders(stays: Mapping[str, int], wards: Mapping[str, Ward]) -> int:
    """Expected orders of so many stays of each stratum, rounded up."""
    return math.ceil(math.fsum(count * wards[name].orders for name, count in stays.items()) - 1e-9)


def least_stays(wards: Mapping[str, Ward], design: Design) -> dict[str, int]:
    """The design's minimum of every stratum."""
    return {name: min(ward.stays, design.minimum) for name, ward in wards.items()}


def ward_stays(wards: Mapping[str, Ward], design: Design, orders: float) -> dict[str, int]:
    """Stays of each ward stratum, as many as are expected to have so many orders together, and the minimum in any case.

    Floors that bind are taken as they are. The rest goes by size and spread between stays, where a stay costs its
    orders. Source: Neyman allocation with unlike costs, Cochran 5.5, and power allocation of size (Bankier 1988).
    """
    if not wards:
        return {}
    sizes = {name: ward.stays for name, ward in wards.items()}
    if design.floors_bind:
        return {name: max(min(n, design.minimum), design.wished_stays(n)) for name, n in sizes.items()}
    # size_power is of prescriptions, as in every other stratum; allocate weighs it by stays.
    spreads = {name: ward.orders ** (design.size_power - 1.5) * ward.spread for name, ward in wards.items()}

    def given(total: int) -> dict[str, int]:
        return allocate(sizes, design, total, wished=design.wished_stays, spreads=spreads)

    low, high = sum(least_stays(wards, design).values()), sum(sizes.values())
    while low < high:
        middle = (low + high + 1) // 2
        if expected_orders(given(middle), wards) <= orders:
            low = middle
        else:
            high = middle - 1
    return given(low)
