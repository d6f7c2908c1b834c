"""Leads: suspected subjects, never an established fact until the competent authority says so."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from panel import audit
from panel.exchange import ImportReport, read_table
from panel.schema import lead, outcome
from panel.store import Store
from panel.tables import fund_codes
from panel.verdict_input import amount_of
from records.errors import NotFound, WrongUse
from records.output import write_csv

if TYPE_CHECKING:
    import pandas as pd

SUBJECTS = ("person", "practitioner", "institution")


def open_leads(store: Store, quarter: str, flagged: pd.DataFrame) -> int:
    """Open a lead for every flagged subject: columns subject_type, subject_code, source (JSON text).

    A lead that is open already keeps its state; returns how many were new.
    """
    with store.change() as connection:
        known = {
            (row.subject_type, row.subject_code) for row in connection.execute(select(lead).where(lead.c.quarter == quarter))
        }
        new = [
            {
                "lead_id": f"{quarter}-{row.subject_type}-{row.subject_code}",
                "quarter": quarter,
                "subject_type": row.subject_type,
                "subject_code": row.subject_code,
                "state": "opened",
                "source": row.source,
            }
            for row in flagged.sort_values(["subject_type", "subject_code"]).itertuples(index=False)
            if (row.subject_type, row.subject_code) not in known
        ]
        if new:
            connection.execute(insert(lead), new)
            rows = audit.marks(connection, "lead", new)
            audit.record(connection, "system", "leads opened", quarter, {"leads": len(new), "rows": rows})
    return len(new)


def list_leads(store: Store, quarter: str | None = None) -> pd.DataFrame:
    """Leads with their state. Grain: one row a lead, by number: lead_id, quarter, subject, state, source."""
    import pandas as pd

    chosen = select(lead).order_by(lead.c.lead_id)
    if quarter is not None:
        chosen = chosen.where(lead.c.quarter == quarter)
    with store.read() as connection:
        rows = connection.execute(chosen).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=[column.name for column in lead.columns])


def export_leads(store: Store, quarter: str, path: Path) -> int:
    """Write a quarter's leads as CSV; returns the rows. Raises NotFound when there are none."""
    frame = list_leads(store, quarter)
    if frame.empty:
        raise NotFound(f"{quarter} has no leads.")
    write_csv(frame, path)
    return len(frame)


def import_outcomes(store: Store, path: Path, actor: str) -> ImportReport:
    """What became of leads: columns lead_id, or subject_type and subject_code; begndate, enddate, fraud_flag,
    and where known fund_codes, loss_amt. Importing again changes nothing; rejected rows are listed.
    """
    frame = read_table(path, ("begndate", "enddate", "fraud_flag"))
    report = ImportReport(read=len(frame))
    with store.change() as connection:
        leads = {row.lead_id: row for row in connection.execute(select(lead))}
        known = {row.finding_id for row in connection.execute(select(outcome.c.finding_id))}
        new, moved = [], []
        for number, entry in enumerate(frame.to_dict("records"), start=2):
            try:
                row = _outcome({str(k): str(v) for k, v in entry.items()}, leads)
            except WrongUse as problem:
                report.rejected.append((number, str(entry.get("lead_id", "")), str(problem)))
                continue
            if row["finding_id"] in known:
                report.known += 1
                continue
            known.add(row["finding_id"])
            new.append(row)
            state = "established" if row["fraud_flag"] else "cleared"
            for found in leads.values():
                if (found.subject_type, found.subject_code) == (row["subject_type"], row["subject_code"]):
                    connection.execute(update(lead).where(lead.c.lead_id == found.lead_id).values(state=state))
                    moved.append({"lead_id": found.lead_id})
        if new:
            connection.execute(insert(outcome), new)
            rows = audit.marks(connection, "outcome", new) + audit.marks(connection, "lead", moved)
            audit.record(connection, actor, "outcomes imported", f"{len(new)} outcomes", {"rows": rows})
        report.added = len(new)
    return report


def _day(text: str) -> str:
    try:
        return datetime.strptime(text[:10], "%Y-%m-%d").strftime("%Y-%m-%d")
    except ValueError as error:
        raise WrongUse(f"'{text}' is no date: write 2026-07-01.") from error


def _outcome(entry: dict[str, str], leads: dict[str, Any]) -> dict[str, Any]:
    kind, code = entry.get("subject_type", ""), entry.get("subject_code", "")
    if entry.get("lead_id"):
        found = leads.get(entry["lead_id"])
        if found is None:
            raise WrongUse(f"There is no lead {entry['lead_id']}.")
        kind, code = found.subject_type, found.subject_code
    if kind not in SUBJECTS or not code:
        raise WrongUse("An outcome needs a lead_id, or a subject_type and subject_code.")
    flag = entry["fraud_flag"].removesuffix(".0")
    if flag not in ("0", "1"):
        raise WrongUse("fraud_flag must be 1 (established) or 0 (cleared).")
    codes = sorted(set(entry.get("fund_codes", "").replace(",", " ").split()))
    unknown = [name for name in codes if name not in fund_codes()]
    if unknown:
        raise WrongUse(f"'{unknown[0]}' is no fund-use violation code.")
    first, last = _day(entry["begndate"]), _day(entry["enddate"])
    if last < first:
        raise WrongUse("The period ends before it begins.")
    amount = amount_of(entry.get("loss_amt"))
    row: dict[str, Any] = {
        "subject_type": kind,
        "subject_code": code,
        "begndate": first,
        "enddate": last,
        "fraud_flag": int(flag),
        "fund_codes": " ".join(codes) or None,
        "loss_amt": None if amount is None else str(amount),
    }
    row["finding_id"] = hashlib.sha256(audit.canonical(row).encode()).hexdigest()[:32]
    return row


def outcomes(store: Store) -> pd.DataFrame:
    """Outcomes as rows of past_finding, by finding_id."""
    import pandas as pd

    with store.read() as connection:
        rows = connection.execute(select(outcome).order_by(outcome.c.finding_id)).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=[column.name for column in outcome.columns])
