"""Which stratum a prescription belongs to: its institution, a pool of them, a ward's stays, or a band of risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sampling.allocation import share_out
from sampling.design import Design

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Strata:
    """Strata of a frame. ``index`` = place in ``names`` of every row; ``kinds`` = plain, rotated or ward of each."""

    names: list[str]
    kinds: list[str]
    index: Any

    @property
    def counts(self) -> Any:
        """Rows of each stratum."""
        import numpy as np

        return np.bincount(self.index, minlength=len(self.names))

    def means(self, values: Any) -> Any:
        """Mean of a value (one a row) in each stratum."""
        import numpy as np

        return np.bincount(self.index, weights=values, minlength=len(self.names)) / np.maximum(self.counts, 1)


def group(rows: pd.DataFrame, places: pd.DataFrame | None, design: Design) -> Strata:
    """Strata before bands: the institution, else ``<pool>/pool``, and ``<institution>/ward`` for stays.

    ``rows`` has fixmedins_code and, for wards, setting and mdtrt_id; ``places`` has fixmedins_code, inst_class,
    consortium_code, admdvs. A pooled institution without a pool stays by itself; an order without a stay too.
    """
    import numpy as np
    import pandas as pd

    place, codes = pd.factorize(rows["fixmedins_code"], sort=True)
    labels, kinds = _labels([str(code) for code in codes], places, design)
    wards = _ward_rows(rows, design)
    names = sorted({*labels, *(f"{code}/ward" for code in codes)} if wards is not None else set(labels))
    at = {name: number for number, name in enumerate(names)}
    index = np.array([at[label] for label in labels], dtype=np.int64)[place] if len(rows) else np.zeros(0, dtype=np.int64)
    kind_of = dict(zip(labels, kinds, strict=True))
    if wards is not None:
        of_ward = np.array([at[f"{code}/ward"] for code in codes], dtype=np.int64)
        index = np.where(wards, of_ward[place], index)
    used, index = np.unique(index, return_inverse=True) if len(index) else (np.zeros(0, dtype=np.int64), index)
    kept = [names[number] for number in used]
    return Strata(kept, [kind_of.get(name, "ward") for name in kept], index)


def _labels(codes: Sequence[str], places: pd.DataFrame | None, design: Design) -> tuple[list[str], list[str]]:
    """Stratum and kind of each institution."""
    if places is None or not (design.pooled or design.rotated):
        return list(codes), ["plain"] * len(codes)
    facts = {str(row["fixmedins_code"]): row for row in places.astype(object).to_dict("records")}
    under = dict(design.pool_under)
    labels, kinds = [], []
    for code in codes:
        known = facts.get(code, {})
        kind = str(known.get("inst_class"))
        pool = under.get(code) or known.get(design.pool_by)
        pooled = kind in design.pooled and isinstance(pool, str) and pool != ""
        labels.append(f"{pool}/pool" if pooled else code)
        kinds.append("rotated" if kind in design.rotated else "plain")
    return labels, kinds


def _ward_rows(rows: pd.DataFrame, design: Design) -> Any:
    """True for the rows that are drawn by stay; None when the design has none."""
    if not design.ward_settings or "setting" not in rows or "mdtrt_id" not in rows:
        return None
    return (rows["setting"].astype(str).isin(design.ward_settings) & rows["mdtrt_id"].notna()).to_numpy()


def split(strata: Strata, sizes: Sequence[int], risk: Any, design: Design) -> tuple[Strata, list[int]]:
    """Cut the larger plain strata into bands of risk, and share their random rows out over the bands.

    ``<stratum>/risk1`` is the lowest. A band of fewer rows than the design's least joins its neighbour, and bands are
    joined from below until each can have its minimum. Within a stratum the rows go by Neyman allocation with the
    variance of the predicted risk.
    """
    import numpy as np

    if not design.band_cuts:
        return strata, list(sizes)
    width = len(design.band_cuts) + 1
    cell = strata.index * width + np.searchsorted(np.array(design.band_cuts), risk, side="right")
    counts = np.bincount(cell, minlength=len(strata.names) * width).reshape(-1, width)
    sums = np.bincount(cell, weights=risk, minlength=len(strata.names) * width).reshape(-1, width)
    names: list[str] = []
    kinds: list[str] = []
    drawn: list[int] = []
    target = np.zeros((len(strata.names), width), dtype=np.int64)
    for number, (name, kind, size) in enumerate(zip(strata.names, strata.kinds, sizes, strict=True)):
        cuttable = kind == "plain" and counts[number].sum() >= design.band_split_from
        parts = _bands(counts[number].tolist(), size, design) if cuttable else [list(range(width))]
        held = [int(counts[number, part].sum()) for part in parts]
        means = [float(sums[number, part].sum()) / max(1, count) for part, count in zip(parts, held, strict=True)]
        drawn += share_out(size, held, means, design) if len(parts) > 1 else [size]
        for band, part in enumerate(parts, start=1):
            target[number, part] = len(names)
            names.append(f"{name}/risk{band}" if len(parts) > 1 else name)
            kinds.append(kind)
    return Strata(names, kinds, target.reshape(-1)[cell]), drawn


def _bands(counts: Sequence[int], size: int, design: Design) -> list[list[int]]:
    """Bands, lowest first, each as the list of the cuts' bands that it joins."""
    parts = [[band] for band in range(len(counts))]

    def rows(part: list[int]) -> int:
        return int(sum(counts[band] for band in part))

    while len(parts) > 1:
        small = next((at for at, part in enumerate(parts) if rows(part) < design.band_least_rows), None)
        if small is None:
            if len(parts) * design.band_minimum <= size:
                break
            small = 1
        low = max(0, small - 1)
        parts[low : low + 2] = [parts[low] + parts[low + 1]]
    return parts
