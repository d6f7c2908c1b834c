"""The pool and the accounts: absences, handing cases on, who may sign in."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select, update

from panel import accounts, audit
from panel.acting import Acting, text_of
from panel.handing_on import hand_on
from panel.schema import assignment, case, expert
from panel.schema_work import absence
from panel.store import Store
from panel.waiting import need_for, place, pool_of, rules_in, seen_by, short_of_experts, sweep, today
from records.errors import NotFound, WrongUse


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise WrongUse(f"“{text}”不是日期 '{text}' is no date: write 2026-07-01.") from error


def expert_is_known(store: Store, expert_id: str) -> bool:
    """Whether an expert is in the pool."""
    with store.read() as connection:
        return connection.execute(select(expert.c.expert_id).where(expert.c.expert_id == expert_id)).first() is not None


class People(Acting):
    """What administrators do about people; supervisors may hand cases on."""

    def set_absence(self, expert_id: str, begndate: str, enddate: str, reason: str) -> dict[str, str | None]:
        """An expert is away from one day to another, both included; waiting cases go to others when it has begun.

        That is at once, or with the first case that is taken or let go once it has begun. Returns the heir by case, None
        where nobody can take it.
        """
        self._require("manage_pool", expert_id)
        why, first, last = text_of(reason, "缺席原因 the reason"), _day(begndate), _day(enddate)
        if last < first:
            raise WrongUse("缺席结束早于开始 The absence ends before it begins.")
        with self._change(expert_id) as connection:
            self._known(connection, expert_id)
            row = {"expert_id": expert_id, "begndate": first, "enddate": last, "reason": why}
            where = (absence.c.expert_id == expert_id, absence.c.begndate == first)
            connection.execute(absence.delete().where(*where))
            connection.execute(insert(absence).values(**row))
            audit.record_rows(connection, self.actor.account, "absence set", expert_id, {"absence": [row]})
            return self._hand_all_on(connection, expert_id) if first <= today() <= last else {}

    def withdraw_expert(self, expert_id: str, reason: str) -> dict[str, str | None]:
        """An expert leaves the pool for good; waiting cases go to others. Returns the heir by case."""
        self._require("manage_pool", expert_id)
        why = text_of(reason, "退出原因 the reason")
        with self._change(expert_id) as connection:
            self._known(connection, expert_id)
            connection.execute(update(expert).where(expert.c.expert_id == expert_id).values(withdrawn=True))
            rows = {"expert": [{"expert_id": expert_id}]}
            audit.record_rows(connection, self.actor.account, "expert withdrawn", expert_id, rows, reason=why)
            return self._hand_all_on(connection, expert_id)

    @staticmethod
    def _known(connection: Connection, expert_id: str) -> None:
        if connection.execute(select(expert.c.expert_id).where(expert.c.expert_id == expert_id)).first() is None:
            raise NotFound(f"没有专家{expert_id} There is no expert {expert_id}.")

    def _hand_all_on(self, connection: Connection, expert_id: str) -> dict[str, str | None]:
        waiting = connection.execute(
            select(assignment)
            .where(assignment.c.expert_id == expert_id, assignment.c.state == "open")
            .order_by(assignment.c.case_id)
        ).all()
        return {row.case_id: self._hand_one_on(connection, row) for row in waiting}

    def _hand_one_on(self, connection: Connection, row: Any, state: str = "absent") -> str | None:
        found = self._case(connection, row.case_id)
        heirs = hand_on(connection, found, row, state, tuple(self.actor.roles))
        rows = {"assignment": [{"case_id": row.case_id, "expert_id": name} for name in (row.expert_id, *heirs)],
                "case": [{"case_id": row.case_id}]}  # fmt: skip
        audit.record_rows(connection, self.actor.account, "handed on", row.case_id, rows, why=state, to=heirs)
        return heirs[0] if heirs else None

    def reassign(self, case_id: str, from_expert: str, to_expert: str | None, reason: str) -> str | None:
        """Take a waiting case from one expert and give it to another: the one named, else whom the rule chooses."""
        self._require("reassign", case_id)
        text_of(reason, "改派理由 the reason")
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            row = self._assignment(connection, case_id, from_expert)
            if row is None or row.state != "open":
                raise WrongUse("该专家没有这个待评病例 This expert has no such case waiting.")
            if to_expert is None:
                return self._hand_one_on(connection, row, "reassigned")
            rules = rules_in(connection, found.quarter)
            need = need_for(found, rules, 1, seen_by(connection, [case_id])[case_id])
            if not pool_of(connection, rules, found.quarter).may(to_expert, need):
                raise WrongUse("该专家须回避、缺席或已满额 This expert must recuse, is away, or has no capacity left.")
            where = (assignment.c.case_id == case_id, assignment.c.expert_id == from_expert)
            connection.execute(update(assignment).where(*where).values(state="reassigned", locked_until=None))
            place(connection, [{"case_id": case_id, "expert_id": to_expert, "stage": row.stage, "state": "open"}])
            rows = {"assignment": [{"case_id": case_id, "expert_id": name} for name in (from_expert, to_expert)]}
            audit.record_rows(connection, self.actor.account, "handed on", case_id, rows, why=reason.strip(), to=[to_expert])
        return to_expert

    def let_go_overdue(self) -> int:
        """Let go of cases taken from the pool and not judged in time, and hand on those of experts who are away today.

        Returns how many.
        """
        self._require("reassign")
        with self._change() as connection:
            return sweep(connection)

    def waiting_for_experts(self, name: str) -> list[str]:
        """Cases of a quarter that have fewer experts than they need, for want of somebody who may."""
        self._require("reassign", name)
        with self.store.read() as connection:
            needs = short_of_experts(connection, rules_in(connection, name), case.c.quarter == name, case.c.kind.is_(None))
        return [need.case_id for _, need in needs]

    def add_account(
        self, name: str, password: str, roles: list[str], *, person: str = "", expert_id: str | None = None
    ) -> None:
        """Add a local account or give it a new password and roles; the password has to be changed at the first sign-in."""
        self._require("manage_accounts", name)
        accounts.create_account(self.store, name, password, roles, person=person, expert_id=expert_id, actor=self.actor.account)

    def end_account(self, name: str) -> None:
        """Close an account; its sessions end."""
        self._require("manage_accounts", name)
        if name == self.actor.account:
            raise WrongUse("不能停用自己的账号 You cannot close your own account.")
        accounts.end_account(self.store, name, self.actor.account)

    def unlock_account(self, name: str) -> None:
        """Let a locked account sign in again."""
        self._require("manage_accounts", name)
        accounts.unlock_account(self.store, name, self.actor.account)
