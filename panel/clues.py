"""Clues: reports about a subject, each on its lead; who reported is sealed apart, and what was reported read by few."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from panel import audit
from panel.acting import Acting, text_of
from panel.giving import given_time
from panel.lead_source import clue_ids, members_of, parts_of
from panel.leads import SUBJECTS, add_leads
from panel.schema_leads import clue, lead, reporter
from records.errors import NotFound, NotPermitted, WrongUse
from records.periods import Quarter

LONGEST_CODE = 40
#: Characters of a clue's number that a lead, the log and people name it by.
_SHORT = 12


def _kind_of(connection: Connection, quarter: str, kind: str, code: str) -> str:
    """The kind of subject by which a quarter knows a code: who reports of a pharmacy may call it an institution."""
    both = ("institution", "pharmacy")
    if kind not in both:
        return kind
    chosen = select(lead.c.subject_type).where(
        lead.c.quarter == quarter, lead.c.subject_code == code, lead.c.subject_type.in_(both)
    )
    there = connection.execute(chosen.order_by(lead.c.subject_type)).scalars().all()
    return kind if kind in there or not there else str(there[0])


class Clues(Acting):
    """What is done with reports from the public."""

    @staticmethod
    def _lead(connection: Connection, lead_id: str) -> Any:
        row = connection.execute(select(lead).where(lead.c.lead_id == lead_id)).first()
        if row is None:
            raise NotFound(f"没有线索{lead_id} There is no lead {lead_id}.")
        return row

    def receive_clue(
        self, quarter: str, subject: tuple[str, str], text: str, *, channel: str = "other", reporter_is: str | None = None
    ) -> str:
        """Take a report and open its lead; ``subject`` = type and code. Who reported is sealed. Returns the lead's number.

        Raises WrongUse for a group whose members no lead of the quarter names: nothing could be concluded of it.
        """
        self._require("receive_clue")
        said = text_of(text, "线索内容 the report")
        kind, code = subject[0], subject[1].strip()
        if kind not in SUBJECTS or not code or len(code) > LONGEST_CODE:
            raise WrongUse(f"线索须写明对象类型和编码 A lead is about one of {', '.join(SUBJECTS)}, by its code.")
        name = str(Quarter.parse(quarter))
        with self._change() as connection:
            kind = _kind_of(connection, name, kind, code)
            same = (lead.c.quarter == name, lead.c.subject_type == kind, lead.c.subject_code == code)
            there = connection.execute(select(lead).where(*same)).first()
            if kind == "group" and (there is None or not members_of(there)):
                raise WrongUse(
                    "不知团伙成员，请逐人登记线索 The group's members are not known: take a report about each person."
                )
            number = hashlib.sha256(audit.canonical([kind, code, said, audit.now()]).encode()).hexdigest()
            row = {"clue_id": number, "received": given_time(), "subject_type": kind, "subject_code": code,
                   "channel": channel[:20], "text": said}  # fmt: skip
            connection.execute(insert(clue).values(**row))
            named: dict[str, list[dict[str, Any]]] = {"clue_in": [row]}
            if reporter_is and reporter_is.strip():
                sealed = {"clue_id": number, "reporter": text_of(reporter_is, "举报人 the reporter")}
                connection.execute(insert(reporter).values(**sealed))
                named["clue_reporter"] = [sealed]
            audit.record_rows(connection, self.actor.account, "clue received", number[:_SHORT], named)
            source = json.dumps({"clue_id": number[:_SHORT]})
            entry = {"subject_type": kind, "subject_code": code, "source": source, "origin": "clue"}
            add_leads(connection, self.actor.account, name, [entry])
            found = connection.execute(select(lead).where(*same)).one()
            if number[:_SHORT] not in clue_ids(found):
                self._join(connection, found, source)
        return str(found.lead_id)

    def _join(self, connection: Connection, found: Any, source: str) -> None:
        """Add a clue to a lead that something else opened; a random check that a clue points at is none any more."""
        parts = [*parts_of(found), json.loads(source)]
        origins = [name for name in str(found.origin or "model").split() if name not in ("check", "clue")]
        values = {"source": audit.canonical(parts), "origin": " ".join([*origins, "clue"])}
        connection.execute(update(lead).where(lead.c.lead_id == found.lead_id).values(**values))
        audit.record_rows(connection, self.actor.account, "clue joined", found.lead_id, {"lead": [{"lead_id": found.lead_id}]})

    def clue_texts(self, lead_id: str) -> list[dict[str, str]]:
        """What was reported on a lead, oldest first: received, channel and text, never by whom. The reading is logged.

        For the lead's officers and those who decide leads; reports that came with a data folder have no text here.
        """
        self._require("see_leads", lead_id)
        with self._change(lead_id) as connection:
            row = self._lead(connection, lead_id)
            if not self.works_on(row._mapping):
                raise NotPermitted("您不是该线索的核查人员 You are no officer of this lead.")
            number = func.substr(clue.c.clue_id, 1, _SHORT)
            rows = connection.execute(
                select(clue.c.received, clue.c.channel, clue.c.text, number.label("number"))
                .where(number.in_(clue_ids(row)))
                .order_by(clue.c.received, clue.c.clue_id)
            ).all()
            read = {"clues": [entry.number for entry in rows]}
            audit.record(connection, self.actor.account, "clue read", lead_id, read)
        return [{"received": entry.received, "channel": entry.channel, "text": entry.text} for entry in rows]

    def works_on(self, row: Mapping[str, Any]) -> bool:
        """Whether the actor checks a lead, one row of ``leads``, or decides leads: they read what was reported."""
        officer = self.may("check_lead") and self.actor.account in str(row["officers"] or "").split()
        return officer or self.may("decide_lead")

    def reporter_of(self, clue_id: str, reason: str) -> str | None:
        """Who reported a clue, None when nobody is known. Needs a reason; the opening of the seal is logged."""
        self._require("open_reporter", clue_id[:_SHORT])
        why = text_of(reason, "启封理由 the reason")
        with self._change() as connection:
            rows = connection.execute(select(clue.c.clue_id).where(clue.c.clue_id.startswith(clue_id, autoescape=True))).all()
            if len(rows) != 1:
                raise NotFound("没有这条线索 There is no such clue.")
            found = connection.execute(select(reporter.c.reporter).where(reporter.c.clue_id == rows[0].clue_id)).scalar()
            audit.record(connection, self.actor.account, "reporter opened", clue_id[:_SHORT], {"reason": why})
        return found
