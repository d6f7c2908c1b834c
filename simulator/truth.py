"""What is true of each prescription of a block's quarter; nothing but tests and studies reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from simulator.billing import Bill
from simulator.catalogue import Array, is_disease, parameters
from simulator.columns import coded, decimal, texts
from simulator.coming import Scene
from simulator.rows import Rows
from simulator.visits import CHRONIC, INNOCENTS, SCHEMES, Visits

_LOSS = 0.6
_UNFIT_CLASS = 2


@dataclass(frozen=True)
class Truth:
    """Grain: one prescription of a block. ``combination``: kinds and scheme as one number; money in fen."""

    block: int
    when: Array
    place: Array
    combination: Array
    verdict: Array
    fund: Array
    scope: Array
    loss: Array
    signs: Array
    lost: Array


def _entries(name: str) -> list[Any]:
    return [parameters()["schemes"][scheme].get(name, "") if scheme else "" for scheme in SCHEMES]


def judge(scene: Scene, bill: Bill) -> Truth:
    """Class, violation and loss of each prescription of the bill. Clears ``innocent`` where there is guilt."""
    visits, lines = bill.visits, bill.lines
    verdict = np.zeros(len(visits), dtype=np.int8)
    for bit, entry in enumerate(parameters()["kinds"].values()):
        verdict = np.where(visits.kinds >> bit & 1, np.maximum(verdict, entry["class"]), verdict)
    unfit = np.array([bool(items) for items in _entries("items")])[visits.scheme]
    verdict = np.where(unfit, np.maximum(verdict, _UNFIT_CLASS), verdict)
    fund = np.array([bool(code) for code in _entries("fund")])[visits.scheme]
    first = (lines["suffix"] == 0) & (lines["drug"] >= 0)
    scope = np.bincount(lines["visit"][first], weights=lines["scope"][first], minlength=len(visits)).astype(np.int64)
    _excuse(visits)
    signs = np.bitwise_count(visits.kinds) + (visits.innocent >> INNOCENTS.index("context") & 1)
    visits.innocent[(verdict > 0) | (visits.scheme > 0)] = 0
    return Truth(
        block=scene.block,
        when=visits.when,
        place=scene.doctor_column("place", visits.doctor).astype(np.int32),
        combination=visits.kinds.astype(np.int64) * len(SCHEMES) + visits.scheme,
        verdict=verdict.astype(np.int8),
        fund=fund,
        scope=scope,
        loss=np.where(fund, np.round(scope * _LOSS), 0).astype(np.int64),
        signs=signs.astype(np.int8),
        lost=bill.lost,
    )


def _excuse(visits: Visits) -> None:
    """Mark the innocent whom a look at the illness, the registration or the reason clears."""
    days = np.where(visits.drugs >= 0, visits.days, 0).max(axis=1)
    tuberculosis = is_disease("A16")[visits.disease]
    visits.mark((visits.med == CHRONIC) & (days >= 56), "registered_long")
    visits.mark(is_disease("C34", "C18", "C50")[visits.disease], "oncology")
    visits.mark((visits.reason > 0) & (visits.med != CHRONIC) & (days > 7), "written_reason")
    visits.mark(tuberculosis & (days > 7), "tuberculosis")


def words(combination: int) -> tuple[str | None, str | None, str | None]:
    """Kinds and scheme, item codes and fund codes of a combination, in words; None = none."""
    scheme = SCHEMES[combination % len(SCHEMES)]
    bits, marks = combination // len(SCHEMES), parameters()
    kinds = [kind for bit, kind in enumerate(marks["kinds"]) if bits >> bit & 1]
    mark = marks["schemes"].get(scheme, {})
    items = {code for kind in kinds for code in marks["kinds"][kind]["items"].split()}
    items |= set(mark.get("items", "").split())
    # A kick-back shows in no single prescription, so none of them is one's kind.
    names = [*kinds, *([scheme] if mark.get("fund") else [])]
    return " ".join(names) or None, " ".join(sorted(items)) or None, mark.get("fund") or None


def truth_rows(rows: Rows, truth: Truth) -> Any:
    """The rows of ``truth/prescription.parquet``."""
    visits = rows.bill.visits
    at = np.flatnonzero(rows.kept_visits)
    used, position = np.unique(truth.combination[at], return_inverse=True)
    kind, items, fund = zip(*(words(one) for one in used.tolist()), strict=True) if len(used) else ((), (), ())
    marks, mark_at = np.unique(visits.innocent[at], return_inverse=True)
    innocent = [" ".join(name for bit, name in enumerate(INNOCENTS) if one >> bit & 1) or None for one in marks.tolist()]
    columns = {
        "rxno": texts(len(at), "RX", rows.tags(at)),
        "verdict_class": pa.array(truth.verdict[at].astype(np.int64)),
        "item_codes": coded(list(items), position),
        "fund_codes": coded(list(fund), position),
        "kind": coded(list(kind), position),
        "loss_amt": decimal(truth.loss[at], pa.decimal128(16, 2)),
        "innocent": coded(innocent, mark_at),
    }
    return pa.table(columns)
