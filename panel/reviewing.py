"""An expert's work: the queue, a case, a draft, the blind verdict, its one change, recusal."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from panel import audit
from panel.acting import Acting, text_of
from panel.blindness import proposed, visible
from panel.cases import open_quarters, payload_of
from panel.giving import give, is_known, verdicts_of
from panel.handing_on import hand_on
from panel.opinions import BLIND
from panel.schema import assignment, case, draft
from panel.similar import decided_like
from panel.tables import takes_verdicts
from panel.verdict_input import VerdictInput
from panel.waiting import LIVE, moment, place, pool_of, rules_in, seen_by, short_of_experts, sweep
from records.errors import NotPermitted, WrongUse

_OVERSEERS = frozenset({"adjudicator", "supervisor", "agency_reviewer"})
#: Once a case has left the panel its experts see where it stands; before, only that it is under review.
_PUBLIC = ("notified", "appealed", "re_reviewed", "closed")
_LONGEST_DRAFT = 60_000
_SHOWN = ("expert_id", "stage", "version", "verdict_class", "item_codes", "fund_codes", "loss_amt", "comment", "given_time",
          "feedetl_sn", "severity", "reason", "loss_reason")  # fmt: skip


class Reviewing(Acting):
    """What an expert does; and how anybody opens a case."""

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
            .where(assignment.c.expert_id == self._expert(), assignment.c.state.in_(LIVE))
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
                "state": _state_shown(row.state, row.mine == "done", row.content is not None),
                "stage": "blind" if row.mine == "open" else row.stage,
                "due_date": row.due_date,
                "mine_submitted": row.mine == "done",
                "draft": row.content is not None,
            }
            for row in rows
        ]

    def open_case(self, case_id: str) -> dict[str, Any]:
        """A case as the actor may see it. Raises NotFound, or NotPermitted for one that is not theirs.

        Whoever has a verdict to give sees it blind until then, whatever other roles they have, in every arm alike.
        """
        self._require("open_case", case_id)
        with self.store.read() as connection:
            row = self._case(connection, case_id)
            rows = verdicts_of(connection, case_id)
            mine = self._assignment(connection, case_id, self.actor.expert_id)
            kept = connection.execute(
                select(draft.c.content).where(draft.c.case_id == case_id, draft.c.expert_id == (self.actor.expert_id or ""))
            ).first()
            own = [self._shown(entry) for entry in rows if entry.expert_id == self.actor.expert_id]
            live = mine is not None and mine.state in LIVE
            oversees = bool(self.actor.roles & _OVERSEERS) and not (live and not own)
            opened = oversees or (live and bool(own))
            similar = decided_like(connection, row, self.actor.expert_id) if opened else []
        if not live and not oversees:
            self._refuse(case_id, "not assigned", "此病例未分派给您 This case is not assigned to you.")
        payload = payload_of(row)
        return {
            "case_id": case_id,
            "quarter": row.quarter,
            "number": row.number,
            "state": row.state if oversees else _state_shown(row.state, bool(own), kept is not None),
            "stage": "" if mine is None else mine.stage if opened else "blind",
            "due_date": row.due_date,
            "may_submit": live and mine.state == "open" and row.state in takes_verdicts() and self.may("give_verdict"),
            "may_change": bool(own) and row.state in takes_verdicts() and all(entry["stage"] in BLIND for entry in own),
            "blind": not opened,
            "case": visible(payload, after_own_verdict=opened, names=opened and self.may("see_names")),
            "similar": similar,
            "proposed": {line: str(amount) for line, amount in proposed(payload).items()} if opened else {},
            "draft": json.loads(kept.content) if kept else None,
            "my_verdicts": own,
            "other_verdicts": [self._shown(e) for e in rows if e.expert_id != self.actor.expert_id] if oversees else [],
        }

    @staticmethod
    def _shown(row: Any) -> dict[str, Any]:
        return {name: getattr(row, name) for name in _SHOWN}

    def save_draft(self, case_id: str, content: dict[str, Any]) -> None:
        """Keep what has been filled in so far; a later draft replaces it. Drafts are nobody's verdict."""
        self._keep_draft(case_id, content, whole=True)

    def amend_draft(self, case_id: str, changed: dict[str, Any]) -> dict[str, Any]:
        """Replace some parts of the draft and leave the others, which a second window may have written; gives the whole."""
        return self._keep_draft(case_id, changed, whole=False)

    def _keep_draft(self, case_id: str, changed: dict[str, Any], *, whole: bool) -> dict[str, Any]:
        self._require("give_verdict", case_id)
        expert_id = self._expert()
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            mine = self._own_turn(connection, found, expert_id)
            where = (draft.c.case_id == case_id, draft.c.expert_id == expert_id)
            kept = None if whole else connection.execute(select(draft.c.content).where(*where)).scalar()
            content = {**json.loads(kept or "{}"), **changed}
            text = audit.canonical(content)
            if len(text) > _LONGEST_DRAFT:
                raise WrongUse("草稿过长 The draft is too long: shorten the comment.")
            connection.execute(delete(draft).where(*where))
            connection.execute(insert(draft).values(case_id=case_id, expert_id=expert_id, content=text))
            rows: dict[str, list[dict[str, Any]]] = {}
            if found.state == "assigned":
                connection.execute(update(case).where(case.c.case_id == case_id).values(state="in_review"))
                rows["case"] = [{"case_id": case_id}]
            if mine.locked_until is not None:
                until = moment(rules_in(connection, found.quarter).lock_minutes)
                where = (assignment.c.case_id == case_id, assignment.c.expert_id == expert_id)
                connection.execute(update(assignment).where(*where).values(locked_until=until))
                rows["assignment"] = [{"case_id": case_id, "expert_id": expert_id}]
            if rows:
                audit.record_rows(connection, self.actor.account, "review begun", case_id, rows)
        return content

    def _own_turn(self, connection: Connection, found: Any, expert_id: str) -> Any:
        """The actor's open assignment; one that lapsed comes back while nobody else has taken the case."""
        row = self._assignment(connection, found.case_id, expert_id)
        if row is not None and row.state == "lapsed":
            seen = seen_by(connection, [found.case_id])[found.case_id]
            if sum(entry.state in LIVE for entry in seen) < (2 if found.needed is None else found.needed):
                return self._take_again(connection, found, expert_id)
            raise NotPermitted("锁定已过期，他人已领取 Your hold on this case ended, and somebody else has taken it.")
        if row is None or row.state not in LIVE:
            raise NotPermitted("此病例未分派给您 This case is not assigned to you.")
        return row

    def _take_again(self, connection: Connection, found: Any, expert_id: str) -> Any:
        until = moment(rules_in(connection, found.quarter).lock_minutes)
        where = (assignment.c.case_id == found.case_id, assignment.c.expert_id == expert_id)
        connection.execute(update(assignment).where(*where).values(state="open", locked_until=until))
        drawn = (case.c.case_id == found.case_id, case.c.state == "drawn")
        connection.execute(update(case).where(*drawn).values(state="assigned"))
        rows = {"assignment": [{"case_id": found.case_id, "expert_id": expert_id}], "case": [{"case_id": found.case_id}]}
        audit.record_rows(connection, self.actor.account, "case taken", found.case_id, rows, until=until)
        return self._assignment(connection, found.case_id, expert_id)

    def submit_verdict(self, case_id: str, given: VerdictInput, submission_id: str) -> bool:
        """Give the blind verdict. The same submission twice counts once; returns whether it was new.

        Raises WrongUse once the case is decided: what was decided, and perhaps told, is not changed by a late verdict.
        """
        self._require("give_verdict", case_id)
        expert_id = self._expert()
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            own = [row for row in verdicts_of(connection, case_id) if row.expert_id == expert_id]
            asked = self._assignment(connection, case_id, expert_id)
            known = asked is not None and is_known(own, expert_id, asked.stage, submission_id)
            if asked is not None and not known and found.state not in takes_verdicts():
                raise WrongUse("此病例已有定论，不再接收结论 This case is decided: a verdict on it is no longer taken.")
            stage = self._own_turn(connection, found, expert_id).stage
            if own and not known:
                raise WrongUse("您已提交过结论 You have given your verdict on this case already.")
            return give(connection, self._as("expert"), found, (expert_id, stage), given, submission_id)

    def change_verdict(self, case_id: str, given: VerdictInput, reason: str) -> bool:
        """Change the own verdict once, after findings were seen; needs a reason. The blind one is kept."""
        self._require("give_verdict", case_id)
        why, expert_id = text_of(reason, "修改理由 the reason"), self._expert()
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            self._own_turn(connection, found, expert_id)
            own = [row for row in verdicts_of(connection, case_id) if row.expert_id == expert_id]
            if any(row.stage == "changed" for row in own):
                return False
            if not own:
                raise WrongUse("请先提交结论 Give your first verdict before you change it.")
            if found.state not in takes_verdicts():
                raise WrongUse("此病例已裁定或已通知，不能再修改 This case is decided: a verdict can no longer be changed.")
            return give(connection, self._as("expert"), found, (expert_id, "changed"), given, "once", why)

    def _as(self, role: str) -> tuple[str, frozenset[str]]:
        return self.actor.account, frozenset({role})

    def recuse(self, case_id: str, reason: str) -> str | None:
        """Step back from a case, with a reason; the expert who takes it over comes back, None when nobody can."""
        self._require("recuse", case_id)
        why, expert_id = text_of(reason, "回避理由 the reason"), self._expert()
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            row = self._own_turn(connection, found, expert_id)
            if row.state == "done":
                raise WrongUse("已提交结论的病例不能回避 A case with your verdict cannot be given back.")
            heirs = hand_on(connection, found, row, "recused", ("expert",))
            rows = {"assignment": [{"case_id": case_id, "expert_id": name} for name in (expert_id, *heirs)],
                    "case": [{"case_id": case_id}]}  # fmt: skip
            audit.record_rows(connection, self.actor.account, "recused", case_id, rows, reason=why, to=heirs)
        return heirs[0] if heirs else None

    def take_next(self, after: str | None = None) -> str | None:
        """The next case of the own queue that waits for a verdict; None when all are done."""
        waiting = [entry["case_id"] for entry in self.my_queue() if not entry["mine_submitted"]]
        later = [case_id for case_id in waiting if after is not None and case_id > after]
        return next(iter(later or [case_id for case_id in waiting if case_id != after]), None)

    def beside(self, case_id: str) -> tuple[str | None, str | None]:
        """The case before this one in the own queue, and the next one that waits for a verdict; see ``take_next``."""
        rows = self.my_queue()
        waiting = [row["case_id"] for row in rows if not row["mine_submitted"]]
        later = [name for name in waiting if name > case_id] or [name for name in waiting if name != case_id]
        earlier = sorted(row["case_id"] for row in rows if row["case_id"] < case_id)
        return (earlier[-1] if earlier else None), (later[0] if later else None)

    @staticmethod
    def _held_untouched(connection: Connection, name: str, expert_id: str) -> str | None:
        """The case of a quarter that an expert took from the pool and has written nothing on."""
        begun = select(draft.c.case_id).where(draft.c.expert_id == expert_id)
        found = connection.execute(
            select(assignment.c.case_id)
            .join(case, case.c.case_id == assignment.c.case_id)
            .where(
                assignment.c.expert_id == expert_id, assignment.c.state == "open", assignment.c.locked_until.is_not(None),
                case.c.quarter == name, assignment.c.case_id.not_in(begun),
            )
            .order_by(assignment.c.case_id)
        ).first()  # fmt: skip
        return None if found is None else str(found.case_id)

    def claim_next(self, name: str) -> str | None:
        """Take a case from a quarter's common pool and hold it for a while; None when none fits.

        Cases that lack the actor's profession go first, those of the own specialty before others, then by number. A
        hold ends by itself (``lock_minutes``), and every saved draft begins it anew. Who holds a case of the quarter
        that they have not begun gets that one again: asking twice takes one, and nobody hoards.
        """
        self._require("take_case", name)
        expert_id = self._expert()
        with self._change(name) as connection:
            sweep(connection)
            held = self._held_untouched(connection, name, expert_id)
            if held is not None:
                return held
            rules = rules_in(connection, name)
            pool = pool_of(connection, rules, name)
            mine = select(assignment.c.case_id).where(
                assignment.c.expert_id == expert_id, assignment.c.state.not_in(("lapsed",))
            )
            where = (case.c.quarter == name, case.c.kind.is_(None), case.c.case_id.not_in(mine))
            needs = [need for _, need in short_of_experts(connection, rules, *where)]
            chosen = pool.best_for(expert_id, needs)
            if chosen is None:
                return None
            until = moment(rules.lock_minutes)
            if self._assignment(connection, chosen, expert_id) is not None:
                self._take_again(connection, self._case(connection, chosen), expert_id)
                return chosen
            made = {"case_id": chosen, "expert_id": expert_id, "stage": "blind", "state": "open", "locked_until": until}
            rows = {"assignment": [made], "case": [{"case_id": chosen}]}
            place(connection, [made], ("expert",))
            audit.record_rows(connection, self.actor.account, "case taken", chosen, rows, until=until)
        return chosen


def _state_shown(state: str, own_given: bool, drafted: bool) -> str:
    """A case's state as its expert sees it: nothing of what others said."""
    if state in _PUBLIC:
        return state
    return "in_review" if own_given or drafted else "assigned"
