"""What became of leads: imported or concluded, kept as rows of past_finding, labels of later training."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, update

from panel import audit
from panel.lead_source import subjects_of
from panel.schema_leads import lead, outcome
from panel.store import Store, refuse_unfit
from panel.table_file import ImportReport, read_file
from panel.tables import check_transition, fund_codes
from panel.verdict_input import amount_of
from panel.waiting import today
from records.errors import WrongUse

if TYPE_CHECKING:
    import pandas as pd

#: Subjects of past_finding. A pharmacy is an institution there; a group's outcome is one of each of its members.
SUBJECTS = ("person", "practitioner", "institution")
#: What ``investigations`` tells beside the columns of past_finding.
_BESIDE = ("recorded_on", "random", "incl_prob")


def import_outcomes(store: Store, path: Path, actor: str) -> ImportReport:
    """What became of leads: columns lead_id, or subject_type and subject_code; begndate, enddate, fraud_flag,
    and where known fund_codes, loss_amt, recorded_on (the day on which it was established or cleared; today when it
    is left out). Importing again changes nothing; rejected rows are listed.
    """
    table = read_file(path, ("begndate", "enddate", "fraud_flag"))
    report = table.report()
    with store.change() as connection:
        leads = {row.lead_id: row for row in connection.execute(select(lead))}
        known = {row.finding_id for row in connection.execute(select(outcome.c.finding_id))}
        taken: list[dict[str, Any]] = []
        for number, entry in table.rows:
            try:
                made = _outcomes(entry, leads)
            except WrongUse as problem:
                report.reject(number, entry.get("lead_id", ""), str(problem), list(entry.values()))
                continue
            ids = {row["finding_id"] for row in made}
            report.known += ids <= known
            known |= ids
            taken += made
        add_outcomes(connection, actor, "outcomes imported", taken)
    report.added = report.read - report.known - len(report.rejected)
    report.rejected.sort()
    return report


def add_outcomes(connection: Connection, actor: str, action: str, rows: list[dict[str, Any]], *, move: bool = True) -> int:
    """Keep outcomes that are not there yet; returns how many were new. ``move`` = their subjects' leads follow them."""
    known = {row.finding_id for row in connection.execute(select(outcome.c.finding_id))}
    new: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for row in rows:
        if row["finding_id"] in known:
            continue
        known.add(row["finding_id"])
        new.append({**row, "recorded_on": row.get("recorded_on") or today()})
        moved += _move_leads(connection, row) if move else []
    if new:
        columns = {column.name: None for column in outcome.columns}
        connection.execute(insert(outcome), [{**columns, **row} for row in new])
        audit.record_rows(connection, actor, action, f"{len(new)} outcomes", {"outcome": new, "lead": moved})
    return len(new)


