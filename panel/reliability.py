"""How far experts agree, with themselves, with each other and with known answers; and what seeing the findings changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from itertools import combinations
from typing import Any

from sqlalchemy import select

from panel import probes
from panel.agreement import agreement_of, of_name, wilson
from panel.final import Opinion
from panel.opinions import BLIND, THIRD, latest
from panel.schema import case, sample, verdict
from panel.store import Store

CLASSES = ("0", "1", "2", "3", "U")


def verdict_rows(store: Store, name: str | None, *, copies: bool = False) -> dict[str, list[Any]]:
    """Verdict rows by case, of one quarter or all; ``copies`` = of cases that came again instead of the sample's."""
    kind = case.c.kind.is_not(None) if copies else case.c.kind.is_(None)
    chosen = select(verdict).join(case, case.c.case_id == verdict.c.case_id).where(kind)
    if name is not None:
        chosen = chosen.where(case.c.quarter == name)
    given: dict[str, list[Any]] = defaultdict(list)
    with store.read() as connection:
        for row in connection.execute(chosen.order_by(verdict.c.case_id, verdict.c.expert_id, verdict.c.feedetl_sn)):
            given[row.case_id].append(row)
    return given


def blind_opinions(rows: Iterable[Any]) -> list[Opinion]:
    """The blind word of each expert, by expert number."""
    return [opinion for opinion in latest(rows, blind=True) if opinion.stage in BLIND]


def first_opinions(rows: Iterable[Any]) -> list[Opinion]:
    """The blind word of each expert whom the design gave the case, by expert number.

    Not a third's: one is called in where two differ, and would make experts seem to differ more than they do.
    """
    return [opinion for opinion in blind_opinions(rows) if opinion.stage != THIRD]


def report(store: Store, name: str | None) -> dict[str, Any]:
    """Agreement of blind verdicts: overall, by class, by item code, by fund code, and by pair of experts.

    The first two experts of each case by number for Cohen; all blind experts for the others, without the thirds called into
    disputes. By code: whether an
    expert named it, over all cases with two blind verdicts. Each as an ``Agreement`` in a dict.
    """
    cases = [found for found in map(first_opinions, verdict_rows(store, name).values()) if len(found) > 1]
    ratings = [[opinion.verdict_class for opinion in found] for found in cases]
    return {
        "overall": asdict(agreement_of(ratings)),
        "by_class": {kind: asdict(of_name(ratings, kind)) for kind in CLASSES if any(kind in row for row in ratings)},
        "by_item_code": _by_code(cases, lambda opinion: opinion.item_codes),
        "by_fund_code": _by_code(cases, lambda opinion: opinion.fund_codes),
        "by_pair": _by_pair(cases),
    }


def _by_code(cases: list[list[Opinion]], codes: Callable[[Opinion], frozenset[str]]) -> dict[str, Any]:
    known = sorted({code for found in cases for opinion in found for code in codes(opinion)})
    return {
        code: asdict(agreement_of([[str(int(code in codes(opinion))) for opinion in found] for found in cases]))
        for code in known
    }


def _by_pair(cases: list[list[Opinion]]) -> list[dict[str, Any]]:
    rated: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for found in cases:
        for one, other in combinations(found, 2):
            rated[one.expert_id, other.expert_id].append([one.verdict_class, other.verdict_class])
    return [{"experts": list(pair), **asdict(agreement_of(rows))} for pair, rows in sorted(rated.items())]


def blind_versus_later(store: Store, name: str | None) -> dict[str, Any]:
    """What experts changed after they saw findings and reasons. Grain: one verdict of one expert on one case.

    ``changed`` and ``verdicts`` with the share's 90 % interval (Wilson), ``table`` = verdicts by blind and later class,
    ``stricter`` and ``milder`` counts, ``loss`` = yuan added up over verdicts, blind and later, as text; the same by arm.
    """
    with store.read() as connection:
        arms = {
            row.case_id: row.arm
            for row in connection.execute(
                select(case.c.case_id, sample.c.arm).join(
                    sample, (sample.c.quarter == case.c.quarter) & (sample.c.rxno == case.c.rxno)
                )
            )
        }
    parts: dict[str, list[tuple[Opinion, Opinion]]] = defaultdict(list)
    for case_id, rows in verdict_rows(store, name).items():
        own = [row for row in rows if row.stage in (*BLIND, "changed")]
        last = {opinion.expert_id: opinion for opinion in latest(own)}
        for opinion in blind_opinions(own):
            for part in ("all", arms.get(case_id, "")):
                parts[part].append((opinion, last[opinion.expert_id]))
    return {part: _difference(pairs) for part, pairs in sorted(parts.items())} or {"all": _difference([])}


