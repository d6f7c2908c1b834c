"""Cases out and verdicts in, for panels that work on paper or in another system."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from panel import audit, probes
from panel.assignment import places_of, ties_of
from panel.blindness import proposed
from panel.cases import payload_of
from panel.record import add_verdicts
from panel.schema import case, expert, quarter, verdict
from panel.store import Store, refuse_unfit
from panel.table_file import ImportReport, read_file
from panel.verdict_input import LineInput, VerdictInput, check, check_lines
from panel.waiting import assign_waiting, rules_in, seen_by
from records.errors import WrongUse

STAGES = ("blind", "final", "adjudication")
PROFESSIONS = ("insurance", "medicine", "pharmacy")
_TOO_LATE = (
    "机构已收到通知，变更须经申诉和复核 The institution is notified of this case: a changed result needs an appeal and a "
    "re-review."
)
_NEEDED = ("rxno", "expert_id", "verdict_class")


def list_name(quarter: str, rxno: str) -> str:
    """A case's name in a blind list: it tells no number, hence no gap where a case that comes again stands."""
    return f"{quarter}:{rxno}"


def import_verdicts(store: Store, path: Path, actor: str) -> ImportReport:
    """Read verdict rows into the store; importing a file again changes nothing, and row order means nothing.

    A case_id is the case's own or its name in a blind list (``list_name``).
    Unknown experts become external ones, without sign-in. An expert of the pool who is tied to a case, gave it back or
    had it handed on to another is refused, as the service would; who of the others judges on paper is the panel's own
    affair. A row that cannot be read or taken is rejected with its reason and number (the header is row 1), whatever
    is wrong with it: no row keeps another out. All accepted rows enter in one transaction. ``loss_reason``, where a
    file has it, else the comment, says why a line's amount differs from the one that a rule proposes.
    """
    table = read_file(path, _NEEDED)
    report, entries = table.report(), dict(table.rows)
    with store.change() as connection:
        by_rxno: dict[str, list[Any]] = {}
        by_id: dict[str, Any] = {}
        columns = (case.c.case_id, case.c.quarter, case.c.rxno, case.c.payload, case.c.after_blind, case.c.state)
        for known in connection.execute(select(*columns).where(case.c.kind.is_(None))):
            by_rxno.setdefault(known.rxno, []).append(known)
            by_id[known.case_id] = by_id[list_name(known.quarter, known.rxno)] = known
        there = {row.submission_id for row in connection.execute(select(verdict.c.submission_id))}
        taken: list[dict[str, Any]] = []
        for number, entry in table.rows:
            try:
                taken.append({**_verdict_row(entry, by_rxno, by_id, there), "number": number})
            except WrongUse as problem:
                report.reject(number, entry["rxno"], str(problem), list(entry.values()))
        for find in (_contradictions, _not_taken):
            refused = find(connection, taken, by_id)
            for row, why in refused:
                report.reject(row["number"], row["rxno"], why, list(entries[row["number"]].values()))
            out = {row["number"] for row, _ in refused}
            taken = [row for row in taken if row["number"] not in out]
        taken = [{name: value for name, value in row.items() if name != "number"} for row in taken]
        _external_experts(connection, sorted({entry["expert_id"] for entry in taken}), actor)
        report.added = add_verdicts(connection, actor, "verdicts imported", sorted(taken, key=lambda r: r["submission_id"]))
    report.known = len(taken) - report.added
    report.rejected.sort()
    return report


