"""What an assessment works on, as data frames; the caller loads them, nothing here reads a store or a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from records.errors import WrongUse
from records.periods import Quarter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class QuarterInput:
    """One quarter of an assessment. Money in yuan; a missing column is a missing fact unless marked needed.

    - ``frame``: rxno*, fixmedins_code* - one row a prescription of the frame.
    - ``sample``: the columns of sample.parquet (all needed).
    - ``verdicts``: final verdicts, one row a prescription: rxno*, verdict_class* (0..3, missing = cannot be
      judged, or not judged yet), closed (a final verdict exists; absent column = all do), judged (False on a
      closed row = cannot be judged), case_id, item_codes, fund_codes (space-separated codes that stand),
      loss_amt, experts (space-separated).
    - ``verdict_lines``: where experts judged single fee lines: rxno*, feedetl_sn*, fund_codes, item_codes,
      loss_amt. A prescription that has none is shared out over its fee lines by the fund money at stake.
    - ``fee_lines``: rxno*, feedetl_sn*, net_amt*, stake_amt*, stake_method*, hilist_code, hilist_name - as the
      net lines of the quarter have them.
    - ``worksheet``: rows of ``assessment.worksheet.source_rows``.
    - ``run``: run.json of the quarter (``models``, ``basis_version`` and ``design`` are used).
    """

    quarter: str
    frame: pd.DataFrame
    sample: pd.DataFrame
    verdicts: pd.DataFrame | None = None
    verdict_lines: pd.DataFrame | None = None
    fee_lines: pd.DataFrame | None = None
    worksheet: pd.DataFrame | None = None
    run: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AssessmentInput:
    """A quarter, or the quarters of a year joined.

    - ``period``: what it is called, 2026Q3 or 2026.
    - ``institutions``: fixmedins_code*, fixmedins_name*, fixmedins_type*, hosp_lv, inst_class, tcm_flag.
    - ``audit_head``: head of the audit log, for the manifest; None when there is no store.
    - ``deducted_before``: feedetl_sn*, period* - lines already deducted, which are not deducted again.
    - ``decisions``: fixmedins_code*, decision* (serious or terminated), clause* - decisions of the authority.
    """

    period: str
    quarters: Sequence[QuarterInput]
    institutions: pd.DataFrame
    audit_head: str | None = None
    deducted_before: pd.DataFrame | None = None
    decisions: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if not self.quarters:
            raise WrongUse(f"There is no finished quarter in {self.period}: start with 'rxpanel run'.")

    @property
    def begin(self) -> Quarter:
        """First quarter."""
        return min(Quarter.parse(part.quarter) for part in self.quarters)

    @property
    def last(self) -> Quarter:
        """Last quarter."""
        return max(Quarter.parse(part.quarter) for part in self.quarters)

    def names(self) -> dict[str, str]:
        """Institution names by code."""
        rows = self.institutions
        return dict(zip(rows["fixmedins_code"].astype(str), rows["fixmedins_name"].astype(str), strict=True))


def column(frame: pd.DataFrame, name: str, missing: object = None) -> list[Any]:
    """A column as a list, missing values as ``missing``; a column that is not there is all missing."""
    if name not in frame.columns:
        return [missing] * len(frame)
    values = frame[name].astype(object)
    return [missing if absent else value for value, absent in zip(values, values.isna(), strict=True)]


def frame_hash(frame: pd.DataFrame | None) -> str | None:
    """SHA-256 of a frame's rows, whatever their order; None for no frame."""
    if frame is None:
        return None
    names = sorted(str(name) for name in frame.columns)
    columns = [column(frame, name, "") for name in names]
    rows = sorted("\x1f".join(str(cell) for cell in row) for row in zip(*columns, strict=True))
    return hashlib.sha256("\x1e".join(["\x1f".join(names), *rows]).encode()).hexdigest()


def model_versions(run: Mapping[str, Any]) -> str:
    """Models of a run in one text: ``target@grain version``, in order; empty when none is recorded."""
    models = run.get("models") or {}
    if not isinstance(models, Mapping):
        return ""
    parts = []
    for name in sorted(models):
        facts = models[name]
        version = facts.get("model_version") if isinstance(facts, Mapping) else facts
        if version:
            parts.append(f"{name} {version}")
    return "; ".join(parts)
