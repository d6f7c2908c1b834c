"""What people do on the panel, each step checked against their role; a refusal is logged."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from panel import audit
from panel.assignment import choose, experts_who_sign_in, loads
from panel.blindness import visible
from panel.cases import open_quarters, payload_of
from panel.exchange import stored_row
from panel.oversight import Oversight
from panel.record import add_verdicts
from panel.schema import assignment, case, draft, verdict
from panel.verdict_input import VerdictInput, check
from records.errors import NotFound, NotPermitted, WrongUse

if TYPE_CHECKING:
    pass

_CHINA = timezone(timedelta(hours=8))


def _given_time() -> str:
    return datetime.now(_CHINA).strftime("%Y-%m-%d %H:%M:%S")


class PanelService(Oversight):
    """The panel for one signed-in actor."""

    def _expert(self) -> str:
        if self.actor.expert_id is None:
            raise NotPermitted("此账号未关联专家 This account has no expert behind it.")
        return self.actor.expert_id

    def quarters(self) -> list[str]:
        """Quarters with open cases, newest first."""
        self._require("see_quarters")
        return open_quarters(self.store)

    def my_queue(self, name: str | None = None) -> list[dict[str, Any]]:
        """Cases assigned to the actor, open ones first, each in its number's order."""
        self._require("see_queue")
        mine = (
            select(case.c.case_id, case.c.quarter, case.c.number, case.c.state, case.c.due_date, assignment.c.stage,
                   assignment.c.state.label("mine"), draft.c.content)
            .join(assignment, assignment.c.case_id == case.c.case_id)
            .outerjoin(draft, (draft.c.case_id == case.c.case_id) & (draft.c.expert_id == assignment.c.expert_id))
            .where(assignment.c.expert_id == self._expert(), assignment.c.state != "recused")
            .order_by((assignment.c.state == "open").desc(), case.c.quarter.desc(), case.c.number)
        )  # fmt: skip
        if name is not None:
            mine = mine.where(case.c.quarter == name)
        with self.store.read() as connection:
            rows = connection.execute(mine).all()
        return [
            {
                "case_id": row.case_id,
                "quarter": row.quarter,
                "number": row.number,
                "state": row.state,
                "stage": row.stage,
                "due_date": row.due_date,
                "mine_submitted": row.mine == "done",
                "draft": row.content is not None,
            }
            for row in rows
        ]

    def open_case(self, case_id: str) -> dict[str, Any]:
        """A case as the actor may see it. Raises NotFound, or NotPermitted for one that is not theirs."""
        self._require("open_case", case_id)
        with self.store.read() as connection:
            row = connection.execute(select(case).where(case.c.case_id == case_id)).first()
            if row is None:
                raise NotFound(f"There is no case {case_id}.")
            rows = connection.execute(select(verdict).where(verdict.c.case_id == case_id)).all()
            mine = connection.execute(
                select(assignment).where(
                    assignment.c.case_id == case_id, assignment.c.expert_id == (self.actor.expert_id or "")
                )
            ).first()
            kept = connection.execute(
                select(draft.c.content).where(draft.c.case_id == case_id, draft.c.expert_id == (self.actor.expert_id or ""))
            ).first()
        oversees = bool(self.actor.roles & {"adjudicator", "supervisor", "agency_reviewer"})
        if mine is None and not oversees:
            self._refuse_foreign(case_id)
        own = [self._shown(entry) for entry in rows if entry.expert_id == self.actor.expert_id]
        return {
            "case_id": case_id,
            "quarter": row.quarter,
            "number": row.number,
            "state": row.state,
            "stage": mine.stage if mine else "",
            "due_date": row.due_date,
            "may_submit": mine is not None and mine.state == "open" and self.may("give_verdict"),
            "may_change": bool(own) and all(entry["stage"] == "blind" for entry in own),
            "blind": not own and not oversees,
            "case": visible(payload_of(row), after_own_verdict=bool(own) or oversees, names=self.may("see_names")),
            "draft": json.loads(kept.content) if kept else None,
            "my_verdicts": own,
            "other_verdicts": [self._shown(e) for e in rows if e.expert_id != self.actor.expert_id] if oversees else [],
        }

    def _refuse_foreign(self, case_id: str) -> None:
        with self.store.change() as connection:
            audit.record(connection, self.actor.account, "refused", case_id, {"why": "not assigned"})
        raise NotPermitted("此病例未分派给您 This case is not assigned to you.")

    @staticmethod
    def _shown(row: Any) -> dict[str, Any]:
        names = ("expert_id", "stage", "version", "verdict_class", "item_codes", "fund_codes", "loss_amt", "comment",
                 "given_time", "feedetl_sn")  # fmt: skip
        return {name: getattr(row, name) for name in names}

    def save_draft(self, case_id: str, content: dict[str, Any]) -> None:
        """Keep what has been filled in so far; a later draft replaces it. Drafts are nobody's verdict."""
        self._require("give_verdict", case_id)
        expert_id = self._expert()
        with self.store.change() as connection:
            self._own_assignment(connection, case_id, expert_id)
            connection.execute(delete(draft).where(draft.c.case_id == case_id, draft.c.expert_id == expert_id))
            text = audit.canonical(content)
            connection.execute(insert(draft).values(case_id=case_id, expert_id=expert_id, content=text))
            state = connection.execute(select(case.c.state).where(case.c.case_id == case_id)).scalar_one()
            if state == "assigned":
                connection.execute(update(case).where(case.c.case_id == case_id).values(state="in_review"))
                rows = audit.marks(connection, "case", [{"case_id": case_id}])
                audit.record(connection, self.actor.account, "review begun", case_id, {"rows": rows})

    def _own_assignment(self, connection: Any, case_id: str, expert_id: str) -> Any:
        row = connection.execute(
            select(assignment).where(assignment.c.case_id == case_id, assignment.c.expert_id == expert_id)
        ).first()
        if row is None or row.state == "recused":
            raise NotPermitted("此病例未分派给您 This case is not assigned to you.")
        return row

    def submit_verdict(self, case_id: str, given: VerdictInput, submission_id: str) -> bool:
        """Give the blind verdict. The same submission twice counts once; returns whether it was new."""
        self._require("give_verdict", case_id)
        return self._store_verdict(case_id, given, "blind", submission_id)

    def change_verdict(self, case_id: str, given: VerdictInput, reason: str) -> bool:
        """Change the own verdict once, after findings were seen; needs a reason. The blind one is kept."""
        self._require("give_verdict", case_id)
        if not reason.strip():
            raise WrongUse("修改结论须写明理由 A changed verdict needs a reason.")
        comment = f"{given.comment}\n[{reason.strip()}]".strip()
        changed = VerdictInput(**{**asdict(given), "comment": comment})
        return self._store_verdict(case_id, changed, "changed", f"changed-{case_id}-{self._expert()}")

    def adjudicate(self, case_id: str, given: VerdictInput, submission_id: str) -> bool:
        """Decide a disputed case."""
        self._require("adjudicate", case_id)
        return self._store_verdict(case_id, given, "adjudication", submission_id)

    def _store_verdict(self, case_id: str, given: VerdictInput, stage: str, submission_id: str) -> bool:
        expert_id = self.actor.expert_id or self.actor.account if stage == "adjudication" else self._expert()
        with self.store.change() as connection:
            found = connection.execute(select(case).where(case.c.case_id == case_id)).first()
            if found is None:
                raise NotFound(f"There is no case {case_id}.")
            earlier = connection.execute(
                select(verdict).where(verdict.c.case_id == case_id, verdict.c.expert_id == expert_id)
            ).all()
            self._check_turn(connection, (case_id, expert_id, stage), list(earlier), submission_id, found.state)
            checked = check(given, Decimal(json.loads(found.payload)["total_amt"]))
            row = {
                **stored_row(found, expert_id, ("", stage), checked, _given_time()),
                "submission_id": submission_id,
            }
            if any(entry.submission_id == submission_id for entry in earlier):
                return False
            connection.execute(delete(draft).where(draft.c.case_id == case_id, draft.c.expert_id == expert_id))
            return add_verdicts(connection, self.actor.account, f"verdict {stage}", [row]) == 1

    def _check_turn(
        self, connection: Any, place: tuple[str, str, str], earlier: list[Any], submission_id: str, state: str
    ) -> None:
        case_id, expert_id, stage = place
        if any(entry.submission_id == submission_id for entry in earlier):
            return
        stages = {entry.stage for entry in earlier}
        if stage == "adjudication":
            if state not in ("disputed", "awaiting_second", "agreed"):
                raise WrongUse("此病例目前无需裁定 This case is not waiting for an adjudication.")
            return
        self._own_assignment(connection, case_id, expert_id)
        if stage == "blind" and stages:
            raise WrongUse("您已提交过结论 You have given your verdict on this case already.")
        if stage == "changed" and stages != {"blind"}:
            raise WrongUse("结论只能修改一次 A verdict may be changed once, after the first.")

    def recuse(self, case_id: str, reason: str) -> str | None:
        """Step back from a case, with a reason; the expert who takes it over comes back, None when nobody can."""
        self._require("recuse", case_id)
        if not reason.strip():
            raise WrongUse("回避须写明理由 A recusal needs a reason.")
        expert_id = self._expert()
        with self.store.change() as connection:
            row = self._own_assignment(connection, case_id, expert_id)
            if row.state != "open":
                raise WrongUse("已提交结论的病例不能回避 A case with your verdict cannot be given back.")
            where = (assignment.c.case_id == case_id, assignment.c.expert_id == expert_id)
            connection.execute(update(assignment).where(*where).values(state="recused"))
            barred = [r.expert_id for r in connection.execute(select(assignment).where(assignment.c.case_id == case_id))]
            payload = json.loads(connection.execute(select(case.c.payload).where(case.c.case_id == case_id)).scalar_one())
            chosen = choose(experts_who_sign_in(connection), loads(connection), payload, barred)[:1]
            changed = [{"case_id": case_id, "expert_id": expert_id}]
            for name in chosen:
                new = {"case_id": case_id, "expert_id": name, "stage": "blind", "state": "open"}
                connection.execute(insert(assignment).values(**new))
                changed.append({"case_id": case_id, "expert_id": name})
            rows = audit.marks(connection, "assignment", changed)
            change = {"reason": reason.strip(), "to": chosen, "rows": rows}
            audit.record(connection, self.actor.account, "recused", case_id, change)
        return chosen[0] if chosen else None

    def take_next(self, after: str | None = None) -> str | None:
        """The next case of the own queue that waits for a verdict; None when all are done."""
        waiting = [entry["case_id"] for entry in self.my_queue() if not entry["mine_submitted"]]
        later = [case_id for case_id in waiting if after is not None and case_id > after]
        return next(iter(later or [case_id for case_id in waiting if case_id != after]), None)

    def disputes(self) -> list[dict[str, Any]]:
        """Disputed cases with what each expert said."""
        self._require("see_disputes")
        with self.store.read() as connection:
            rows = connection.execute(select(case).where(case.c.state == "disputed").order_by(case.c.case_id)).all()
            said = {
                row.case_id: [
                    self._shown(entry)
                    for entry in connection.execute(
                        select(verdict).where(verdict.c.case_id == row.case_id).order_by(verdict.c.expert_id)
                    )
                ]
                for row in rows
            }
        return [
            {
                "case_id": row.case_id,
                "quarter": row.quarter,
                "number": row.number,
                "verdicts": said[row.case_id],
            }
            for row in rows
        ]
