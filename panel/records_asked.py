"""Medical records asked for, with a due date; and what became of the asking."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import insert, select, update

from panel import audit
from panel.acting import Acting, text_of
from panel.giving import given_time
from panel.schema import assignment, case
from panel.schema_work import record_request
from panel.waiting import LIVE, rules_in, today
from panel.working_days import after, calendar_of
from records.errors import NotFound, NotPermitted, WrongUse

ANSWERS = ("supplied", "not_supplied", "withdrawn")


class RecordsAsked(Acting):
    """Requests for records."""

    def request_record(self, case_id: str, wanted: str, due_date: str | None = None) -> str:
        """Ask for a record; due after the rules' working days unless a later day is given. Returns the request's number."""
        self._require("request_record", case_id)
        text = text_of(wanted, "所需病历 what is needed")
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            mine = self._assignment(connection, case_id, self.actor.expert_id)
            if "adjudicator" not in self.actor.roles and (mine is None or mine.state not in LIVE):
                raise NotPermitted("此病例未分派给您 This case is not assigned to you.")
            due = due_date or after(today(), rules_in(connection, found.quarter).record_days, calendar_of(connection))
            if due <= today():
                raise WrongUse("截止日期须在今天之后 The due date must lie after today.")
            row = {
                "request_id": hashlib.sha256(audit.canonical([case_id, self.actor.account, text]).encode()).hexdigest(),
                "case_id": case_id, "account": self.actor.account, "wanted": text, "asked_at": given_time(),
                "due_date": due, "state": "open", "answer": None,
            }  # fmt: skip
            where = record_request.c.request_id == row["request_id"]
            if connection.execute(select(record_request).where(where)).first() is None:
                connection.execute(insert(record_request).values(**row))
                named = {"record_request": [row]}
                audit.record_rows(connection, self.actor.account, "record asked for", case_id, named, due=due)
        return str(row["request_id"])

    def answer_record(self, request_id: str, state: str, answer: str) -> None:
        """Say what became of a request: supplied, not_supplied (only when its time is over) or withdrawn."""
        self._require("answer_record", request_id)
        text = text_of(answer, "答复 the answer")
        if state not in ANSWERS:
            raise WrongUse(f"没有答复“{state}” '{state}' is no answer: use {', '.join(ANSWERS)}.")
        with self._change(request_id) as connection:
            row = connection.execute(select(record_request).where(record_request.c.request_id == request_id)).first()
            if row is None:
                raise NotFound("没有这项调阅申请 There is no such request.")
            if row.state != "open":
                raise WrongUse("此申请已答复 This request is answered already.")
            if state == "not_supplied" and row.due_date >= today():
                raise WrongUse(f"期限{row.due_date}未到 The institution has time until {row.due_date}.")
            where = record_request.c.request_id == request_id
            connection.execute(update(record_request).where(where).values(state=state, answer=text))
            named = {"record_request": [{"request_id": request_id}]}
            audit.record_rows(connection, self.actor.account, "record answered", row.case_id, named, state=state)

    def record_requests(self, name: str | None = None) -> list[dict[str, Any]]:
        """Requests, the earliest due first: an expert's own cases, everybody's for those who oversee. ``overdue`` is told.

        Of a case that the actor has yet to judge, only their own: what another asks for tells what another thinks.
        """
        self._require("open_case")
        chosen = select(record_request, case.c.quarter).join(case, case.c.case_id == record_request.c.case_id)
        if name is not None:
            chosen = chosen.where(case.c.quarter == name)
        if not self.actor.roles & {"adjudicator", "supervisor", "agency_reviewer"}:
            mine = select(assignment.c.case_id).where(
                assignment.c.expert_id == (self.actor.expert_id or ""), assignment.c.state.in_(LIVE)
            )
            chosen = chosen.where(record_request.c.case_id.in_(mine))
        to_judge = select(assignment.c.case_id).where(
            assignment.c.expert_id == (self.actor.expert_id or ""), assignment.c.state == "open"
        )
        asked_by_me = record_request.c.account == self.actor.account
        chosen = chosen.where(asked_by_me | record_request.c.case_id.not_in(to_judge))
        with self.store.read() as connection:
            rows = connection.execute(chosen.order_by(record_request.c.due_date, record_request.c.request_id)).all()
        day = today()
        return [{**row._mapping, "overdue": row.state == "open" and row.due_date < day} for row in rows]
