"""Subjects that nobody investigated, drawn as presumed clean, so that a model learns the whole city.

Who is investigated is chosen by suspicion, while everybody is scored: trees that only know the suspected rank the
rest by chance. Some of the presumed clean are not; then all of them score a little too low, in the same order.
Source: learning from positive and unlabelled examples, Elkan and Noto (2008).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from models.specs import ModelSpec

if TYPE_CHECKING:
    import pandas as pd


def with_background(spec: ModelSpec, rows: pd.DataFrame, data: pd.DataFrame) -> pd.DataFrame:
    """The labelled rows, and beside them uninvestigated ones of the same quarters with label 0.

    ``spec.background`` rows a labelled one, the same ones in every run; ``presumed`` tells them. Each stands for
    its part of its quarter's uninvestigated subjects, so weights add up to the city and all rows are ``known``.
    Subjects established in any quarter are never presumed clean. Nothing changes where the specification wants
    no background or every row has a label.
    """
    import pandas as pd

    data = data.assign(presumed=False)
    judged = set(zip(data["key"], data["quarter"], strict=True))
    established = set(data.loc[data["label"] > 0, "key"])
    parts = []
    for quarter, labelled in data.groupby("quarter").size().items():
        there = rows[rows["quarter"] == quarter]
        free = there[[(key, quarter) not in judged for key in there["key"]]]
        drawn = _drawn(free[~free["key"].isin(established)], int(spec.background * labelled))
        if len(drawn):
            weight = len(free) / len(drawn)
            parts.append(drawn.assign(label=0, weight=weight, known=True, random=False, loss=0.0, presumed=True, by_rule=False))
    if not parts:
        return data
    labelled_rows = data.assign(weight=1.0, known=True)
    return pd.concat([labelled_rows, *parts], ignore_index=True).sort_values(["quarter", "key"], ignore_index=True)


def _drawn(free: pd.DataFrame, count: int) -> pd.DataFrame:
    """The rows whose keys hash lowest: a draw that needs no seed and does not depend on the order of rows."""
    chance = [zlib.crc32(f"{quarter} {key}".encode()) for quarter, key in zip(free["quarter"], free["key"], strict=True)]
    order = free.assign(_chance=chance).sort_values(["_chance", "key"])
    return order.head(count).drop(columns="_chance")
