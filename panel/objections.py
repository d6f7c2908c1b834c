"""After the panel: the institution is notified, may appeal, gets a re-review; the case is closed."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, insert, select, update

from panel import audit
from panel.acting import text_of
from panel.deciding import Deciding
from panel.final import final_of
from panel.giving import give, given_time, is_known, verdicts_of
from panel.opinions import latest
from panel.schema import case
from panel.schema_work import appeal, notice
from panel.tables import check_transition
from panel.verdict_input import VerdictInput
from panel.waiting import rules_in, today
from panel.working_days import after, calendar_of
from records.errors import WrongUse


class Objections(Deciding):
    """Notice, appeal, re-review, close."""

    def _move_to(self, connection: Connection, found: Any, state: str) -> None:
        check_transition(found.state, state, self.actor.roles)
        connection.execute(update(case).where(case.c.case_id == found.case_id).values(state=state))

    def notify_quarter(self, name: str) -> int:
        """Notify the institutions of every decided case of a quarter; returns how many. Their time to object begins."""
        self._require("notify", name)
        with self._change(name) as connection:
            ready = connection.execute(
                select(case)
                .where(case.c.quarter == name, case.c.kind.is_(None), case.c.state.in_(("agreed", "adjudicated")))
                .order_by(case.c.number)
            ).all()
            until = after(today(), rules_in(connection, name).objection_days, calendar_of(connection))
            notices = [{"case_id": row.case_id, "notified_at": given_time(), "objection_until": until} for row in ready]
            for row in ready:
                self._move_to(connection, row, "notified")
            if notices:
                connection.execute(insert(notice), notices)
                rows = {"case": [{"case_id": row.case_id} for row in ready], "notice": notices}
                audit.record_rows(connection, self.actor.account, "notified", name, rows, cases=len(ready), until=until)
        return len(ready)

    def record_appeal(self, case_id: str, text: str, late_reason: str | None = None) -> str:
        """Record an institution's objection to a notified result; returns its number.

        Raises WrongUse when the time for it is over, unless ``late_reason`` says why it is taken all the same.
        """
        self._require("record_appeal", case_id)
        said = text_of(text, "申诉内容 the statement")
        why_late = text_of(late_reason, "逾期受理理由 the reason") if late_reason and late_reason.strip() else None
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            check_transition(found.state, "appealed", self.actor.roles)
            told = connection.execute(select(notice).where(notice.c.case_id == case_id)).first()
            late = told is not None and today() > told.objection_until
            if late and why_late is None:
                raise WrongUse("已过申诉期限，受理须写明理由 The time to object is over: say why it is taken all the same.")
            row: dict[str, Any] = {
                "appeal_id": hashlib.sha256(audit.canonical([case_id, said]).encode()).hexdigest(),
                "case_id": case_id, "received": given_time(), "account": self.actor.account, "text": said,
                "late_reason": why_late, "state": "open", "decided_by": None, "reason": None,
            }  # fmt: skip
            self._move_to(connection, found, "appealed")
            connection.execute(insert(appeal).values(**row))
            rows = {"appeal": [row], "case": [{"case_id": case_id}]}
            audit.record_rows(connection, self.actor.account, "appealed", case_id, rows, late=late)
        return str(row["appeal_id"])

    def re_review(self, case_id: str, given: VerdictInput, reason: str, submission_id: str) -> str:
        """Decide an appeal by looking at the case anew: ``accepted`` when the result changes, else ``rejected``.

        Not for somebody who judged or decided the case before. The result stands above what was said; nothing is lost.
        """
        self._require("re_review", case_id)
        why, expert_id = text_of(reason, "复核理由 the reason"), self.actor.expert_id or self.actor.account
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            rows = verdicts_of(connection, case_id)
            if is_known(rows, expert_id, "re_review", submission_id):
                return str(self._appeal_of(connection, case_id).state)
            check_transition(found.state, "re_reviewed", self.actor.roles)
            self._impartial(connection, found, rows)
            if any(row.expert_id in (self.actor.expert_id, self.actor.account) for row in rows):
                raise WrongUse("您已裁定过此病例，须由他人复核 You decided this case: somebody else has to look at it anew.")
            before = final_of(latest(rows), single=found.needed == 1)
            give(connection, self._as("adjudicator"), found, (expert_id, "re_review"), given, submission_id, why)
            now = final_of(latest(verdicts_of(connection, case_id)))
            keys = ("verdict_class", "item_codes", "fund_codes", "loss_amt")
            changed = any(getattr(before, key) != getattr(now, key) for key in keys)
            values = {"state": "accepted" if changed else "rejected", "decided_by": self.actor.account, "reason": why}
            number = self._appeal_of(connection, case_id).appeal_id
            connection.execute(update(appeal).where(appeal.c.appeal_id == number).values(**values))
            self._move_to(connection, found, "re_reviewed")
            named = {"appeal": [{"appeal_id": number}], "case": [{"case_id": case_id}]}
            audit.record_rows(connection, self.actor.account, "re-reviewed", case_id, named, outcome=values["state"])
        return str(values["state"])

    @staticmethod
    def _appeal_of(connection: Connection, case_id: str) -> Any:
        return connection.execute(select(appeal).where(appeal.c.case_id == case_id).order_by(appeal.c.received.desc())).first()

    def close_cases(self, name: str) -> int:
        """Close the cases of a quarter whose time to object is over, or that were re-reviewed; returns how many.

        Where nothing came it is recorded as 'no objection received', which proves nothing.
        """
        self._require("close_case", name)
        with self._change(name) as connection:
            told = {row.case_id: row.objection_until for row in connection.execute(select(notice))}
            rows = connection.execute(
                select(case)
                .where(case.c.quarter == name, case.c.state.in_(("notified", "re_reviewed")))
                .order_by(case.c.number)
            ).all()
            ready = [row for row in rows if row.state == "re_reviewed" or told.get(row.case_id, "") < today()]
            silent = [row.case_id for row in ready if row.state == "notified"]
            for row in ready:
                self._move_to(connection, row, "closed")
            if ready:
                named = {"case": [{"case_id": row.case_id} for row in ready]}
                audit.record_rows(
                    connection, self.actor.account, "closed", name, named, cases=len(ready), no_objection_received=silent
                )
        return len(ready)

    def open_appeals(self) -> list[dict[str, Any]]:
        """Appeals that wait for a re-review, the oldest first."""
        self._require("re_review")
        with self.store.read() as connection:
            chosen = select(appeal).where(appeal.c.state == "open").order_by(appeal.c.received, appeal.c.case_id)
            rows = connection.execute(chosen).all()
        return [dict(row._mapping) for row in rows]

    def appeals(self, name: str) -> list[dict[str, Any]]:
        """Appeals of a quarter with what became of them, by case."""
        self._require("see_progress")
        with self.store.read() as connection:
            rows = connection.execute(
                select(appeal, case.c.state.label("case_state"))
                .join(case, case.c.case_id == appeal.c.case_id)
                .where(case.c.quarter == name)
                .order_by(appeal.c.case_id, appeal.c.received)
            ).all()
        return [dict(row._mapping) for row in rows]