def _verdict_row(
    entry: dict[str, str], by_rxno: dict[str, list[Any]], by_id: dict[str, Any], there: Collection[str]
) -> dict[str, Any]:
    """A row as the store keeps it. What is ``there`` already, by its submission, stays, whatever rules say by now."""
    found = _case_of(entry, by_rxno, by_id)
    if not entry["expert_id"]:
        raise WrongUse("结论须写明expert_id A verdict needs its expert_id.")
    stage = entry.get("stage") or "blind"
    if stage not in STAGES:
        raise WrongUse(f"没有阶段{stage} '{stage}' is no stage: use {', '.join(STAGES)}.")
    payload = payload_of(found)
    place = entry.get("feedetl_sn", "")
    lines = {item["feedetl_sn"]: item for item in payload["lines"] if item.get("feedetl_sn")}
    if place and place not in lines:
        raise WrongUse(f"处方{entry['rxno']}没有费用明细{place} Prescription {entry['rxno']} has no fee line {place}.")
    given = check(
        VerdictInput(
            verdict_class=entry["verdict_class"].removesuffix(".0").upper(),
            item_codes=tuple(sorted(set(entry.get("item_codes", "").replace(",", " ").split()))),
            fund_codes=tuple(sorted(set(entry.get("fund_codes", "").replace(",", " ").split()))),
            loss_amt=entry.get("loss_amt") or None,
            record_seen=entry.get("record_seen", "") not in ("", "0", "0.0", "False", "false"),
            comment=entry.get("comment", ""),
        ),
        Decimal(payload["total_amt"]),
    )
    reason = entry.get("loss_reason", "")
    row = stored_row(found, entry["expert_id"], (place, stage), given, moment_of(entry.get("given_time", "")), reason)
    if row["submission_id"] in there:
        return row
    if place:
        # As on the screen: a line's own amount is its limit, and once the rules' can be seen another needs a reason.
        said = LineInput(lines[place]["line"], (), given.fund_codes, given.loss_amt, reason or given.comment)
        known = {line["line"]: line for line in payload["lines"]}
        check_lines(VerdictInput("", lines=(said,)), known, None if stage == "blind" else proposed(payload))
    refuse_unfit(verdict, row)
    return row


def _case_of(entry: dict[str, str], by_rxno: dict[str, list[Any]], by_id: dict[str, Any]) -> Any:
    rxno, name = entry["rxno"], entry.get("case_id", "")
    if name:
        found = by_id.get(name)
        if found is None or found.rxno != rxno:
            raise WrongUse(f"处方{rxno}没有病例{name} There is no case {name} of prescription {rxno}.")
        return found
    candidates = by_rxno.get(rxno, [])
    if not candidates:
        raise WrongUse(f"处方{rxno}没有病例 Prescription {rxno} has no case here.")
    if len(candidates) > 1:
        raise WrongUse(f"处方{rxno}有多个病例，须写明case_id Prescription {rxno} has several cases: name case_id.")
    return candidates[0]


def moment_of(text: str) -> str:
    """A moment as verdicts have it, empty where none is said. Raises WrongUse for what is none."""
    if not text:
        return ""
    try:
        datetime.fromisoformat(text[:19])
    except ValueError as error:
        raise WrongUse(f"“{text[:40]}”不是时间 '{text[:40]}' is no time: write 2026-07-01 09:30:00.") from error
    return text.replace("T", " ")[:19]


def stored_row(
    found: Any, expert_id: str, place: tuple[str, str], given: VerdictInput, given_time: str, reason: str = ""
) -> dict[str, Any]:
    """A verdict as the store keeps it; its submission number comes from its content, so twice is once.

    ``reason`` = why its amount differs from the one that a rule proposes.
    """
    line, stage = place
    row: dict[str, Any] = {
        "case_id": found.case_id,
        "rxno": found.rxno,
        "expert_id": expert_id,
        "feedetl_sn": line,
        "stage": stage,
        "version": 1,
        "verdict_class": given.verdict_class,
        "item_codes": " ".join(given.item_codes),
        "fund_codes": " ".join(given.fund_codes),
        "loss_amt": given.loss_amt,
        "record_seen": "1" if given.record_seen else "0",
        "comment": given.comment,
        "given_time": given_time,
    }
    if reason:
        row["loss_reason"] = reason
    row["submission_id"] = hashlib.sha256(audit.canonical(row).encode()).hexdigest()
    return row


def _contradictions(
    connection: Connection, rows: list[dict[str, Any]], _cases: dict[str, Any]
) -> list[tuple[dict[str, Any], str]]:
    """Rows that say otherwise than one of the same expert, object and stage in the store or earlier in the file."""
    place = ("case_id", "expert_id", "feedetl_sn", "stage")
    known: dict[tuple[str, ...], str] = {}
    for row in connection.execute(select(verdict).where(verdict.c.stage.in_(STAGES))):
        known[tuple(getattr(row, name) for name in place)] = row.submission_id
    found = []
    for given in sorted(rows, key=lambda entry: str(entry["submission_id"])):
        key = tuple(given[name] for name in place)
        if known.setdefault(key, given["submission_id"]) != given["submission_id"]:
            who, stage = given["expert_id"], given["stage"]
            why = (
                f"专家{who}在此阶段（{stage}）已有另一结论 "
                f"Expert {who} gave another verdict at stage {stage} already: use a later stage."
            )
            found.append((given, why))
    return found


