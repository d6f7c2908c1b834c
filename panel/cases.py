"""Opening a quarter's cases, and keeping its draw from then on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from panel import audit, probes
from panel.likeness import likeness_of
from panel.rules import PanelRules, panel_rules
from panel.schema import case, quarter, sample
from panel.store import Store
from panel.waiting import assign_waiting
from records.periods import Quarter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OpenReport:
    """Cases of the quarter; ``kept`` = they were open already and only findings and reasons were renewed."""

    cases: int
    assigned: int
    kept: bool


def sample_of(store: Store, name: str) -> pd.DataFrame | None:
    """The sample of a quarter whose cases are open, by rxno as it was drawn; None when none is."""
    import pandas as pd

    columns = [column for column in sample.columns if column.name != "quarter"]
    with store.read() as connection:
        if connection.execute(select(quarter.c.quarter).where(quarter.c.quarter == name)).first() is None:
            return None
        rows = connection.execute(select(*columns).where(sample.c.quarter == name).order_by(sample.c.rxno)).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=[column.name for column in columns])
    return frame.astype({"draw_order": "int64"})


def open_cases(
    store: Store, name: str, design: dict[str, Any], drawn: pd.DataFrame, payloads: dict[str, dict[str, Any]]
) -> OpenReport:
    """Open a case for every sampled prescription, in one transaction; or renew what is shown after the verdict.

    ``payloads``: what is shown of each rxno, with its ``after_blind`` part. ``design["panel"]`` replaces rules of
    ``rules.toml``; the quarter keeps what it was opened with. Cases are numbered in draw order, which tells nothing
    of the arm; cases that come again stand among them. Raises DesignRefused for an impossible rule.
    """
    rules = panel_rules(design.get("panel"))
    with store.change() as connection:
        known = connection.execute(select(quarter.c.quarter).where(quarter.c.quarter == name)).first()
        if known is not None:
            return _renew(connection, name, payloads)
        values = {"quarter": name, "state": "open", "design": audit.canonical(design), "rules": rules.text()}
        connection.execute(insert(quarter).values(**values))
        ordered = drawn.sort_values("draw_order")
        samples = [{"quarter": name, **_plain(row)} for row in ordered.to_dict("records")]
        own = [_case(name, row, payloads[row["rxno"]], rules) for row in samples]
        cases = probes.among(connection, own, rules, samples[0]["seed"] if samples else "")
        if samples:
            connection.execute(insert(sample), samples)
            connection.execute(insert(case), cases)
        rows = {"quarter": [{"quarter": name}], "sample": samples, "case": cases}
        audit.record_rows(connection, "system", "cases opened", name, rows, cases=len(own))
        assigned = assign_waiting(connection, name)
        probes.hand_out(connection, name)
    return OpenReport(len(own), assigned, kept=False)


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value.item() if hasattr(value, "item") else value for key, value in row.items()}


def _case(name: str, row: dict[str, Any], payload: dict[str, Any], rules: PanelRules) -> dict[str, Any]:
    shown = {key: value for key, value in payload.items() if key != "after_blind"}
    due = max(datetime.now(), Quarter.parse(name).end) + timedelta(days=rules.due_days)
    double = probes.chance(row["seed"], "double", row["rxno"]) < rules.double_share
    return {
        "case_id": f"{name}-{row['draw_order']:05d}",
        "quarter": name,
        "rxno": row["rxno"],
        "number": row["draw_order"],
        "state": "drawn",
        "due_date": due.strftime("%Y-%m-%d"),
        "payload": audit.canonical(shown),
        "after_blind": audit.canonical(payload.get("after_blind", {})),
        "needed": 2 if double else 1,
        "kind": None,
        "copy_of": None,
        "likeness": likeness_of(shown),
    }


def _renew(connection: Any, name: str, payloads: dict[str, dict[str, Any]]) -> OpenReport:
    changed = []
    own = (case.c.quarter == name, case.c.kind.is_(None))
    stored = connection.execute(select(case.c.case_id, case.c.rxno, case.c.after_blind).where(*own)).all()
    for row in stored:
        payload = payloads.get(row.rxno)
        text = row.after_blind if payload is None else audit.canonical(payload.get("after_blind", {}))
        if text != row.after_blind:
            connection.execute(update(case).where(case.c.case_id == row.case_id).values(after_blind=text))
            changed.append({"case_id": row.case_id})
    if changed:
        audit.record_rows(connection, "system", "findings renewed", name, {"case": changed}, cases=len(changed))
    return OpenReport(len(stored), 0, kept=True)


def payload_of(row: Any) -> dict[str, Any]:
    """A case's payload with its part after the blind verdict."""
    payload: dict[str, Any] = json.loads(row.payload)
    payload["after_blind"] = json.loads(row.after_blind)
    return payload


def open_quarters(store: Store) -> list[str]:
    """Quarters with open cases, newest first."""
    with store.read() as connection:
        rows = connection.execute(select(quarter.c.quarter).order_by(quarter.c.quarter.desc())).all()
    return [row.quarter for row in rows]