def _move_leads(connection: Connection, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Set an outcome's own lead, or its subject's leads where none is named; those that are closed stay closed.

    A pharmacy's outcome is an institution's: leads of both types by that code follow it.
    """
    state = "established" if row["fraud_flag"] else "cleared"
    moved = []
    types = ("institution", "pharmacy") if row["subject_type"] == "institution" else (row["subject_type"],)
    same = lead.c.subject_type.in_(types) & (lead.c.subject_code == row["subject_code"])
    if row["lead_id"]:
        same = lead.c.lead_id == row["lead_id"]
    for found in connection.execute(select(lead).where(same, lead.c.state.not_in(("closed", state)))).all():
        check_transition(found.state, state, ("system",), "lead")
        connection.execute(update(lead).where(lead.c.lead_id == found.lead_id).values(state=state))
        moved.append({"lead_id": found.lead_id})
    return moved


def _day(text: str) -> str:
    try:
        return datetime.strptime(text[:10], "%Y-%m-%d").strftime("%Y-%m-%d")
    except ValueError as error:
        raise WrongUse(f"“{text}”不是日期 '{text}' is no date: write 2026-07-01.") from error


def _outcomes(entry: dict[str, str], leads: dict[str, Any]) -> list[dict[str, Any]]:
    """Outcomes of a row: one, of a group's lead one of each member, the loss with the first."""
    kind, code = entry.get("subject_type", ""), entry.get("subject_code", "")
    subjects, number = [("institution" if kind == "pharmacy" else kind, code)], None
    if entry.get("lead_id"):
        found = leads.get(entry["lead_id"])
        if found is None:
            raise WrongUse(f"没有线索{entry['lead_id']} There is no lead {entry['lead_id']}.")
        subjects, number = subjects_of(found), found.lead_id
    if not subjects or not all(kind in SUBJECTS and code for kind, code in subjects):
        raise WrongUse(
            "结果须写明lead_id，或subject_type和subject_code An outcome needs a lead_id, or a subject_type and subject_code."
        )
    flag = entry["fraud_flag"].removesuffix(".0")
    if flag not in ("0", "1"):
        raise WrongUse("fraud_flag须为1（查实）或0（排除） fraud_flag must be 1 (established) or 0 (cleared).")
    period = _day(entry["begndate"]), _day(entry["enddate"])
    codes = entry.get("fund_codes", "").replace(",", " ").split()
    known_on = _day(entry["recorded_on"]) if entry.get("recorded_on") else today()
    if known_on > today():
        raise WrongUse(
            f"recorded_on晚于今日 recorded_on {known_on} lies in the future: leave it out, or write the day it was established."
        )
    rows = []
    for place, subject in enumerate(subjects):
        row = outcome_row(subject, period, int(flag), (codes, None if place else entry.get("loss_amt")), number)
        row["recorded_on"] = known_on
        refuse_unfit(outcome, row)
        rows.append(row)
    return rows


def outcome_row(
    subject: tuple[str, str], period: tuple[str, str], fraud_flag: int, found: tuple[list[str], object], lead_id: str | None
) -> dict[str, Any]:
    """An outcome as a row of past_finding; its number comes from its content, so twice is once. Loss in yuan.

    Raises WrongUse for an unknown code, an impossible amount or a period that ends before it begins.
    """
    codes = sorted(set(found[0]))
    unknown = [name for name in codes if name not in fund_codes()]
    if unknown:
        raise WrongUse(f"没有基金使用违规代码{unknown[0]} '{unknown[0]}' is no fund-use violation code.")
    if period[1] < period[0]:
        raise WrongUse("期间的止日早于起日 The period ends before it begins.")
    amount = amount_of(found[1])
    row: dict[str, Any] = {
        "subject_type": subject[0],
        "subject_code": subject[1],
        "begndate": period[0],
        "enddate": period[1],
        "fraud_flag": fraud_flag,
        "fund_codes": " ".join(codes) or None,
        "loss_amt": None if amount is None else str(amount),
    }
    number = hashlib.sha256(audit.canonical(row).encode()).hexdigest()[:32]
    return {**row, "finding_id": number, "lead_id": lead_id}


def outcomes(store: Store, before: datetime | None = None) -> pd.DataFrame:
    """Outcomes as rows of past_finding, by finding_id. ``before``: only those recorded on an earlier day."""
    return investigations(store, before).drop(columns=list(_BESIDE))


def investigations(store: Store, before: datetime | None = None) -> pd.DataFrame:
    """Outcomes and how their subjects came to be checked. Grain: one row an outcome, by finding_id.

    Columns of past_finding, and ``recorded_on`` (missing: not known, hence never before anything), ``random`` (the
    subject was drawn by a random check and nothing pointed at it) and ``incl_prob`` (0..1: of a random check that of
    its draw; 1 for a subject that something pointed at, for each of them gets a lead; missing without a lead).
    """
    import pandas as pd

    columns = [column for column in outcome.columns if column.name != "lead_id"]
    chosen = select(*columns, lead.c.origin, lead.c.incl_prob, lead.c.lead_id).outerjoin(
        lead, lead.c.lead_id == outcome.c.lead_id
    )
    if before is not None:
        chosen = chosen.where(outcome.c.recorded_on < before.strftime("%Y-%m-%d"))
    with store.read() as connection:
        found = connection.execute(chosen.order_by(outcome.c.finding_id)).all()
    names = [column.name for column in columns]
    rows = []
    for row in found:
        drawn = row.origin == "check"
        rows.append((*row[: len(names)], drawn, row.incl_prob if drawn else None if row.lead_id is None else 1.0))
    frame = pd.DataFrame(rows, columns=[*names, "random", "incl_prob"])
    return frame.astype({"random": "bool", "incl_prob": "float64"})
