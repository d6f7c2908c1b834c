"""A quarter's cases as a blind list, for experts who judge on paper or elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from panel.blindness import visible
from panel.cases import payload_of
from panel.exchange import list_name
from panel.exports import marked, record_export
from panel.schema import case
from panel.store import Store
from panel.waiting import UNDER_REVIEW
from records.errors import NotFound
from records.output import write_csv


def write_cases(store: Store, name: str, path: Path, recipient: str, actor: str) -> int:
    """Write a quarter's cases as a blind list. Grain: one row a case, in its number's order; returns the rows.

    Neither arm, score nor findings are in it, nor names; sensitive diagnoses are masked as on the screen; cases that
    come again are left out without a gap in the numbers: a row has a place in the list and a name made of quarter and
    prescription, which ``import_verdicts`` takes as its case_id. State: open or judged, as far as experts may know.
    Every row carries the recipient's mark. Raises NotFound when the quarter has no cases.
    """
    import pandas as pd

    with store.read() as connection:
        rows = connection.execute(
            select(case).where(case.c.quarter == name, case.c.kind.is_(None)).order_by(case.c.number)
        ).all()
    if not rows:
        raise NotFound(f"{name}没有病例，请先运行该季度 {name} has no open cases: run the quarter first.")
    listed = [
        _listed(number, row, visible(payload_of(row), after_own_verdict=False, names=False))
        for number, row in enumerate(rows, start=1)
    ]
    frame = pd.DataFrame(listed)
    write_csv(marked(frame, recipient, name), path)
    record_export(store, "cases exported", name, path, recipient, actor)
    return len(frame)


def _listed(number: int, row: Any, payload: dict[str, Any]) -> dict[str, Any]:
    person = payload["person"]
    lines = [
        f"{line['drug_genname']} {line['sin_doscnt'] or ''}{line['sin_dosunt'] or ''} "
        f"×{line['per_day'] or ''}/d {line['prd_days'] or ''}d n={line['cnt'] or ''}"
        for line in payload["lines"]
    ]
    return {
        "case_id": list_name(row.quarter, row.rxno),
        "rxno": row.rxno,
        "quarter": row.quarter,
        "number": number,
        "state": "open" if row.state in UNDER_REVIEW else "judged",
        "prsc_time": payload["prsc_time"],
        "setting": payload["setting"],
        "hosp_lv": payload["hosp_lv"],
        "specialty": payload["specialty"],
        "age": person["age_text"] or f"{(person['age_days'] or 0) // 365}",
        "gend": person["gend"],
        "diagnoses": "; ".join(f"{d['diag_code']} {d['diag_name']}" for d in payload["diagnoses"]),
        "lines": "; ".join(lines),
        "ext_reason": payload["ext_reason"],
        "total_amt": payload["total_amt"],
    }
