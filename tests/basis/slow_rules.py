"""The harder rules once more, line by line in plain Python: slow, obvious, and written from the clauses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.basis.slow_world import Row, World, atc_of, daily_dose, day_of, fen, knowledge, quantity_days, span

#: Findings: what is found (a line, or a prescription) and the amount in fen.
Found = set[tuple[str, int]]


def _reason(world: World, rxno: str | None) -> bool:
    return bool(rxno and world.rx[rxno]["ext_reason"])


def _most_days(world: World, row: Row) -> int | None:
    """The days that a prescription may be for; None = no limit here."""
    rx = world.rx[row["rxno"]]
    if row["setting"] not in ("1", "2") or rx["ext_reason"] or any(c[:3] in ("A15", "A16", "A17", "A18", "A19")
                                                                  for c in world.codes.get(row["mdtrt_id"], [])):  # fmt: skip
        return None
    if row["setting"] == "2":
        return 3
    on = row["prsc_time"].date()
    registered = any(
        o["psn_no"] == row["psn_no"] and o["begndate"] <= on and (o["enddate"] is None or o["enddate"] >= on)
        for o in world.registered
    )
    return 84 if rx["long_rx_flag"] == 1 or (row["med_type"] or "").startswith("14") or registered else 7


def rx_days(world: World) -> Found:
    found = set()
    for line in world.on_rx:
        row = world.frame.get(line["rxno"])
        most = _most_days(world, row) if row else None
        if most is not None and line["prd_days"] is not None and line["prd_days"] > most:
            found.add((line["feedetl_sn"], fen(line["stake_amt"], 1 - most / Fraction(line["prd_days"]))))
    return found


def rx_quantity(world: World) -> Found:
    found = set()
    for line in world.lines:
        row = world.frame.get(line["rxno"])
        most = _most_days(world, row) if row else None
        if most is None or not line["in_quarter"] or line["list_type"] != "101":
            continue
        days = quantity_days(line, world.drug[line["hilist_code"]])
        if days is None or days <= most or (line["prd_days"] or 0) > most:
            continue
        needed = math.ceil(most / (days / Fraction(line["net_cnt"])))
        if line["net_cnt"] >= needed + 1:
            found.add((line["feedetl_sn"], fen(line["stake_amt"], 1 - needed / Fraction(line["net_cnt"]))))
    return found


def rx_many_drugs(world: World) -> Found:
    found = set()
    for rxno, row in world.frame.items():
        names = {line["drug_genname"] for line in world.on_rx if line["rxno"] == rxno and line["list_type"] != "102"}
        if row["setting"] in ("1", "2") and len(names) > 5:
            found.add((rxno, 0))
    return found


def course_days(world: World) -> Found:
    found = set()
    for course in knowledge("knowledge_course"):
        for person in world.person:
            lines = [
                line for line in world.lines
                if line["psn_no"] == person and atc_of(world, line["hilist_code"]).startswith(course["atc_prefix"])
                and (line["chrgitm_lv"] or "") != "03" and (line["hosp_appr_flag"] or "0") != "1"
            ]  # fmt: skip
            ever: set[date] = set()
            used: dict[int, int] = {}
            for line in sorted(lines, key=lambda line: (line["day"], line["feedetl_sn"])):
                lasting = quantity_days(line, world.drug[line["hilist_code"]])
                days = math.ceil(line["prd_days"]) if line["prd_days"] is not None else math.floor(lasting or 0)
                fresh = span(line, days) - ever
                ever |= fresh
                year = day_of(line).year
                used[year] = used.get(year, 0) + len(fresh)
                past = used[year] - int(course["most_days"])
                if line["in_quarter"] and past > 0 and fresh:
                    found.add((line["feedetl_sn"], fen(line["stake_amt"], Fraction(min(days, past), days))))
    return found


def rx_dose_sum(world: World) -> Found:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for line in world.on_rx:
        row, drug = world.frame.get(line["rxno"]), world.drug[line["med_list_codg"]]
        if row is None or row["setting"] not in ("1", "2") or _reason(world, line["rxno"]):
            continue
        if drug["atc_code"] and drug["max_daily_dose"] and line["list_type"] != "102" and line["net_amt"] > 0:
            groups.setdefault((line["psn_no"], line["day"], drug["atc_code"]), []).append(line)
    found = set()
    for lines in groups.values():
        doses = [daily_dose(line, world.drug[line["med_list_codg"]]) for line in lines]
        most = max(Fraction(world.drug[line["med_list_codg"]]["max_daily_dose"]) for line in lines)
        last = max(range(len(lines)), key=lambda n: (lines[n]["fee_ocur_time"], lines[n]["rxno"], lines[n]["rx_line_no"]))
        known = [dose for dose in doses if dose is not None]
        if len(lines) > 1 and len(known) == len(lines) and sum(known) > most >= known[last]:
            found.add((lines[last]["feedetl_sn"], 0))
    return found


def _allowed(one: str, other: str) -> bool:
    pairs = [(row["first_atc"], row["second_atc"]) for row in knowledge("knowledge_class_allowed")]
    return any({one.startswith(a), other.startswith(b)} == {True} or {one.startswith(b), other.startswith(a)} == {True}
               for a, b in pairs)  # fmt: skip


def _classes(atc: str) -> set[str]:
    return {row["class_id"] for row in knowledge("knowledge_class") if atc and atc.startswith(row["atc_prefix"])}


def rx_duplicate(world: World) -> Found:
    found = set()
    for rxno in world.frame:
        held = {atc_of(world, line["med_list_codg"]) for line in world.on_rx if line["rxno"] == rxno}
        if not _reason(world, rxno) and any(
            a < b and _classes(a) & _classes(b) and not _allowed(a, b) for a in held for b in held
        ):
            found.add((rxno, 0))
    return found


def person_duplicate(world: World) -> Found:
    given = [
        line for line in world.lines
        if line["rxno"] and (line["prd_days"] or 0) > 0 and not line["med_type"].startswith("2")
    ]  # fmt: skip
    found = set()
    for line in given:
        mine = atc_of(world, line["hilist_code"])
        for other in given if line["in_quarter"] else []:
            theirs = atc_of(world, other["hilist_code"])
            if (other["psn_no"], other["rxno"] == line["rxno"]) != (line["psn_no"], False) or mine == theirs:
                continue
            before = (other["day"], other["feedetl_sn"]) < (line["day"], line["feedetl_sn"])
            together = span(line, math.ceil(line["prd_days"])) & span(other, math.ceil(other["prd_days"]))
            if before and len(together) > 7 and _classes(mine) & _classes(theirs) and not _allowed(mine, theirs):
                found.add((line["feedetl_sn"], fen(line["stake_amt"], Fraction(1))))
    return found


def early_refill(world: World) -> Found:
    """In hand: a box is emptied by one day's dose a day, and filled by each supply."""
    found = set()
    given: dict[tuple[str, str], dict[date, list[Row]]] = {}
    for line in world.lines:
        drug = world.drug.get(line["hilist_code"])
        if drug and line["list_type"] == "101" and (line["prd_days"] or 0) > 0 and not line["med_type"].startswith("2"):
            key = (line["psn_no"], drug["atc_code"] or drug["drug_genname"])
            given.setdefault(key, {}).setdefault(day_of(line), []).append(line)
    for days in given.values():
        box, day = 0, min(days)
        while day <= max(days):
            lines = days.get(day, [])
            first = min(lines, key=lambda line: str(line["feedetl_sn"]), default=None)
            if first is not None and first["in_quarter"] and box > 20:
                found.add((first["feedetl_sn"], fen(first["stake_amt"], Fraction(1))))
            box = max(0, box + max((math.ceil(line["prd_days"]) for line in lines), default=0) - 1)
            day += timedelta(days=1)
    return found


