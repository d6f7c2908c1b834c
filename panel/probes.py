"""Cases that come again to measure the experts: gold cases with a known answer, and repeated ones.

A copy has a number of its own among the others, is shown by the same code and asks for one verdict; its dates lie in
other weeks than its original's (``panel.redating``), so that nothing an expert sees tells it from a case of the sample.
Nobody gets a gold case that they have met, as itself or as an earlier copy. Copies are no part of the sample: they
carry its key nowhere, so that no rate, label or export counts them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from sqlalchemy import Connection, insert, select

from panel import audit
from panel.redating import moved_by, redated
from panel.rules import PanelRules
from panel.schema import account, assignment, case, setting, verdict
from panel.waiting import LIVE, need_for, place, pool_of, rules_in, seen_by
from records.periods import Quarter

GOLD, REPEAT = "gold", "repeat"
_PREFIX = "gold "


def chance(seed: str, purpose: str, key: str) -> float:
    """A number in [0, 1) that is the same for the same seed, purpose and key."""
    digest = hmac.digest(seed.encode(), f"{purpose}:{key}".encode(), "sha256")
    return int.from_bytes(digest[:8], "big") / 2.0**64


def gold_answers(connection: Connection) -> dict[str, dict[str, Any]]:
    """Known answers by case: verdict_class, item_codes, why, and who set them."""
    rows = connection.execute(select(setting).where(setting.c.name.startswith(_PREFIX)).order_by(setting.c.name))
    return {row.name.removeprefix(_PREFIX): json.loads(row.value) for row in rows}


def set_gold(connection: Connection, actor: str, case_id: str, answer: dict[str, Any]) -> None:
    """Keep the known answer of a case, from now on a gold case of later quarters."""
    name = f"{_PREFIX}{case_id}"
    connection.execute(setting.delete().where(setting.c.name == name))
    connection.execute(insert(setting).values(name=name, value=audit.canonical(answer)))
    audit.record_rows(connection, actor, "gold answer set", case_id, {"setting": [{"name": name}]})


def among(connection: Connection, own: list[dict[str, Any]], rules: PanelRules, seed: str) -> list[dict[str, Any]]:
    """A quarter's cases with its copies among them, numbered anew where there are any."""
    golds = [row for row in _gold_rows(connection) if own and row.quarter < own[0]["quarter"]]
    golds.sort(key=lambda row: chance(seed, "gold", row.case_id))
    by_chance = sorted(own, key=lambda row: chance(seed, "repeat", row["rxno"]))
    repeats = by_chance[: round(rules.repeat_share * len(own))]
    wanted = round(rules.gold_share * len(own))
    if not repeats and not (golds and wanted):
        return own
    places: list[tuple[float, dict[str, Any]]] = [(float(number), row) for number, row in enumerate(own)]
    at = {row["case_id"]: number for number, row in enumerate(own)}
    for row in repeats:
        first = at[row["case_id"]] + rules.repeat_gap
        if first < len(own):
            spot = first + chance(seed, "place", row["rxno"]) * (len(own) - first)
            copy = {**row, "kind": REPEAT, "copy_of": row["case_id"], "needed": 1}
            places.append((spot, _on_other_days(copy, seed, row["rxno"])))
    for number in range(wanted if golds else 0):
        row = golds[number % len(golds)]
        key = f"{number}:{row.case_id}"
        spot = chance(seed, "place", key) * len(own)
        copy = {"payload": row.payload, "after_blind": row.after_blind, "likeness": row.likeness,
                "kind": GOLD, "copy_of": row.case_id, "needed": 1}  # fmt: skip
        places.append((spot, _on_other_days({**own[0], **copy}, seed, key)))
    places.sort(key=lambda entry: entry[0])
    return _numbered([row for _, row in places])


def _on_other_days(copy: dict[str, Any], seed: str, key: str) -> dict[str, Any]:
    prescribed = json.loads(copy["payload"])["prsc_time"]
    by = moved_by(prescribed, Quarter.parse(copy["quarter"]), chance(seed, "day", key))
    return {**copy, **{part: redated(copy[part], by) for part in ("payload", "after_blind")}}


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    new = {id(row): f"{row['quarter']}-{number:05d}" for number, row in enumerate(rows, start=1)}
    moved = {row["case_id"]: new[id(row)] for row in rows if row["kind"] is None}
    found = []
    for number, row in enumerate(rows, start=1):
        case_id = new[id(row)]
        rxno = row["rxno"] if row["kind"] is None else f"copy {case_id}"
        copy_of = moved[row["copy_of"]] if row["kind"] == REPEAT else row["copy_of"]
        found.append({**row, "number": number, "case_id": case_id, "rxno": rxno, "copy_of": copy_of})
    return found


