"""The work on leads: assigned to two officers, checked in time, decided, concluded, closed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from panel import audit, schema
from panel.acting import text_of
from panel.clues import Clues
from panel.lead_source import clue_ids, subjects_of
from panel.leads import CHECK_DAYS, EXTENSION_DAYS, pointer_text, shown_subject
from panel.outcomes import add_outcomes, outcome_row
from panel.schema_leads import lead, lead_note
from panel.tables import check_transition, states
from panel.waiting import today
from panel.working_days import after, calendar_of
from records.errors import NotPermitted, WrongUse
from records.periods import Quarter

OFFICERS = 2
ADDRESSEES = {
    "enforcement": ("医保行政部门", "insurance administration"),
    "health": ("卫生健康部门", "health authority"),
    "police": ("公安机关", "police"),
}
_UNDER_WAY = ("opened", "assigned")


class LeadWork(Clues):
    """What investigators and supervisors do about leads."""

    def _lead_to(self, connection: Connection, row: Any, state: str, **values: Any) -> None:
        check_transition(row.state, state, self.actor.roles, "lead")
        connection.execute(update(lead).where(lead.c.lead_id == row.lead_id).values(state=state, **values))

    def _note(self, connection: Connection, lead_id: str, kind: str, text: str) -> dict[str, Any]:
        at = audit.now()
        number = hashlib.sha256(audit.canonical([lead_id, at, self.actor.account, kind, text]).encode()).hexdigest()
        row = {"note_id": number, "lead_id": lead_id, "at": at, "account": self.actor.account, "kind": kind, "text": text}
        connection.execute(insert(lead_note).values(**row))
        return row

    def _log(self, connection: Connection, action: str, lead_id: str, note: dict[str, Any], **change: Any) -> None:
        named = {"lead": [{"lead_id": lead_id}], "lead_note": [note]}
        audit.record_rows(connection, self.actor.account, action, lead_id, named, **change)

    def leads(self, name: str | None = None) -> list[dict[str, Any]]:
        """Leads by number, with state in words, what pointed at them, and whether they are overdue; persons' numbers masked.

        ``clues`` = numbers of what was reported. ``unmask_lead`` opens a person's number, with a reason.
        """
        self._require("see_leads")
        chosen = select(lead).order_by(lead.c.lead_id)
        if name is not None:
            chosen = chosen.where(lead.c.quarter == name)
        with self.store.read() as connection:
            rows = connection.execute(chosen).all()
        day, words = today(), states("lead")
        return [
            {
                **{key: value for key, value in row._mapping.items() if key not in ("source", "subject_code")},
                "subject_code": shown_subject(row),
                "state_text": " ".join(words[row.state]),
                "pointer": pointer_text(row.origin, row.source),
                "clues": clue_ids(row),
                "overdue": row.state in _UNDER_WAY and bool(row.due_date) and row.due_date < day,
            }
            for row in rows
        ]

    def lead_notes(self, lead_id: str) -> list[dict[str, Any]]:
        """What was written on a lead, oldest first."""
        self._require("see_leads", lead_id)
        with self.store.read() as connection:
            self._lead(connection, lead_id)
            rows = connection.execute(
                select(lead_note).where(lead_note.c.lead_id == lead_id).order_by(lead_note.c.at, lead_note.c.note_id)
            ).all()
        return [dict(row._mapping) for row in rows]

    def assign_lead(self, lead_id: str, officers: Sequence[str]) -> None:
        """Give a lead to two officers, accounts of investigators, or to others in their place while it is being checked.

        The due date stays. Raises WrongUse for fewer, for others, or for those who have it.
        """
        self._require("assign_lead", lead_id)
        names = sorted(set(officers))
        with self._change(lead_id) as connection:
            row = self._lead(connection, lead_id)
            known = connection.execute(select(schema.account).where(schema.account.c.account.in_(names))).all()
            able = [entry.account for entry in known if "investigator" in entry.roles.split() and not entry.ended]
            if len(names) != OFFICERS or sorted(able) != names:
                raise WrongUse("须指派两名不同的核查人员 Two different investigators have to check a lead.")
            due = row.due_date or after(today(), CHECK_DAYS, calendar_of(connection))
            named = {"lead": [{"lead_id": lead_id}]}
            if row.state == "assigned":
                change = {"from": str(row.officers or "").split(), "to": names}
                if change["from"] == names:
                    raise WrongUse("该线索已由这两名人员核查 These two officers have this lead already.")
                connection.execute(update(lead).where(lead.c.lead_id == lead_id).values(officers=" ".join(names)))
                audit.record_rows(connection, self.actor.account, "officers replaced", lead_id, named, **change)
                return
            self._lead_to(connection, row, "assigned", officers=" ".join(names), due_date=due)
            audit.record_rows(connection, self.actor.account, "lead assigned", lead_id, named, officers=names, due=due)

    def extend_lead(self, lead_id: str, reason: str) -> str:
        """Give a check fifteen more working days, once; returns the new due date."""
        self._require("assign_lead", lead_id)
        why = text_of(reason, "延期理由 the reason")
        with self._change(lead_id) as connection:
            row = self._lead(connection, lead_id)
            if row.extended or row.state not in _UNDER_WAY:
                raise WrongUse("只能延期一次，且须在核查中 A check is extended once, while it is under way.")
            due = after(row.due_date or today(), EXTENSION_DAYS, calendar_of(connection))
            connection.execute(update(lead).where(lead.c.lead_id == lead_id).values(due_date=due, extended=1))
            self._log(connection, "lead extended", lead_id, self._note(connection, lead_id, "extension", why), due=due)
        return due

    def report_lead(self, lead_id: str, text: str) -> bool:
        """An officer's report on a lead, or the signature below the other's; True once both have signed: then it is checked.

        The same report of the same officer twice counts once.
        """
        self._require("check_lead", lead_id)
        said = text_of(text, "核查报告 the report")
        with self._change(lead_id) as connection:
            row = self._lead(connection, lead_id)
            if self.actor.account not in str(row.officers or "").split():
                raise NotPermitted("您不是该线索的核查人员 You are no officer of this lead.")
            reports = [dict(entry._mapping) for entry in connection.execute(
                select(lead_note).where(lead_note.c.lead_id == lead_id, lead_note.c.kind == "report"))]  # fmt: skip
            twice = [entry for entry in reports if (entry["account"], entry["text"]) == (self.actor.account, said)]
            if row.state != "assigned":
                if twice and row.state == "checked":
                    return True
                raise WrongUse("此线索不在核查中 This lead is not being checked.")
            note = twice[0] if twice else self._note(connection, lead_id, "report", said)
            # Somebody who was replaced may have signed before.
            both = {entry["account"] for entry in [*reports, note]} >= set(str(row.officers).split())
            if twice and not both:
                return False
            if both:
                self._lead_to(connection, row, "checked")
            self._log(connection, "lead checked" if both else "lead reported", lead_id, note)
        return both

    def decide_lead(
        self, lead_id: str, state: str, reason: str, *,
        addressee: str | None = None, codes: Sequence[str] = (), loss_amt: str | None = None,
    ) -> None:  # fmt: skip
        """Decide a checked lead: cleared, handled (under the agreement), or transferred to an authority.

        Cleared and handled are outcomes of the subject, with what was found (fund codes, yuan); neither establishes
        anything. Raises WrongUse for a transfer without one of ADDRESSEES.
        """
        self._require("decide_lead", lead_id)
        why = text_of(reason, "处理理由 the reason")
        if state not in ("cleared", "handled", "transferred"):
            raise WrongUse("线索只能排除、按协议处理或移送 A lead is cleared, handled or transferred.")
        if (state == "transferred") != (addressee in ADDRESSEES):
            raise WrongUse(
                f"移送须写明受理部门，其他处理不写 A transfer, and nothing else, names one of {', '.join(ADDRESSEES)}."
            )
        with self._change(lead_id) as connection:
            row = self._lead(connection, lead_id)
            self._lead_to(connection, row, state, addressee=addressee)
            self._log(connection, f"lead {state}", lead_id, self._note(connection, lead_id, state, why), addressee=addressee)
            if state != "transferred":
                self._outcome(connection, row, 0, list(codes), loss_amt)

    def conclude_lead(
        self, lead_id: str, established: bool, reason: str, *, codes: Sequence[str] = (), loss_amt: str | None = None
    ) -> None:
        """Record what the authority found of a transferred lead; the outcome is a row of past_finding and a label."""
        self._require("decide_lead", lead_id)
        why, state = text_of(reason, "认定文书 the finding"), "established" if established else "cleared"
        with self._change(lead_id) as connection:
            row = self._lead(connection, lead_id)
            self._lead_to(connection, row, state)
            self._log(connection, f"lead {state}", lead_id, self._note(connection, lead_id, state, why))
            self._outcome(connection, row, int(established), list(codes), loss_amt)

    def _outcome(self, connection: Connection, row: Any, flag: int, codes: list[str], loss_amt: str | None) -> None:
        """Outcomes of a lead's subject: a pharmacy's as an institution's, a group's as one of each member, the loss once."""
        quarter = Quarter.parse(row.quarter)
        last = (quarter.end - timedelta(days=1)).strftime("%Y-%m-%d")
        period = (quarter.begin.strftime("%Y-%m-%d"), last)
        found = [
            outcome_row(subject, period, flag, (codes, loss_amt if not number else None), row.lead_id)
            for number, subject in enumerate(subjects_of(row))
        ]
        add_outcomes(connection, self.actor.account, "outcome recorded", found, move=False)

    def close_lead(self, lead_id: str, reason: str) -> None:
        """Close a lead that is cleared, handled or established."""
        self._require("decide_lead", lead_id)
        why = text_of(reason, "办结说明 the note")
        with self._change(lead_id) as connection:
            row = self._lead(connection, lead_id)
            self._lead_to(connection, row, "closed")
            self._log(connection, "lead closed", lead_id, self._note(connection, lead_id, "closed", why))
