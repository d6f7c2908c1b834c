"""Subjects that nobody investigated, drawn as presumed clean, so that a model learns the whole city.

Who is investigated is chosen by suspicion, while everybody is scored: trees that only know the suspected rank the
rest by chance. Some of the presumed clean are not; then all of them score a little too low, in the same order.
Source: learning from positive and unlabelled examples, Elkan and Noto (2008).

A random check of those that nothing pointed at is a sample of the same subjects whose answer is known. Both stand for
them together, each by its number of rows, so that nobody counts twice. Source: combining two samples of one
population in proportion to their sizes, Skinner and Rao (1996).
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
    its part of its quarter's uninvestigated subjects, together with the rows of a random check (``stands_for`` of the
    labels), so weights add up to the city and all rows are ``known``; whoever was pointed at stands for themselves.
    Subjects established in any quarter are never presumed clean. Nothing changes where the specification wants
    no background or every row has a label.
    """
    import pandas as pd

    data = data.assign(presumed=False, stands_for=_stands_for(data))
    judged = set(zip(data["key"], data["quarter"], strict=True))
    established = set(data.loc[data["label"] > 0, "key"])
    parts = []
    for quarter, labelled in data.groupby("quarter").size().items():
        there = rows[rows["quarter"] == quarter]
        free = there[[(key, quarter) not in judged for key in there["key"]]]
        drawn = _drawn(free[~free["key"].isin(established)], int(spec.background * labelled))
        checked = ((data["quarter"] == quarter) & data["stands_for"].notna()).to_numpy()
        if len(drawn):
            share = len(drawn) / (len(drawn) + checked.sum())
            data.loc[checked, "stands_for"] *= 1 - share
            weight = share * (len(free) + checked.sum()) / len(drawn)
            parts.append(drawn.assign(label=0, weight=weight, known=True, random=False, loss=0.0, presumed=True, by_rule=False))
    if not parts:
        return data
    labelled_rows = data.assign(weight=data["stands_for"].fillna(1.0), known=True)
    return pd.concat([labelled_rows, *parts], ignore_index=True).sort_values(["quarter", "key"], ignore_index=True)


def _stands_for(data: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series(data.get("stands_for"), index=data.index, dtype="float64")


def _drawn(free: pd.DataFrame, count: int) -> pd.DataFrame:
    """The rows whose keys hash lowest: a draw that needs no seed and does not depend on the order of rows."""
    chance = [zlib.crc32(f"{quarter} {key}".encode()) for quarter, key in zip(free["quarter"], free["key"], strict=True)]
    order = free.assign(_chance=chance).sort_values(["_chance", "key"])
    return order.head(count).drop(columns="_chance")
