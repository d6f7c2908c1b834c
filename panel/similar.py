"""Decided cases that are like another one: the same main diagnosis, and a drug of the same group that costs most."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from panel.final import final_of
from panel.giving import verdicts_of
from panel.opinions import latest
from panel.schema import assignment, case

#: States in which a case's result stands.
DECIDED = ("agreed", "adjudicated", "notified", "appealed", "re_reviewed", "closed")
MOST = 5


def decided_like(connection: Connection, found: Any, expert_id: str | None) -> list[dict[str, Any]]:
    """The newest decided cases like one, at most five, with their results; no names, and none that the viewer has yet
    to judge or that is the same prescription under another number.
    """
    if not found.likeness:
        return []
    waiting = select(assignment.c.case_id).where(assignment.c.expert_id == (expert_id or ""), assignment.c.state == "open")
    rows = connection.execute(
        select(case.c.case_id, case.c.quarter, case.c.state, case.c.needed)
        .where(
            case.c.likeness == found.likeness, case.c.state.in_(DECIDED), case.c.kind.is_(None),
            case.c.case_id.not_in([found.case_id, found.copy_of or ""]), case.c.case_id.not_in(waiting),
        )
        .order_by(case.c.case_id.desc())
        .limit(MOST)
    ).all()  # fmt: skip
    similar = []
    for row in rows:
        final = final_of(latest(verdicts_of(connection, row.case_id)), single=row.needed == 1)
        if final.verdict_class is not None:
            similar.append(
                {
                    "case_id": row.case_id, "quarter": row.quarter, "state": row.state, "verdict_class": final.verdict_class,
                    "item_codes": " ".join(final.item_codes), "fund_codes": " ".join(final.fund_codes),
                }
            )  # fmt: skip
    return similar
