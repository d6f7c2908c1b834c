"""Disputes: to a third expert, to an adjudicator, to a panel meeting with minutes; and the answers of gold cases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, insert, select

from panel import audit, probes
from panel.acting import text_of
from panel.giving import give, given_time, is_known, verdicts_of
from panel.reviewing import Reviewing
from panel.schema import assignment, case, verdict
from panel.schema_work import meeting
from panel.verdict_input import VerdictInput, check
from panel.waiting import LIVE, need_for, overseers, place, pool_of, rules_in, seen_by
from records.errors import NotFound, WrongUse

LEAST_PRESENT = 3
_TO_DECIDE = ("disputed", "awaiting_second", "agreed")


class Deciding(Reviewing):
    """What is done where experts differ."""

    def disputes(self) -> list[dict[str, Any]]:
        """Disputed cases with what each expert said; none on which the actor has a verdict of their own to give."""
        self._require("see_disputes")
        with self.store.read() as connection:
            rows = connection.execute(select(case).where(case.c.state == "disputed").order_by(case.c.case_id)).all()
            said = {row.case_id: verdicts_of(connection, row.case_id) for row in rows}
            on = seen_by(connection, list(said))
        me = self.actor.expert_id
        return [
            {
                "case_id": row.case_id,
                "quarter": row.quarter,
                "number": row.number,
                "verdicts": [self._shown(entry) for entry in said[row.case_id]],
                "third": any(entry.stage == "third" and entry.state in LIVE for entry in on.get(row.case_id, [])),
            }
            for row in rows
            if not any(entry.expert_id == me and entry.state == "open" for entry in on.get(row.case_id, []))
        ]

    def refer_to_third(self, case_id: str, expert_id: str | None = None) -> str | None:
        """Call a third expert into a dispute, blind like the others: the one named, else whom the rule chooses.

        Returns the expert's number, None when nobody can. Raises WrongUse for a case that is not disputed or has a
        third already, and for a named expert who must recuse or has seen it: the actor, and whoever oversees.
        """
        self._require("refer_to_third", case_id)
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            seen = seen_by(connection, [case_id]).get(case_id, [])
            if found.state != "disputed":
                raise WrongUse("此病例没有分歧 This case is not disputed.")
            if any(entry.stage == "third" and entry.state in LIVE for entry in seen):
                raise WrongUse("此病例已有第三人 A third expert is on this case already.")
            rules = rules_in(connection, found.quarter)
            pool = pool_of(connection, rules, found.quarter)
            need = need_for(found, rules, 1, seen)
            sighted = overseers(connection) | ({self.actor.expert_id} if self.actor.expert_id else set())
            need = replace(need, barred=need.barred | sighted)
            if expert_id in sighted:
                raise WrongUse("第三人不能是能看到全部结论的人 The third may not be somebody who sees what the others said.")
            if expert_id is not None and not pool.may(expert_id, need):
                raise WrongUse("该专家须回避、缺席或已满额 This expert must recuse, is away, or has no capacity left.")
            chosen = [expert_id] if expert_id is not None else pool.choose(need)
            made = [{"case_id": case_id, "expert_id": name, "stage": "third", "state": "open"} for name in chosen]
            place(connection, made)
            audit.record_rows(connection, self.actor.account, "third expert called", case_id, {"assignment": made}, to=chosen)
        return chosen[0] if chosen else None

    def adjudicate(self, case_id: str, given: VerdictInput, submission_id: str) -> bool:
        """Decide a disputed case. Not for somebody who is, or has to be, an expert of it."""
        self._require("adjudicate", case_id)
        expert_id = self.actor.expert_id or self.actor.account
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            rows = verdicts_of(connection, case_id)
            if not is_known(rows, expert_id, "adjudication", submission_id):
                self._impartial(connection, found, rows)
                if found.state not in _TO_DECIDE:
                    raise WrongUse("此病例目前无需裁定 This case is not waiting for an adjudication.")
            return give(connection, self._as("adjudicator"), found, (expert_id, "adjudication"), given, submission_id)

    def _impartial(self, connection: Connection, found: Any, rows: Sequence[Any]) -> None:
        """Raise WrongUse where the actor has judged the case, has to, or is tied to it."""
        me = self.actor.expert_id
        if any(row.expert_id in (me, self.actor.account) and row.stage not in ("adjudication",) for row in rows):
            raise WrongUse("您已评审过此病例，须由他人裁定 You judged this case yourself: somebody else has to decide it.")
        if me is None:
            return
        mine = self._assignment(connection, found.case_id, me)
        if mine is not None and mine.state in LIVE:
            raise WrongUse("此病例已分派给您，须由他人裁定 This case is yours to judge: somebody else has to decide it.")
        rules = rules_in(connection, found.quarter)
        if pool_of(connection, rules, found.quarter).tied(me, need_for(found, rules, 1, [])):
            raise WrongUse("您须回避此病例 You must recuse yourself from this case.")

    def correct_decision(self, case_id: str, given: VerdictInput, reason: str) -> bool:
        """Correct one's own adjudication before the institution is notified: a new version, the old one stays.

        Returns whether it was new: the same correction twice in a row counts once.
        """
        self._require("adjudicate", case_id)
        why, expert_id = text_of(reason, "更正理由 the reason"), self.actor.expert_id or self.actor.account
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            own = [r for r in verdicts_of(connection, case_id) if r.expert_id == expert_id and r.stage == "adjudication"]
            if not own:
                raise WrongUse(_NOT_CORRECTABLE)
            versions = sorted({row.version for row in own})
            content = hashlib.sha256(audit.canonical([asdict(given), why]).encode()).hexdigest()
            numbers = [f"correction {version} {content}" for version in versions]
            # The newest version is this very correction of the one before it: sent twice, it counts once.
            if len(numbers) > 1 and is_known(own, expert_id, "adjudication", numbers[-2]):
                return False
            if found.state != "adjudicated":
                raise WrongUse(_NOT_CORRECTABLE)
            number = numbers[-1]
            return give(connection, self._as("adjudicator"), found, (expert_id, "adjudication"), given, number, why)

    def hold_meeting(
        self, case_id: str, present: Sequence[str], minutes: str, given: VerdictInput, *,
        in_favour: int | None = None, casting: bool = False,
    ) -> str:  # fmt: skip
        """Decide a disputed or adjudicated case in a panel meeting, with its minutes; returns the meeting's number.

        ``in_favour`` = how many of those present voted for it, None = all. More than half decide; at exactly half the
        vote of the chair, who records it, does (``casting``), unless the chair judged the case or is tied to it.
        What the meeting decides stands above what was said before; the same meeting sent twice counts once. Raises
        WrongUse for fewer than three present, and where nothing was carried.
        """
        self._require("hold_meeting", case_id)
        text = text_of(minutes, "会议纪要 the minutes")
        names = sorted({name.strip() for name in present if name.strip()})
        if len(names) < LEAST_PRESENT:
            raise WrongUse(f"合议至少{LEAST_PRESENT}人 A panel meeting needs {LEAST_PRESENT} people or more.")
        votes = len(names) if in_favour is None else in_favour
        _carried(votes, len(names), casting)
        number = hashlib.sha256(audit.canonical([case_id, names, text, asdict(given), votes, casting]).encode()).hexdigest()
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            if connection.execute(select(meeting.c.meeting_id).where(meeting.c.meeting_id == number)).first() is not None:
                return number
            if casting:
                self._impartial(connection, found, verdicts_of(connection, case_id))
            if found.state not in ("disputed", "adjudicated"):
                raise WrongUse("此病例目前无需合议 This case is not waiting for a meeting.")
            row = {"meeting_id": number, "case_id": case_id, "held_at": given_time(), "chair": self.actor.account,
                   "present": " ".join(names), "minutes": text, "in_favour": votes, "casting": casting}  # fmt: skip
            connection.execute(insert(meeting).values(**row))
            audit.record_rows(connection, self.actor.account, "meeting held", case_id, {"meeting": [row]})
            # One voice for every meeting on a case, so that a later one is the newer version of what was decided.
            give(connection, self._as("adjudicator"), found, ("meeting", "meeting"), given, number, text)
        return number

    def meetings(self, case_id: str) -> list[dict[str, Any]]:
        """Meetings held on a case with their minutes, oldest first."""
        self._require("see_disputes", case_id)
        with self.store.read() as connection:
            rows = connection.execute(select(meeting).where(meeting.c.case_id == case_id).order_by(meeting.c.held_at)).all()
        return [dict(row._mapping) for row in rows]

    def set_gold(self, case_id: str, given: VerdictInput, why: str) -> None:
        """Make a decided case one with a known answer: in later quarters it comes again, unknown to the experts."""
        self._require("set_gold", case_id)
        reason = text_of(why, "理由 the reason")
        with self._change(case_id) as connection:
            found = self._case(connection, case_id)
            if found.kind is not None or found.state not in ("adjudicated", "agreed", *_DECIDED):
                raise WrongUse("只有已有结论的病例可作金标准 Only a decided case can become one with a known answer.")
            checked = check(given, None)
            items = {*checked.item_codes, *(code for line in checked.lines for code in line.item_codes)}
            answer = {"verdict_class": checked.verdict_class, "item_codes": sorted(items), "why": reason,
                      "by": self.actor.account}  # fmt: skip
            probes.set_gold(connection, self.actor.account, case_id, answer)

    def gold_answer(self, case_id: str) -> dict[str, Any]:
        """The known answer of a gold case. Raises NotFound where there is none."""
        self._require("set_gold", case_id)
        with self.store.read() as connection:
            answers = probes.gold_answers(connection)
        if case_id not in answers:
            raise NotFound(f"{case_id}没有金标准 Case {case_id} has no known answer.")
        return dict(json.loads(json.dumps(answers[case_id])))

    def decided(self, name: str) -> list[dict[str, Any]]:
        """Decided cases of a quarter by number: case_id, state, ``mine`` = the actor's decision that can still be corrected,
        ``gold`` = it has a known answer. None on which the actor has a verdict of their own to give.
        """
        self._require("adjudicate", name)
        me = self.actor.expert_id or self.actor.account
        own = (verdict.c.expert_id == me, verdict.c.stage == "adjudication")
        waits = select(assignment.c.case_id).where(assignment.c.expert_id == me, assignment.c.state == "open")
        chosen = select(case.c.case_id, case.c.state).where(
            case.c.quarter == name, case.c.kind.is_(None), case.c.state.in_(("adjudicated", "agreed", *_DECIDED)),
            case.c.case_id.not_in(waits),
        )  # fmt: skip
        with self.store.read() as connection:
            rows = connection.execute(chosen.order_by(case.c.number)).all()
            mine = {row.case_id for row in connection.execute(select(verdict.c.case_id).where(*own))}
            gold = probes.gold_answers(connection)
        return [
            {"case_id": row.case_id, "state": row.state, "mine": row.state == "adjudicated" and row.case_id in mine,
             "gold": row.case_id in gold}
            for row in rows
        ]  # fmt: skip


def _carried(votes: int, present: int, casting: bool) -> None:
    """Raise WrongUse unless a meeting carried its decision: by more than half, or by the chair's vote at exactly half."""
    if not 1 <= votes <= present:
        raise WrongUse(f"赞成人数须为1至{present} Of {present} present, between 1 and {present} can be in favour.")
    if 2 * votes < present:
        raise WrongUse(f"赞成未过半数，不能作出决定 {votes} of {present} in favour are no majority: nothing is decided.")
    if 2 * votes == present and not casting:
        raise WrongUse("票数相等，须由主持人投决定票 The votes are equal: the chair has to cast the deciding one.")
    if casting and 2 * votes != present:
        raise WrongUse("仅票数相等时主持人投决定票 The chair casts a deciding vote only where the votes are equal.")


_NOT_CORRECTABLE = "没有可更正的裁定 There is no decision of yours here that can still be corrected."
_DECIDED = ("notified", "re_reviewed", "closed")
