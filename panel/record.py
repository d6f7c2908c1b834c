"""Recording verdicts and moving the case along; the one place where both happen."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, insert, select, update

from panel import audit
from panel.final import final_of
from panel.opinions import latest
from panel.schema import assignment, case, verdict
from panel.tables import check_transition

_OPEN = ("drawn", "assigned", "in_review", "awaiting_second", "agreed", "disputed", "adjudicated")


def add_verdicts(connection: Connection, actor: str, action: str, rows: list[dict[str, Any]]) -> int:
    """Add verdict rows that are not there yet (by submission) and move their cases; returns how many were new."""
    new: list[dict[str, Any]] = []
    for row in rows:
        submission = row["submission_id"]
        known = connection.execute(select(verdict.c.verdict_id).where(verdict.c.submission_id == submission)).first()
        if known is None and all(other["submission_id"] != submission for other in new):
            new.append({**row, "verdict_id": hashlib.sha256(submission.encode()).hexdigest()})
    if not new:
        return 0
    connection.execute(insert(verdict), new)
    changed = _close_assignments(connection, new)
    moved = [change for name in sorted({row["case_id"] for row in new}) if (change := _move(connection, name))]
    marks = audit.marks(connection, "verdict", new) + audit.marks(connection, "assignment", changed)
    marks += audit.marks(connection, "case", [{"case_id": change["case_id"]} for change in moved])
    subject = new[0]["case_id"] if len({row["case_id"] for row in new}) == 1 else f"{len(new)} rows"
    audit.record(connection, actor, action, subject, {"moved": moved, "rows": marks})
    return len(new)


def _close_assignments(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    changed = []
    for case_id, expert_id in sorted({(row["case_id"], row["expert_id"]) for row in rows}):
        where = (
            assignment.c.case_id == case_id,
            assignment.c.expert_id == expert_id,
            assignment.c.state == "open",
        )
        if connection.execute(update(assignment).where(*where).values(state="done")).rowcount:
            changed.append({"case_id": case_id, "expert_id": expert_id})
    return changed


def _move(connection: Connection, case_id: str) -> dict[str, Any] | None:
    """Set a case's state from its verdicts; what changed, or None."""
    before = connection.execute(select(case.c.state).where(case.c.case_id == case_id)).scalar_one()
    if before not in _OPEN:
        return None
    rows = connection.execute(select(verdict).where(verdict.c.case_id == case_id)).all()
    opinions = latest(rows)
    final = final_of(opinions)
    if final.verdict_class is None:
        after = "awaiting_second" if len(opinions) == 1 else "disputed"
    else:
        decided = any(opinion.stage in ("adjudication", "final") for opinion in opinions) or len(opinions) > 2
        after = "adjudicated" if decided else "agreed"
    if after == before:
        return None
    check_transition(before, after)
    connection.execute(update(case).where(case.c.case_id == case_id).values(state=after))
    return {"case_id": case_id, "from": before, "to": after}