def _gold_rows(connection: Connection) -> list[Any]:
    names = list(gold_answers(connection))
    return list(connection.execute(select(case).where(case.c.case_id.in_(names)).order_by(case.c.case_id)))


def hand_out(connection: Connection, name: str) -> int:
    """Give a quarter's copies that nobody has to experts: a repeated case to one who has the first, gold ones to the rest.

    Gold cases go to the experts who had the fewest gold cases so far. Returns how many were given.
    """
    rows = connection.execute(
        select(case).where(case.c.quarter == name, case.c.kind.is_not(None), case.c.state == "drawn").order_by(case.c.number)
    ).all()
    if not rows:
        return 0
    rules = rules_in(connection, name)
    pool = pool_of(connection, rules, name)
    on = seen_by(connection, sorted({row.copy_of for row in rows}))
    known = _who_know(connection, sorted({row.copy_of for row in rows if row.kind == GOLD}))
    was = seen_by(connection, [row.case_id for row in rows])
    had: dict[str, int] = dict.fromkeys(pool.ids, 0)
    made = []
    for row in rows:
        need = need_for(row, rules, 1, [])
        if row.kind == REPEAT:
            first = [entry.expert_id for entry in on.get(row.copy_of, []) if entry.state in LIVE]
            chosen = [expert_id for expert_id in first if pool.may(expert_id, need)][:1]
        else:
            knows = known.setdefault(row.copy_of, set())
            able = [expert_id for expert_id in pool.ids if expert_id not in knows and pool.may(expert_id, need)]
            chosen = sorted(able, key=lambda expert_id: (had[expert_id], _order(row.case_id, expert_id)))[:1]
            for expert_id in chosen:
                had[expert_id] += 1
                knows.add(expert_id)
        chosen = [expert_id for expert_id in chosen if expert_id not in {entry.expert_id for entry in was.get(row.case_id, [])}]
        for expert_id in chosen:
            pool.give(expert_id)
        made += [{"case_id": row.case_id, "expert_id": expert_id, "stage": "blind", "state": "open"} for expert_id in chosen]
    placed = place(connection, made)
    if placed:
        audit.record_rows(connection, "system", "cases assigned", name, placed, cases=len(made))
    return len(made)


def _who_know(connection: Connection, originals: list[str]) -> dict[str, set[str]]:
    """By original: experts who had it, or a copy of it in any quarter, to judge, gave a verdict on it in any stage, or
    set its answer, whatever account they used.
    """
    behind = connection.execute(select(account.c.account, account.c.expert_id).where(account.c.expert_id.is_not(None)))
    numbers = {row.account: row.expert_id for row in behind}
    answers = gold_answers(connection)
    found = {name: {str(answers[name]["by"])} for name in originals if name in answers}
    for row in connection.execute(select(verdict.c.case_id, verdict.c.expert_id).where(verdict.c.case_id.in_(originals))):
        found.setdefault(row.case_id, set()).add(row.expert_id)
    copied = select(case.c.case_id, case.c.copy_of).where(case.c.copy_of.in_(originals))
    stands_for = {name: name for name in originals} | {row.case_id: row.copy_of for row in connection.execute(copied)}
    for name, entries in seen_by(connection, sorted(stands_for)).items():
        found.setdefault(stands_for[name], set()).update(entry.expert_id for entry in entries)
    return {name: who | {numbers[one] for one in who if one in numbers} for name, who in found.items()}


def _order(case_id: str, expert_id: str) -> str:
    return hashlib.sha256(f"{case_id}:{expert_id}".encode()).hexdigest()


def copies(connection: Connection, name: str | None, kind: str) -> list[Any]:
    """Copies that were handed out: case_id, copy_of, quarter, expert_id; by case_id."""
    chosen = (
        select(case.c.case_id, case.c.copy_of, case.c.quarter, assignment.c.expert_id)
        .join(assignment, assignment.c.case_id == case.c.case_id)
        .where(case.c.kind == kind)
        .order_by(case.c.case_id, assignment.c.expert_id)
    )
    if name is not None:
        chosen = chosen.where(case.c.quarter == name)
    return list(connection.execute(chosen))
