"""Handing a case on: after a recusal, in an absence, by order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, update

from panel.schema import assignment, draft
from panel.waiting import need_for, place, pool_of, release, rules_in, seen_by


def hand_on(connection: Connection, found: Any, row: Any, state: str, roles: tuple[str, ...]) -> list[str]:
    """Take an expert off a case and give it to another where somebody can; the heir's number, or nothing.

    A copy is given to nobody else: it measures one expert, and ends with the hand-over.
    """
    rules = rules_in(connection, found.quarter)
    others = [entry for entry in seen_by(connection, [found.case_id])[found.case_id] if entry.expert_id != row.expert_id]
    need = need_for(found, rules, 1, others)
    need = replace(need, barred=need.barred | {row.expert_id})
    heirs = [] if found.kind is not None else pool_of(connection, rules, found.quarter).choose(need)
    made = [{"case_id": found.case_id, "expert_id": name, "stage": row.stage, "state": "open"} for name in heirs]
    where = (assignment.c.case_id == found.case_id, assignment.c.expert_id == row.expert_id)
    connection.execute(update(assignment).where(*where).values(state=state, locked_until=None))
    connection.execute(delete(draft).where(draft.c.case_id == found.case_id, draft.c.expert_id == row.expert_id))
    if made:
        place(connection, made)
    else:
        release(connection, [{"case_id": found.case_id, "expert_id": row.expert_id}], state, roles)
    return heirs
