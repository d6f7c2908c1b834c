"""Opening what is masked: by role, with a reason, logged; the log keeps the reason, never what was seen."""

from __future__ import annotations

from typing import Any

from panel import audit
from panel.acting import Acting, text_of
from panel.cases import payload_of
from panel.lead_source import members_of
from panel.lead_work import LeadWork
from panel.waiting import LIVE
from records.errors import NotPermitted


class Unmasking(Acting):
    """What stands behind a mask."""

    def unmask_diagnoses(self, case_id: str, reason: str) -> list[dict[str, Any]]:
        """All diagnoses of a case, sensitive ones too; an expert's of their own cases only. Needs a reason, is logged."""
        self._require("unmask_diagnosis", case_id)
        why = text_of(reason, "查看理由 the reason")
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            mine = self._assignment(connection, case_id, self.actor.expert_id)
            oversees = self.actor.roles & {"adjudicator", "supervisor", "agency_reviewer"}
            if not oversees and (mine is None or mine.state not in LIVE):
                raise NotPermitted("此病例未分派给您 This case is not assigned to you.")
            audit.record(connection, self.actor.account, "unmasked diagnoses", case_id, {"reason": why})
        return [dict(entry) for entry in payload_of(found)["diagnoses"]]

    def unmask_identity(self, case_id: str, reason: str) -> dict[str, Any]:
        """Numbers and names behind a case: person, prescriber, institution. Never for somebody who has yet to judge it."""
        self._require("unmask_identity", case_id)
        why = text_of(reason, "查看理由 the reason")
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            mine = self._assignment(connection, case_id, self.actor.expert_id)
            if mine is not None and mine.state == "open":
                raise NotPermitted("您尚未提交结论，不能查看 You have yet to judge this case: its names stay hidden.")
            audit.record(connection, self.actor.account, "unmasked identity", case_id, {"reason": why})
        payload = payload_of(found)
        return {**payload["sealed"], "rxno": payload["rxno"], "dept_name": payload.get("dept_name")}


class LeadUnmasking(LeadWork):
    """Whom a lead is about."""

    def unmask_lead(self, lead_id: str, reason: str) -> list[str]:
        """The number of a lead's subject, or of each member of a group. Needs a reason, is logged.

        For the lead's officers and those who decide leads.
        """
        self._require("unmask_identity", lead_id)
        why = text_of(reason, "查看理由 the reason")
        with self._change(lead_id) as connection:
            row = self._lead(connection, lead_id)
            if not self.works_on(row._mapping):
                raise NotPermitted("您不是该线索的核查人员 You are no officer of this lead.")
            audit.record(connection, self.actor.account, "unmasked lead", lead_id, {"reason": why})
        return members_of(row) if row.subject_type == "group" else [str(row.subject_code)]
