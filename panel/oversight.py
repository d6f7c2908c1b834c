"""What supervisors, auditors and administrators see of the panel."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from panel import audit, verdicts
from panel.accounts import list_accounts
from panel.acting import Acting
from panel.schema import assignment, case, expert, quarter, verdict
from panel.schema import audit as log
from records.periods import CHINA

if TYPE_CHECKING:
    import pandas as pd


class Oversight(Acting):
    """What those see who watch over a quarter: progress, log, pool. Checked against the role like everything else."""

    def progress(self, name: str) -> dict[str, Any]:
        """How a quarter stands: cases by state, judged, overdue, agreement, load by expert."""
        self._require("see_progress")
        with self.store.read() as connection:
            own = (case.c.quarter == name, case.c.kind.is_(None))
            rows = connection.execute(select(case.c.state, case.c.due_date).where(*own)).all()
            load = connection.execute(
                select(assignment.c.expert_id, expert.c.profession, assignment.c.state, func.count())
                .join(case, case.c.case_id == assignment.c.case_id)
                .join(expert, expert.c.expert_id == assignment.c.expert_id)
                .where(case.c.quarter == name)
                .group_by(assignment.c.expert_id, expert.c.profession, assignment.c.state)
                .order_by(assignment.c.expert_id, assignment.c.state)
            ).all()
            given = connection.execute(
                select(func.count()).select_from(verdict).join(case, case.c.case_id == verdict.c.case_id)
                .where(case.c.quarter == name, case.c.kind.is_(None))
            ).scalar_one()  # fmt: skip
        states = Counter(row.state for row in rows)
        done = {"agreed", "adjudicated", "notified", "appealed", "re_reviewed", "closed"}
        today = datetime.now(CHINA).strftime("%Y-%m-%d")
        return {
            "cases": len(rows),
            "states": dict(sorted(states.items())),
            "judged": sum(count for state, count in states.items() if state in done),
            "verdicts": given,
            "overdue": sum(row.state not in done and (row.due_date or "9") < today for row in rows),
            "agreement": asdict(verdicts.agreement(self.store, name)),
            "load": [{"expert_id": row[0], "profession": row[1], "state": row[2], "cases": row[3]} for row in load],
        }

    def verdict_counts(self, name: str) -> pd.DataFrame:
        """Cases and verdicts by institution. Grain: one row an institution, by code."""
        self._require("see_progress")
        frame = verdicts.final_verdicts(self.store, name)
        frame["unreasonable"] = frame["verdict_class"].fillna(0) >= 1
        frame["unjudged"] = frame["closed"] & ~frame["judged"]
        grouped = frame.groupby("fixmedins_code", as_index=False)
        return grouped.agg(
            cases=("rxno", "size"),
            random=("arm", lambda arm: int((arm == "random").sum())),
            judged=("judged", "sum"),
            unjudged=("unjudged", "sum"),
            unreasonable=("unreasonable", "sum"),
        )

    def audit_log(self, text: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """The newest log entries, those that name ``text`` only."""
        self._require("see_log")
        with self.store.read() as connection:
            found: Any = select(log).order_by(log.c.seq.desc()).limit(limit)
            if text:
                pattern = f"%{text}%"
                names = (log.c.actor, log.c.action, log.c.subject)
                found = found.where(names[0].like(pattern) | names[1].like(pattern) | names[2].like(pattern))
            rows = connection.execute(found).all()
        return [{k: v for k, v in row._mapping.items() if k != "change"} for row in rows]

    def verify_log(self) -> dict[str, Any]:
        """Whether log and store agree."""
        self._require("see_log")
        return asdict(audit.verify(self.store))

    def pool(self) -> list[dict[str, Any]]:
        """The expert pool."""
        self._require("manage_pool")
        with self.store.read() as connection:
            rows = connection.execute(select(expert).order_by(expert.c.expert_id)).all()
        return [dict(row._mapping) for row in rows]

    def accounts(self) -> list[dict[str, Any]]:
        """Accounts with their roles and state; never their passwords."""
        self._require("manage_accounts")
        return list_accounts(self.store)

    def of_models(self, read: Callable[[], Any]) -> Any:
        """What ``read`` tells of models, scores, drift or the gate; it is not called for those who may not see them."""
        self._require("see_models")
        return read()

    def quarter_design(self, name: str) -> dict[str, Any]:
        """The design a quarter was drawn by."""
        self._require("see_progress")
        with self.store.read() as connection:
            row = connection.execute(select(quarter.c.design).where(quarter.c.quarter == name)).first()
        return dict(json.loads(row.design)) if row else {}