def _not_taken(connection: Connection, rows: list[dict[str, Any]], by_id: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """New rows that are refused, with the reason: of notified cases, which change by an appeal only, and of experts who
    may not judge the case. What is in the store already stays.
    """
    there = {row.submission_id for row in connection.execute(select(verdict.c.submission_id))}
    new = [row for row in rows if row["submission_id"] not in there]
    ties = {who.expert_id: ties_of(who) for who in connection.execute(select(expert).where(expert.c.external.is_(False)))}
    seen = seen_by(connection, sorted({row["case_id"] for row in new}))
    states = {(row.case_id, row.expert_id): row.state for entries in seen.values() for row in entries}
    rules = {name: rules_in(connection, name) for name in sorted({by_id[row["case_id"]].quarter for row in new})}
    found = []
    for row in new:
        known, who = by_id[row["case_id"]], row["expert_id"]
        state = states.get((row["case_id"], who))
        if known.state in ("notified", "appealed", "re_reviewed", "closed"):
            found.append((row, _TOO_LATE))
        elif ties.get(who, frozenset()) & places_of(json.loads(known.payload), rules[known.quarter]):
            found.append((row, f"专家{who}须回避 Expert {who} is tied to this case and must recuse: let another judge it."))
        elif state == "recused":
            found.append((row, f"专家{who}已回避 Expert {who} gave this case back: let another judge it."))
        elif state in ("absent", "reassigned") and row["stage"] != "adjudication":
            found.append((row, f"病例已改派 This case was handed on from expert {who} to another: reassign it first."))
    return found


def _external_experts(connection: Connection, names: list[str], actor: str) -> None:
    stored = {row.expert_id for row in connection.execute(select(expert.c.expert_id))}
    new = [
        {"expert_id": name, "name": name, "profession": "external", "former_institutions": "", "conflicts": "",
         "external": True} for name in names if name not in stored
    ]  # fmt: skip
    if new:
        connection.execute(insert(expert), new)
        audit.record_rows(connection, actor, "external experts", f"{len(new)} experts", {"expert": new})


def import_experts(store: Store, path: Path, actor: str) -> ImportReport:
    """Bring experts into the pool and assign waiting cases. Raises DataFault for a file that names no experts.

    Grain: one row an expert; a known number is replaced. Capacity = cases a quarter, empty = no limit.
    """
    table = read_file(path, ("expert_id", "name", "profession"))
    report, rows = table.report(), []
    for number, entry in table.rows:
        try:
            rows.append(_expert_row(entry))
        except WrongUse as problem:
            report.reject(number, entry["expert_id"], str(problem), list(entry.values()))
    with store.change() as connection:
        for row in rows:
            known = connection.execute(select(expert.c.expert_id).where(expert.c.expert_id == row["expert_id"])).first()
            if known:
                connection.execute(update(expert).where(expert.c.expert_id == row["expert_id"]).values(**row))
            else:
                connection.execute(insert(expert).values(**row))
        audit.record_rows(connection, actor, "experts imported", f"{len(rows)} experts", {"expert": rows})
        report.added = len(rows)
        for (name,) in connection.execute(select(quarter.c.quarter)).all():
            assign_waiting(connection, name)
            probes.hand_out(connection, name)
    report.rejected.sort()
    return report


def _expert_row(entry: dict[str, str]) -> dict[str, Any]:
    if not entry["expert_id"]:
        raise WrongUse("专家须有expert_id An expert needs an expert_id.")
    if entry["profession"] not in PROFESSIONS:
        raise WrongUse(f"没有专业{entry['profession']} '{entry['profession']}' is no profession: use {', '.join(PROFESSIONS)}.")
    capacity = entry.get("capacity", "").removesuffix(".0")
    if capacity and not (capacity.isascii() and capacity.isdigit() and len(capacity) <= 9):
        raise WrongUse(f"“{capacity}”不是病例数 '{capacity}' is no capacity: use a whole number of cases.")
    listed = {name: " ".join(entry.get(name, "").replace(",", " ").replace(";", " ").split())
              for name in ("former_institutions", "conflicts")}  # fmt: skip
    row: dict[str, Any] = {
        "expert_id": entry["expert_id"],
        "name": entry["name"] or entry["expert_id"],
        "profession": entry["profession"],
        "specialty": entry.get("specialty") or None,
        "title": entry.get("title") or None,
        "institution": entry.get("institution") or None,
        "capacity": int(capacity) if capacity else None,
        "external": False,
        **listed,
    }
    refuse_unfit(expert, row)
    return row
