"""Bad rows as hospital systems send them, a few of each kind in every block's quarter, recorded in the truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from simulator.catalogue import Array, parameters
from simulator.coming import Scene
from simulator.streams import FAULTS

Fault = dict[str, str]
_LINE_FAULTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "amount_mismatch": lambda row: {"det_item_fee_sumamt": row["det_item_fee_sumamt"] + Decimal("3.17")},
    "orphan": lambda row: {"setl_id": "SNOSUCH"},  # noqa: ARG005
    "missing_required": lambda row: {"hilist_code": None},  # noqa: ARG005
    "bad_code": lambda row: {"list_type": "999"},  # noqa: ARG005
    "duplicate_identical": lambda row: {},  # noqa: ARG005
}


def _rewrite(table: Any, rows: Array, edited: list[dict[str, Any]]) -> Any:
    """The table without ``rows``, and the edited ones after it."""
    kept = np.ones(len(table), dtype=bool)
    kept[rows] = False
    return pa.concat_tables([table.filter(pa.array(kept)), pa.Table.from_pylist(edited, schema=table.schema)])


def spoil_lines(scene: Scene, lines: Any) -> tuple[Any, list[Fault]]:
    """Spoil fee lines of every kind of fault; returns the table and what was done to which."""
    rng = scene.stream(FAULTS, 0)
    each = max(1, round(len(lines) * parameters()["faults"]["share"] / len(_LINE_FAULTS)))
    if len(lines) < each * len(_LINE_FAULTS):
        return lines, []
    rows = rng.choice(len(lines), each * len(_LINE_FAULTS), replace=False)
    edited, recorded = [], []
    for number, row in enumerate(lines.take(pa.array(rows)).to_pylist()):
        fault = list(_LINE_FAULTS)[number % len(_LINE_FAULTS)]
        edited.append({**row, **_LINE_FAULTS[fault](row)})
        if fault == "duplicate_identical":
            edited.append(dict(row))
        recorded.append({"table": "fee_line", "key": row["feedetl_sn"], "fault": fault})
    return _rewrite(lines, rows, edited), recorded


def spoil_settlement(scene: Scene, settled: Any) -> tuple[Any, list[Fault]]:
    """One settlement of a block's quarter ends before it begins."""
    if not len(settled):
        return settled, []
    rows = scene.stream(FAULTS, 1).integers(len(settled), size=1)
    row = settled.take(pa.array(rows)).to_pylist()[0]
    row["enddate"] = row["begndate"] - timedelta(days=1)
    return _rewrite(settled, rows, [row]), [{"table": "settlement", "key": row["setl_id"], "fault": "end_before_begin"}]


def spoil_persons(rng: np.random.Generator, persons: Any) -> tuple[Any, list[Fault]]:
    """Two persons of a block have a sex that is none."""
    rows = rng.choice(len(persons), min(2, len(persons)), replace=False)
    edited = [{**row, "gend": "9"} for row in persons.take(pa.array(rows)).to_pylist()]
    return _rewrite(persons, rows, edited), [{"table": "person", "key": row["psn_no"], "fault": "bad_code"} for row in edited]
