"""What became of each sampled prescription: sample and final verdicts brought together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assessment.inputs import AssessmentInput, QuarterInput, column
from records.errors import DataFault

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Outcome:
    """One sampled prescription. ``verdict_class`` None with ``closed`` = cannot be judged from the records."""

    quarter: str
    rxno: str
    fixmedins_code: str
    stratum: str
    arm: str
    weight: float
    draw_order: int
    design_id: str
    case_id: str
    closed: bool
    verdict_class: int | None
    item_codes: tuple[str, ...]
    fund_codes: tuple[str, ...]
    loss_amt: Any
    experts: str

    @property
    def unjudgeable(self) -> bool:
        """The panel could not judge it from the records."""
        return self.closed and self.verdict_class is None


@dataclass(frozen=True)
class Verdict:
    """The part of an outcome that the panel gave."""

    case_id: str = ""
    closed: bool = False
    verdict_class: int | None = None
    item_codes: tuple[str, ...] = ()
    fund_codes: tuple[str, ...] = ()
    loss_amt: Any = None
    experts: str = ""


def outcomes(data: AssessmentInput) -> list[Outcome]:
    """All sampled prescriptions of the quarters, by quarter and number. Raises DataFault for two verdicts of
    one prescription."""
    found: list[Outcome] = []
    for part in sorted(data.quarters, key=lambda part: part.quarter):
        verdicts = _verdicts(part)
        found += [_outcome(part.quarter, row, verdicts) for row in _rows(part.sample)]
    return sorted(found, key=lambda outcome: (outcome.quarter, outcome.rxno))


def _rows(sample: pd.DataFrame) -> list[dict[str, Any]]:
    names = ("rxno", "fixmedins_code", "stratum", "arm", "weight", "draw_order", "design_id")
    return [dict(zip(names, row, strict=True)) for row in zip(*(sample[name] for name in names), strict=True)]


def _outcome(quarter: str, row: dict[str, Any], verdicts: dict[str, Verdict]) -> Outcome:
    verdict = verdicts.get(str(row["rxno"]), Verdict())
    return Outcome(
        quarter=quarter,
        rxno=str(row["rxno"]),
        fixmedins_code=str(row["fixmedins_code"]),
        stratum=str(row["stratum"]),
        arm=str(row["arm"]),
        weight=float(row["weight"]),
        draw_order=int(row["draw_order"]),
        design_id=str(row["design_id"]),
        **vars(verdict),
    )


def _verdicts(part: QuarterInput) -> dict[str, Verdict]:
    if part.verdicts is None or part.verdicts.empty:
        return {}
    rows = part.verdicts
    found: dict[str, Verdict] = {}
    names = ("rxno", "case_id", "verdict_class", "item_codes", "fund_codes", "loss_amt", "experts")
    lists = [column(rows, name) for name in names]
    flags = zip(column(rows, "closed", True), column(rows, "judged", True), strict=True)
    for cells, (closed, judged) in zip(zip(*lists, strict=True), flags, strict=True):
        rxno, case_id, verdict_class, items, funds, loss, experts = cells
        if str(rxno) in found:
            raise DataFault(f"Prescription {rxno} has two final verdicts in {part.quarter}: keep one.")
        if not closed:
            found[str(rxno)] = Verdict(case_id=str(case_id or ""))
            continue
        final = None if verdict_class is None or not judged else int(verdict_class)
        found[str(rxno)] = Verdict(str(case_id or ""), True, final, codes(items), codes(funds), loss, " ".join(codes(experts)))
    return found


def codes(value: Any) -> tuple[str, ...]:
    """Codes from space-separated text or a list, in order, each once; () for missing."""
    if value is None or value != value:
        return ()
    parts = value.split() if isinstance(value, str) else [str(part) for part in value]
    return tuple(sorted(set(parts)))
