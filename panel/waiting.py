"""Cases that wait for experts, and giving them some; all inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from panel import audit
from panel.assignment import Need, Pool, need_of
from panel.rules import PanelRules, rules_of
from panel.schema import account, assignment, case, expert, quarter
from panel.schema_work import absence
from panel.tables import check_transition, overseeing
from records.periods import CHINA

#: An assignment that counts: waiting for a verdict, or done. The others: recused, absent, lapsed, released.
LIVE = ("open", "done")
#: States in which a case may still need an expert.
UNDER_REVIEW = ("drawn", "assigned", "in_review", "awaiting_second")
#: Keys that one statement names.
_AT_ONCE = 500


def today() -> str:
    """This day in China, as text."""
    return datetime.now(CHINA).strftime("%Y-%m-%d")


def moment(minutes: float = 0) -> str:
    """A moment so many minutes from now, in UTC, as text that sorts by time."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def rules_in(connection: Connection, name: str) -> PanelRules:
    """The rules a quarter was opened with."""
    return rules_of(connection.execute(select(quarter.c.rules).where(quarter.c.quarter == name)).scalar())


def loads(connection: Connection, name: str) -> dict[str, int]:
    """What each expert has of a quarter's work: cases of it that wait for a verdict of theirs or have one.

    A case taken from the pool counts like one that was assigned, from the taking on; one that lapsed, was recused or
    handed on does not. Copies count, for they are work.
    """
    rows = connection.execute(
        select(assignment.c.expert_id, func.count())
        .join(case, case.c.case_id == assignment.c.case_id)
        .where(assignment.c.state.in_(LIVE), case.c.quarter == name)
        .group_by(assignment.c.expert_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def absent(connection: Connection) -> set[str]:
    """Experts who are away today."""
    day = today()
    rows = connection.execute(select(absence.c.expert_id).where(absence.c.begndate <= day, absence.c.enddate >= day))
    return {row.expert_id for row in rows}


def overseers(connection: Connection) -> set[str]:
    """Expert numbers of open accounts that see cases in full."""
    held = (account.c.expert_id.is_not(None), func.coalesce(account.c.ended, False).is_(False))
    rows = connection.execute(select(account.c.expert_id, account.c.roles).where(*held))
    return {str(row.expert_id) for row in rows if overseeing() & set(row.roles.split())}


def pool_of(connection: Connection, rules: PanelRules, name: str) -> Pool:
    """The experts that a quarter's cases are assigned to: not external, not withdrawn; those away today never chosen.

    Their capacity is that of the quarter, and so are their loads (``loads``).
    """
    rows = connection.execute(
        select(expert)
        .where(expert.c.external.is_(False), func.coalesce(expert.c.withdrawn, False).is_(False))
        .order_by(expert.c.expert_id)
    ).all()
    return Pool(rows, loads(connection, name), rules, absent(connection))


def sweep(connection: Connection) -> int:
    """Let go of cases that were taken and not judged in time, and hand on what waits for those away; returns how many.

    Somebody else may take the first then; the second find an absence that was set ahead and has begun.
    """
    rows = connection.execute(
        select(assignment.c.case_id, assignment.c.expert_id).where(
            assignment.c.state == "open", assignment.c.locked_until.is_not(None), assignment.c.locked_until < moment()
        )
    ).all()
    lapsed = [dict(row._mapping) for row in rows]
    if lapsed:
        release(connection, lapsed, "lapsed")
        named = {"assignment": lapsed, "case": lapsed}
        audit.record_rows(connection, "system", "cases let go", f"{len(lapsed)} cases", named, why="not in time")
    return len(lapsed) + _hand_on_of_absent(connection)


def _hand_on_of_absent(connection: Connection) -> int:
    from panel.handing_on import hand_on

    away = (assignment.c.state == "open", assignment.c.expert_id.in_(sorted(absent(connection))))
    waiting = connection.execute(select(assignment).where(*away).order_by(assignment.c.case_id, assignment.c.expert_id)).all()
    for row in waiting:
        found = connection.execute(select(case).where(case.c.case_id == row.case_id)).one()
        heirs = hand_on(connection, found, row, "absent", ("system",))
        rows = {"assignment": [{"case_id": row.case_id, "expert_id": name} for name in (row.expert_id, *heirs)],
                "case": [{"case_id": row.case_id}]}  # fmt: skip
        audit.record_rows(connection, "system", "handed on", row.case_id, rows, why="absent", to=heirs)
    return len(waiting)


def release(connection: Connection, rows: Sequence[dict[str, Any]], state: str, roles: Collection[str] = ("system",)) -> None:
    """Take assignments out; a case on which nobody is left goes back to drawn."""
    for row in rows:
        where = (assignment.c.case_id == row["case_id"], assignment.c.expert_id == row["expert_id"])
        connection.execute(update(assignment).where(*where).values(state=state, locked_until=None))
        if not connection.execute(
            select(assignment.c.expert_id).where(assignment.c.case_id == row["case_id"], assignment.c.state.in_(LIVE))
        ).first():
            before = connection.execute(select(case.c.state).where(case.c.case_id == row["case_id"])).scalar_one()
            if before in ("assigned", "in_review"):
                check_transition(before, "drawn", roles)
                connection.execute(update(case).where(case.c.case_id == row["case_id"]).values(state="drawn"))


def release_open(connection: Connection, case_id: str) -> list[dict[str, Any]]:
    """Let go of whoever still has a decided case to judge, whose verdict is no longer taken; the rows for the log."""
    held = (assignment.c.case_id == case_id, assignment.c.state == "open")
    rows = connection.execute(
        select(assignment.c.case_id, assignment.c.expert_id).where(*held).order_by(assignment.c.expert_id)
    )
    let_go = [dict(row._mapping) for row in rows]
    release(connection, let_go, "released")
    return let_go


def short_of_experts(connection: Connection, rules: PanelRules, *where: Any, most: int | None = None) -> list[tuple[Any, Need]]:
    """Cases with fewer experts than they need, by number, each with its row and its need."""
    counts = (
        select(assignment.c.case_id, func.count().label("n"))
        .where(assignment.c.state.in_(LIVE))
        .group_by(assignment.c.case_id)
        .subquery()
    )
    found = (
        select(case, func.coalesce(counts.c.n, 0).label("n"))
        .outerjoin(counts, counts.c.case_id == case.c.case_id)
        .where(case.c.state.in_(UNDER_REVIEW), func.coalesce(case.c.needed, 2) > func.coalesce(counts.c.n, 0), *where)
        .order_by(case.c.quarter, case.c.number)
        .limit(most)
    )
    rows = connection.execute(found).all()
    seen = seen_by(connection, [row.case_id for row in rows])
    needs = []
    for row in rows:
        wanted = (2 if row.needed is None else row.needed) - row.n
        needs.append((row, need_for(row, rules, wanted, seen.get(row.case_id, []))))
    return needs


def seen_by(connection: Connection, case_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Assignments of some cases, whatever became of them, by case."""
    found: dict[str, list[Any]] = {}
    for begin in range(0, len(case_ids), _AT_ONCE):
        chosen = select(assignment).where(assignment.c.case_id.in_(case_ids[begin : begin + _AT_ONCE]))
        for row in connection.execute(chosen.order_by(assignment.c.expert_id)):
            found.setdefault(row.case_id, []).append(row)
    return found


def need_for(row: Any, rules: PanelRules, wanted: int, seen: Sequence[Any]) -> Need:
    """The need of a case: who is on it, and who was and may not come back."""
    have = tuple(entry.expert_id for entry in seen if entry.state in LIVE)
    barred = frozenset(entry.expert_id for entry in seen if entry.state not in LIVE)
    return need_of(row.case_id, json.loads(row.payload), rules, wanted, have=have, barred=barred)


def place(
    connection: Connection, made: Sequence[dict[str, Any]], roles: Collection[str] = ("system",)
) -> dict[str, list[dict[str, Any]]]:
    """Add assignments and move drawn cases on; returns the rows for the log, by table."""
    if not made:
        return {}
    connection.execute(insert(assignment), list(made))
    names = sorted({row["case_id"] for row in made})
    check_transition("drawn", "assigned", roles)
    for begin in range(0, len(names), _AT_ONCE):
        some = case.c.case_id.in_(names[begin : begin + _AT_ONCE])
        connection.execute(update(case).where(some, case.c.state == "drawn").values(state="assigned"))
    return {"assignment": list(made), "case": [{"case_id": name} for name in names]}


def assign_waiting(connection: Connection, name: str) -> int:
    """Assign the cases of a quarter that wait for experts; returns how many got one."""
    rules = rules_in(connection, name)
    pool = pool_of(connection, rules, name)
    if not pool.ids:
        return 0
    needs = [need for row, need in short_of_experts(connection, rules, case.c.quarter == name) if row.kind is None]
    made = [
        {"case_id": need.case_id, "expert_id": expert_id, "stage": "blind", "state": "open"}
        for need in needs
        for expert_id in pool.choose(need)
    ]
    rows = place(connection, made)
    if rows:
        audit.record_rows(connection, "system", "cases assigned", name, rows, cases=len(rows["case"]))
    return len(rows.get("case", []))