def _difference(pairs: list[tuple[Opinion, Opinion]]) -> dict[str, Any]:
    moved = [(a, b) for a, b in pairs if a != b and b.stage == "changed"]
    table = Counter((a.verdict_class, b.verdict_class) for a, b in pairs)
    judged = [(a.verdict_class, b.verdict_class) for a, b in moved if "U" not in (a.verdict_class, b.verdict_class)]
    return {
        "verdicts": len(pairs),
        "changed": len(moved),
        "share": len(moved) / len(pairs) if pairs else None,
        "interval": wilson(len(moved), len(pairs)),
        "table": [{"blind": a, "later": b, "verdicts": count} for (a, b), count in sorted(table.items())],
        "stricter": sum(b > a for a, b in judged),
        "milder": sum(b < a for a, b in judged),
        "loss": {
            "blind": str(sum((a.loss_amt or 0) for a, _ in pairs)),
            "later": str(sum((b.loss_amt or 0) for _, b in pairs)),
        },
    }


def calibration(store: Store, name: str | None = None) -> list[dict[str, Any]]:
    """Each expert against known answers and against themselves. Grain: one row an expert with a gold or repeated case.

    ``gold`` cases, ``exact`` = same class; ``sensitivity`` = of those unreasonable in truth, the share called so;
    ``specificity`` = of those reasonable, the share called so; each with a 90 % interval; None without such a case.
    ``repeats`` and ``same`` = repeated cases and those given the same class again.
    """
    with store.read() as connection:
        answers = probes.gold_answers(connection)
        golds, repeats = probes.copies(connection, name, probes.GOLD), probes.copies(connection, name, probes.REPEAT)
    said, first = _by_expert(verdict_rows(store, name, copies=True)), _by_expert(verdict_rows(store, name))
    known: dict[str, list[tuple[str, str]]] = defaultdict(list)
    again: dict[str, list[bool]] = defaultdict(list)
    for row in golds:
        opinion = said.get(row.case_id, {}).get(row.expert_id)
        if opinion is not None and row.copy_of in answers:
            known[row.expert_id].append((str(answers[row.copy_of]["verdict_class"]), opinion.verdict_class))
    for row in repeats:
        now, before = said.get(row.case_id, {}).get(row.expert_id), first.get(row.copy_of, {}).get(row.expert_id)
        if now is not None and before is not None:
            again[row.expert_id].append(now.verdict_class == before.verdict_class)
    return [_calibrated(expert_id, known[expert_id], again[expert_id]) for expert_id in sorted({*known, *again})]


def _by_expert(given: dict[str, list[Any]]) -> dict[str, dict[str, Opinion]]:
    return {case_id: {opinion.expert_id: opinion for opinion in blind_opinions(rows)} for case_id, rows in given.items()}


def _calibrated(expert_id: str, known: list[tuple[str, str]], again: list[bool]) -> dict[str, Any]:
    bad = [said for truth, said in known if truth in ("1", "2", "3")]
    good = [said for truth, said in known if truth == "0"]
    caught, left = sum(said in ("1", "2", "3") for said in bad), sum(said == "0" for said in good)
    return {
        "expert_id": expert_id,
        "gold": len(known),
        "exact": sum(truth == said for truth, said in known),
        "sensitivity": caught / len(bad) if bad else None,
        "sensitivity_interval": wilson(caught, len(bad)),
        "specificity": left / len(good) if good else None,
        "specificity_interval": wilson(left, len(good)),
        "repeats": len(again),
        "same": sum(again),
    }


def drift(store: Store, name: str | None = None) -> list[dict[str, Any]]:
    """Each expert's strictness over time. Grain: one row an expert and month of their blind verdicts.

    ``unreasonable`` = share of class 1 or worse among those judged; ``beyond_mates`` = that share less the share of the
    other experts on the same cases, which is what tells drift from a change of cases; None without a judged one.
    """
    own: dict[tuple[str, str], list[int]] = defaultdict(list)
    gaps: dict[tuple[str, str], list[float]] = defaultdict(list)
    for rows in verdict_rows(store, name).values():
        month = {row.expert_id: row.given_time[:7] for row in rows if row.stage in BLIND}
        judged = {o.expert_id: int(o.verdict_class >= "1") for o in blind_opinions(rows) if o.verdict_class != "U"}
        for expert_id, bad in judged.items():
            key = (expert_id, month.get(expert_id, ""))
            own[key].append(bad)
            mates = [value for other, value in judged.items() if other != expert_id]
            if mates:
                gaps[key].append(bad - sum(mates) / len(mates))
    return [
        {
            "expert_id": expert_id,
            "month": when,
            "verdicts": len(values),
            "unreasonable": sum(values) / len(values),
            "beyond_mates": sum(gaps[expert_id, when]) / len(gaps[expert_id, when]) if gaps[expert_id, when] else None,
        }
        for (expert_id, when), values in sorted(own.items())
    ]
