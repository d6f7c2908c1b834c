"""Who judges what: two experts of unlike professions a case, none with a tie to it, loads in balance."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from panel import audit
from panel.schema import assignment, case, expert
from panel.tables import check_transition

EXPERTS_A_CASE = 2


def tied(who: Any, payload: dict[str, Any]) -> bool:
    """Whether an expert must recuse: own or former institution, or a declared conflict, is in the case."""
    ties = {who.institution, *str(who.former_institutions).split(), *str(who.conflicts).split()} - {None, ""}
    sealed = payload.get("sealed", {})
    return bool(ties & {sealed.get("fixmedins_code"), sealed.get("dr_codg")})


def choose(pool: list[Any], load: dict[str, int], payload: dict[str, Any], barred: Iterable[str] = ()) -> list[str]:
    """Experts for a case: the least loaded first, the second one of another profession where possible.

    Deterministic: equal loads in the order of the expert's number. Fewer than two when the pool has no more.
    """
    gone = set(barred)
    free = [
        who
        for who in pool
        if who.expert_id not in gone
        and not tied(who, payload)
        and (who.capacity is None or load.get(who.expert_id, 0) < who.capacity)
    ]
    free.sort(key=lambda who: (load.get(who.expert_id, 0), who.expert_id))
    chosen: list[Any] = []
    while free and len(chosen) < EXPERTS_A_CASE:
        have = {who.profession for who in chosen}
        pick = next((who for who in free if who.profession not in have), free[0])
        chosen.append(pick)
        free.remove(pick)
    return [who.expert_id for who in chosen]


def loads(connection: Connection) -> dict[str, int]:
    """Open assignments by expert."""
    rows = connection.execute(
        select(assignment.c.expert_id, func.count()).where(assignment.c.state == "open").group_by(assignment.c.expert_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def experts_who_sign_in(connection: Connection) -> list[Any]:
    """The pool that cases are assigned to: experts who are not external."""
    return list(connection.execute(select(expert).where(expert.c.external.is_(False)).order_by(expert.c.expert_id)))


def assign_drawn(connection: Connection, name: str) -> int:
    """Assign every case of a quarter that waits for experts; returns how many got two. Needs a transaction."""
    pool, load = experts_who_sign_in(connection), loads(connection)
    if not pool:
        return 0
    waiting = connection.execute(
        select(case.c.case_id, case.c.payload).where(case.c.quarter == name, case.c.state == "drawn").order_by(case.c.number)
    ).all()
    made, moved = [], []
    for row in waiting:
        chosen = choose(pool, load, json.loads(row.payload))
        if len(chosen) < EXPERTS_A_CASE:
            continue
        for expert_id in chosen:
            load[expert_id] = load.get(expert_id, 0) + 1
            made.append({"case_id": row.case_id, "expert_id": expert_id, "stage": "blind", "state": "open"})
        check_transition("drawn", "assigned")
        moved.append({"case_id": row.case_id})
    if made:
        connection.execute(insert(assignment), made)
        for entry in moved:
            connection.execute(update(case).where(case.c.case_id == entry["case_id"]).values(state="assigned"))
        rows = audit.marks(connection, "assignment", made) + audit.marks(connection, "case", moved)
        audit.record(connection, "system", "cases assigned", name, {"cases": len(moved), "rows": rows})
    return len(moved)