def second_line(world: World) -> Found:
    found = set()
    for line in world.lines:
        if (
            not line["in_quarter"]
            or line["chrgitm_lv"] == "03"
            or line["hosp_appr_flag"] == "1"
            or _reason(world, line["rxno"])
        ):
            continue
        rows = [
            row
            for row in knowledge("knowledge_second_line")
            if atc_of(world, line["hilist_code"]).startswith(row["second_atc"])
        ]
        codes = world.codes.get(line["mdtrt_id"], [])
        excused = any(code.startswith(tuple(row["except_icd"].split())) for row in rows for code in codes if row["except_icd"])
        tried = any(
            other["psn_no"] == line["psn_no"] and other["day"] <= line["day"]
            and any(atc_of(world, other["hilist_code"]).startswith(row["first_atc"]) for row in rows)
            for other in world.lines
        )  # fmt: skip
        if rows and not excused and not tried:
            found.add((line["feedetl_sn"], fen(line["stake_amt"], Fraction(1))))
    return found


def _limited(wrong: Callable[[Row, Row, int], bool]) -> Callable[[World], Iterable[Row]]:
    def lines(world: World) -> Iterable[Row]:
        for line in world.lines:
            drug, person = world.drug.get(line["hilist_code"]), world.person[line["psn_no"]]
            if drug and line["in_quarter"] and wrong(drug, person, (day_of(line) - person["brdy"]).days):
                yield line

    return lines


def drug_age_limit(world: World) -> Found:
    def wrong(drug: Row, _: Row, age: int) -> bool:
        least, most = drug["age_min_days"], drug["age_max_days"]
        return (least is not None and age < least) or (most is not None and age > most)

    return {(line["feedetl_sn"], 0) for line in _limited(wrong)(world)}


def drug_sex_limit(world: World) -> Found:
    lines = _limited(lambda drug, person, _: bool(drug["sex_limit"]) and drug["sex_limit"] != person["gend"])(world)
    return {(line["feedetl_sn"], fen(line["stake_amt"], Fraction(1))) for line in lines if line["chrgitm_lv"] != "03"}


RULES: dict[str, Callable[[World], Found]] = {
    "rx-days": rx_days, "rx-quantity": rx_quantity, "rx-many-drugs": rx_many_drugs, "course-days": course_days,
    "rx-dose-sum": rx_dose_sum, "rx-duplicate": rx_duplicate, "person-duplicate": person_duplicate,
    "early-refill": early_refill, "second-line": second_line, "drug-age-limit": drug_age_limit,
    "drug-sex-limit": drug_sex_limit,
}  # fmt: skip
