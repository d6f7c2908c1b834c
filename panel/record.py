"""Recording verdicts and moving the case along; the one place where both happen."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from panel import audit
from panel.final import PREVAILING, Opinion, final_of
from panel.opinions import latest
from panel.schema import assignment, case, verdict
from panel.tables import check_transition
from panel.waiting import need_for, place, pool_of, release_open, rules_in, seen_by

_OPEN = ("drawn", "assigned", "in_review", "awaiting_second", "agreed", "disputed", "adjudicated")
_ABNORMAL = "3"


def submission(case_id: str, expert_id: str, stage: str, number: str, line: str = "") -> str:
    """The store's number of a submission: the client's own, bound to case, expert and stage, so that none meets another's."""
    return hashlib.sha256("\n".join([case_id, expert_id, stage, number, line]).encode()).hexdigest()


def add_verdicts(
    connection: Connection, actor: str, action: str, rows: list[dict[str, Any]], roles: Collection[str] = ("system",)
) -> int:
    """Add verdict rows that are not there yet (by submission) and move their cases; returns how many were new."""
    new: list[dict[str, Any]] = []
    taken: set[str] = set()
    for row in rows:
        number = row["submission_id"]
        known = connection.execute(select(verdict.c.verdict_id).where(verdict.c.submission_id == number)).first()
        if known is None and number not in taken:
            taken.add(number)
            new.append({**row, "verdict_id": hashlib.sha256(number.encode()).hexdigest()})
    if not new:
        return 0
    columns = {column.name: None for column in verdict.columns}
    connection.execute(insert(verdict), [{**columns, **row} for row in new])
    named: dict[str, list[dict[str, Any]]] = {"verdict": new, "assignment": _close_assignments(connection, new), "case": []}
    moved = []
    for case_id in sorted({row["case_id"] for row in new}):
        change, more = _move(connection, case_id, roles)
        moved += [change] if change else []
        for table, keys in more.items():
            named[table] += keys
    subject = new[0]["case_id"] if len({row["case_id"] for row in new}) == 1 else f"{len(new)} rows"
    audit.record_rows(connection, actor, action, subject, named, moved=moved)
    return len(new)


def _close_assignments(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    changed = []
    for case_id, expert_id in sorted({(row["case_id"], row["expert_id"]) for row in rows}):
        where = (
            assignment.c.case_id == case_id,
            assignment.c.expert_id == expert_id,
            assignment.c.state.in_(("open", "lapsed")),
        )
        if connection.execute(update(assignment).where(*where).values(state="done", locked_until=None)).rowcount:
            changed.append({"case_id": case_id, "expert_id": expert_id})
    return changed


def needs_second(opinions: Sequence[Opinion]) -> bool:
    """Whether what one expert said alone calls for a second: abnormal, or with an amount."""
    return any(opinion.verdict_class == _ABNORMAL or opinion.loss_amt for opinion in opinions)


def state_of(opinions: Sequence[Opinion], needed: int) -> str | None:
    """The state that opinions make of a case under review; None while there are none.

    Two who give one class but not the same fund codes are disputed: a code is money, and one names it alone.
    """
    if not opinions:
        return None
    final = final_of(opinions, single=needed == 1)
    stages = {opinion.stage for opinion in opinions}
    if final.verdict_class is None:
        return "awaiting_second" if len(opinions) == 1 else "disputed"
    if stages & {"adjudication", "final", *PREVAILING}:
        return "adjudicated"
    if len(opinions) <= 2:
        return "agreed" if len({opinion.fund_codes for opinion in opinions}) == 1 else "disputed"
    # Three who all differ, the third called in for it: the middle one counts, but a meeting has to say so.
    apart = len({opinion.verdict_class for opinion in opinions}) == len(opinions)
    return "disputed" if "third" in stages and apart else "adjudicated"


def _move(
    connection: Connection, case_id: str, roles: Collection[str]
) -> tuple[dict[str, Any] | None, dict[str, list[dict[str, Any]]]]:
    """Set a case's state from its verdicts, call a second expert where one is needed; what changed, and rows for the log."""
    row = connection.execute(select(case).where(case.c.case_id == case_id)).one()
    if row.state not in _OPEN:
        return None, {}
    opinions = latest(connection.execute(select(verdict).where(verdict.c.case_id == case_id)).all())
    needed, more = 2 if row.needed is None else row.needed, {}
    if needed == 1 and row.kind is None and needs_second(opinions):
        needed, more = 2, _call_second(connection, row)
    after = state_of(opinions, needed) or row.state
    if after != row.state:
        check_transition(row.state, after, roles)
        connection.execute(update(case).where(case.c.case_id == case_id).values(state=after))
        more.setdefault("case", []).append({"case_id": case_id})
        if after == "adjudicated":
            more["assignment"] = more.get("assignment", []) + release_open(connection, case_id)
        return {"case_id": case_id, "from": row.state, "to": after}, more
    return None, more


def _call_second(connection: Connection, row: Any) -> dict[str, list[dict[str, Any]]]:
    connection.execute(update(case).where(case.c.case_id == row.case_id).values(needed=2))
    rules = rules_in(connection, row.quarter)
    seen = seen_by(connection, [row.case_id]).get(row.case_id, [])
    live = sum(entry.state in ("open", "done") for entry in seen)
    chosen = pool_of(connection, rules, row.quarter).choose(need_for(row, rules, max(0, 2 - live), seen))
    made = [{"case_id": row.case_id, "expert_id": name, "stage": "blind", "state": "open"} for name in chosen]
    placed = place(connection, made)
    return {"assignment": placed.get("assignment", []), "case": [{"case_id": row.case_id}]}
