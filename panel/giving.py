"""A verdict from its form to its rows: one for the whole prescription, one for each line that something is said of."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, select

from panel.blindness import proposed
from panel.cases import payload_of
from panel.opinions import BLIND
from panel.record import add_verdicts, submission
from panel.schema import draft, verdict
from panel.tables import class_of
from panel.verdict_input import VerdictInput, check, check_lines
from records.periods import CHINA


def given_time() -> str:
    """This moment in China, as verdicts have it."""
    return datetime.now(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def rows_of(
    found: Any, who: tuple[str, str, int], given: VerdictInput, number: str, reason: str | None
) -> list[dict[str, Any]]:
    """Rows of a verdict. ``who`` = expert, stage and version."""
    expert_id, stage, version = who
    places = {line["line"]: line.get("feedetl_sn") or f"line {line['line']}" for line in json.loads(found.payload)["lines"]}
    whole: dict[str, Any] = {
        "case_id": found.case_id,
        "rxno": found.rxno,
        "expert_id": expert_id,
        "feedetl_sn": "",
        "stage": stage,
        "version": version,
        "verdict_class": given.verdict_class,
        "item_codes": " ".join(sorted(set(given.item_codes))),
        "fund_codes": " ".join(sorted(set(given.fund_codes))),
        "loss_amt": given.loss_amt or None,
        "record_seen": "1" if given.record_seen else "0",
        "comment": given.comment,
        "given_time": given_time(),
        "submission_id": submission(found.case_id, expert_id, stage, number),
        "severity": given.severity,
        "reason": reason,
        "loss_reason": None,
        "seconds": given.seconds,
    }
    rows = [whole]
    for line in given.lines:
        place = str(places[line.line])
        said = {
            "feedetl_sn": place,
            "verdict_class": str(class_of(list(line.item_codes))),
            "item_codes": " ".join(sorted(set(line.item_codes))),
            "fund_codes": " ".join(sorted(set(line.fund_codes))),
            "loss_amt": line.loss_amt or None,
            "loss_reason": line.loss_reason.strip() or None,
            "comment": "",
            "severity": None,
            "reason": None,
            "seconds": None,
            "submission_id": submission(found.case_id, expert_id, stage, number, place),
        }
        rows.append({**whole, **said})
    return rows


def verdicts_of(connection: Connection, case_id: str) -> list[Any]:
    """Verdict rows of a case, each expert's in the order of stage and version."""
    order = (verdict.c.expert_id, verdict.c.given_time, verdict.c.version, verdict.c.feedetl_sn)
    return list(connection.execute(select(verdict).where(verdict.c.case_id == case_id).order_by(*order)))


def is_known(rows: Collection[Any], expert_id: str, stage: str, number: str) -> bool:
    """Whether a submission is in the store already."""
    return any(row.submission_id == submission(row.case_id, expert_id, stage, number) for row in rows)


def checked_verdict(found: Any, given: VerdictInput, stage: str) -> VerdictInput:
    """A verdict that can be meant for a case; amounts beside the rules' need a reason once the rules' can be seen."""
    payload = payload_of(found)
    checked = check(given, Decimal(str(payload["total_amt"])))
    lines = {line["line"]: line for line in payload["lines"]}
    check_lines(checked, lines, None if stage in BLIND else proposed(payload))
    return checked


def give(
    connection: Connection,
    actor: tuple[str, Collection[str]],
    found: Any,
    who: tuple[str, str],
    given: VerdictInput,
    number: str,
    reason: str | None = None,
) -> bool:
    """Store a verdict that its giver may give; ``actor`` = account and roles, ``who`` = expert and stage.

    Returns whether it was new. The draft goes with it, in the same transaction.
    """
    expert_id, stage = who
    earlier = [row for row in verdicts_of(connection, found.case_id) if row.expert_id == expert_id]
    if is_known(earlier, expert_id, stage, number):
        return False
    checked = checked_verdict(found, given, stage)
    version = 1 + max((row.version for row in earlier), default=0)
    rows = rows_of(found, (expert_id, stage, version), checked, number, reason)
    connection.execute(delete(draft).where(draft.c.case_id == found.case_id, draft.c.expert_id == expert_id))
    return add_verdicts(connection, actor[0], f"verdict {stage}", rows, actor[1]) > 0
