"""Experts' rows in the store as opinions: the latest word of each expert on each case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from panel.final import Opinion

_STAGE_RANK = {"blind": 0, "second": 0, "third": 0, "changed": 1, "final": 2, "adjudication": 3, "meeting": 4, "re_review": 5}
#: Stages of a word given before findings were seen.
BLIND = ("blind", "second", "third")
#: The stage of an expert called in because two differ.
THIRD = "third"


def _codes(rows: Iterable[Any], column: str) -> frozenset[str]:
    return frozenset(code for row in rows for code in str(getattr(row, column)).split())


def _worst(rows: list[Any]) -> str:
    judged = [row.verdict_class for row in rows if row.verdict_class != "U"]
    return max(judged) if judged else "U"


def _loss(rows: list[Any]) -> Decimal | None:
    """The whole prescription's amount where it is stated, else the sum over lines."""
    whole = [Decimal(row.loss_amt) for row in rows if row.loss_amt and not row.feedetl_sn]
    if whole:
        return whole[0]
    lines = [Decimal(row.loss_amt) for row in rows if row.loss_amt]
    return sum(lines, Decimal(0)) if lines else None


def latest_rows(rows: Iterable[Any], *, blind: bool = False) -> dict[str, list[Any]]:
    """Each expert's rows that count, over lines and whole prescription: of the last stage and version, or the first."""
    by_expert: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_expert[row.expert_id].append(row)
    found = {}
    for expert_id, given in sorted(by_expert.items()):
        ranked = [(_STAGE_RANK[row.stage], row.version) for row in given]
        chosen = min(ranked) if blind else max(ranked)
        found[expert_id] = [row for row, rank in zip(given, ranked, strict=True) if rank == chosen]
    return found


def latest(rows: Iterable[Any], *, blind: bool = False) -> list[Opinion]:
    """One opinion an expert: rows of the latest stage and version, over lines and whole prescription.

    ``blind`` = the first word of each, which agreement rests on; else the last, which rates rest on.
    """
    return [
        Opinion(
            expert_id=expert_id,
            stage=mine[0].stage,
            verdict_class=_worst(mine),
            item_codes=_codes(mine, "item_codes"),
            fund_codes=_codes(mine, "fund_codes"),
            loss_amt=_loss(mine),
            version=mine[0].version,
        )
        for expert_id, mine in latest_rows(rows, blind=blind).items()
    ]
