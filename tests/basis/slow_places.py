"""Rules on items, stays, persons and institutions once more, in plain Python over rows, from their clauses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

from tests.basis.slow_prescriptions import Found
from tests.basis.slow_world import Row, World, atc_of, day_of, fen, knowledge

WHOLE = Fraction(1)


def _whole(line: Row) -> tuple[str, int]:
    return line["feedetl_sn"], fen(line["stake_amt"], WHOLE)


def companion(world: World) -> Found:
    """Without the item that the drug goes with on that day, where the institution charges such an item at all."""
    found = set()
    for rule in knowledge("knowledge_companion"):
        items = [
            line for line in world.lines
            if line["list_type"] == "201"
            and (rule["item_name"] in line["hilist_name"]
                 or (rule["charge_type"] and line["med_chrgitm_type"] == rule["charge_type"]))
        ]  # fmt: skip
        places = {line["fixmedins_code"] for line in items}
        had = {(line["psn_no"], line["fixmedins_code"], day_of(line)) for line in items}
        for line in world.lines:
            ill = any(code.startswith(rule["icd_prefix"]) for code in world.codes.get(line["mdtrt_id"], []))
            meant = atc_of(world, line["hilist_code"]).startswith(rule["atc_prefix"]) and ill and line["in_quarter"]
            where = line["fixmedins_code"]
            if meant and where in places and (line["psn_no"], where, day_of(line)) not in had:
                found.add(_whole(line))
    return found


def institution_drug_share(world: World) -> Found:
    """Ten points above the middle of at least five institutions of one class and level; thirty settlements or more."""
    share: dict[str, dict[str, int]] = {}
    for code, place in world.place.items():
        lines = [line for line in world.lines if line["in_quarter"] and line["fixmedins_code"] == code]
        total = sum(line["net_amt"] for line in lines)
        if place["fixmedins_type"] != "1" or total <= 0 or len({line["setl_id"] for line in lines}) < 30:
            continue
        drugs = sum(line["net_amt"] for line in lines if line["list_type"].startswith("10"))
        group = f"{place['inst_class']}/{place['hosp_lv']}"
        share.setdefault(group, {})[code] = math.floor(Fraction(drugs) * 1000 / Fraction(total))
    found = set()
    for group in share.values():
        middle = sorted(group.values())[(len(group) - 1) // 2]
        found |= {(code, 0) for code, permille in group.items() if len(group) >= 5 and permille > middle + 100}
    return found


def item_frequency(world: World) -> Found:
    """What stands above the limit of a window, in the order in which it was charged."""
    limits = {row["hilist_code"]: row for row in world.items if row["freq_max"]}
    used: Counter[tuple[Any, ...]] = Counter()
    found = set()
    for line in sorted(world.lines, key=lambda line: (line["fee_ocur_time"], line["feedetl_sn"])):
        limit = limits.get(line["hilist_code"])
        if limit is None:
            continue
        day = day_of(line)
        window = {"day": day, "stay": line["mdtrt_id"], "month": (day.year, day.month), "year": day.year}[limit["freq_window"]]
        key = (line["psn_no"], line["hilist_code"], window)
        used[key] += line["net_cnt"]
        above = min(line["net_cnt"], used[key] - limit["freq_max"])
        if above > 0 and line["in_quarter"]:
            found.add((line["feedetl_sn"], fen(line["stake_amt"], Fraction(above) / Fraction(line["net_cnt"]))))
    return found


def item_pair(world: World) -> Found:
    """Of two that exclude each other the cheaper one; of two alike the one whose code is the later."""
    barred = {
        frozenset((row["hilist_code"], other))
        for row in world.items
        for other in (row["excl_codes"] or "").split()
        if other != row["hilist_code"]
    }
    found = set()
    lines = [line for line in world.lines if line["in_quarter"] and line["list_type"] == "201"]
    for a, b in combinations(lines, 2):
        at = [(line["psn_no"], line["fixmedins_code"], day_of(line)) for line in (a, b)]
        if at[0] == at[1] and frozenset((a["hilist_code"], b["hilist_code"])) in barred:
            one, other = sorted((a, b), key=lambda line: str(line["hilist_code"]))
            found.add(_whole(one if one["stake_amt"] < other["stake_amt"] else other))
    return found


def item_price(world: World) -> Found:
    ceiling = {row["hilist_code"]: row["pric_uplmt_amt"] for row in world.items if row["pric_uplmt_amt"] is not None}
    return {
        (line["feedetl_sn"], fen(line["stake_amt"], 1 - Fraction(ceiling[line["hilist_code"]]) / Fraction(line["pric"])))
        for line in world.lines
        if line["in_quarter"] and line["hilist_code"] in ceiling and line["pric"] > ceiling[line["hilist_code"]]
    }


def line_inconsistent(world: World) -> Found:
    found = set()
    for line in world.lines:
        charged, scope = line["det_item_fee_sumamt"], line["inscp_scp_amt"]
        wrong = [
            abs(Fraction(charged) - Fraction(line["cnt"]) * Fraction(line["pric"])) > Fraction(1, 100),
            scope is not None and scope > charged,
            scope is not None and scope > 0 and line["chrgitm_lv"] == "03",
            not line["setl_begndate"].date() <= day_of(line) <= line["setl_time"].date(),
        ]
        if line["in_quarter"] and any(wrong):
            found.add((line["feedetl_sn"], 0))
    return found


def person_covisit(world: World) -> Found:
    """Within ten minutes at one institution on four days; each settlement meets the four before it there (the rule's bound)."""
    settled: dict[str, dict[str, tuple[Any, str]]] = {}
    for line in world.lines:
        if line["in_quarter"] and not line["med_type"].startswith("2"):
            at = settled.setdefault(line["fixmedins_code"], {})
            at[line["setl_id"]] = (line["setl_time"].replace(second=0), line["psn_no"])
    days: dict[tuple[str, frozenset[str]], set[Any]] = {}
    for place, by_settlement in settled.items():
        visits = sorted(by_settlement.values())
        for number, (moment, person) in enumerate(visits):
            for before, other in visits[max(0, number - 4) : number]:
                if other != person and moment - before <= timedelta(minutes=10):
                    days.setdefault((place, frozenset((person, other))), set()).add(moment.date())
    return {(person, 0) for (_, pair), together in days.items() if len(together) >= 4 for person in pair}


def person_frequent_stays(world: World) -> Found:
    stays: dict[str, set[str]] = {}
    for line in world.lines:
        codes = world.codes.get(line["mdtrt_id"], [])
        course = any(code.startswith(("C", "D0", "N18", "Z51", "Z49")) for code in codes)
        if line["in_quarter"] and line["med_type"].startswith("2") and not course:
            stays.setdefault(line["psn_no"], set()).add(line["mdtrt_id"])
    return {(person, 0) for person, made in stays.items() if len(made) > 2}


def person_shopping(world: World) -> Found:
    places: dict[tuple[str, str], set[str]] = {}
    for line in world.lines:
        if line["in_quarter"] and line["list_type"] == "101" and not line["med_type"].startswith(("2", "13")):
            drug = world.drug[line["hilist_code"]]
            places.setdefault((line["psn_no"], drug["atc_code"] or drug["drug_genname"]), set()).add(line["fixmedins_code"])
    return {(person, 0) for (person, _), held in places.items() if len(held) > 3}


def _sales(world: World) -> dict[str, list[Any]]:
    """Moments of a pharmacy's settlements."""
    moments: dict[str, dict[str, Any]] = {}
    for line in world.lines:
        if line["in_quarter"] and line["med_type"].startswith("41"):
            moments.setdefault(line["fixmedins_code"], {})[line["setl_id"]] = line["setl_time"]
    return {place: list(of_place.values()) for place, of_place in moments.items()}


def pharmacy_hour(world: World) -> Found:
    """Ten settlements in an hour, five times the mean of that hour on the pharmacy's other days."""
    found = set()
    for place, moments in _sales(world).items():
        others = len({moment.date() for moment in moments}) - 1
        swipes = Counter((moment.date(), moment.hour) for moment in moments)
        for (day, hour), number in swipes.items():
            beside = sum(n for (d, h), n in swipes.items() if h == hour and d != day)
            if number >= 10 and others > 0 and Fraction(number) >= 5 * Fraction(beside, others):
                found.add((place, 0))
    return found


def pharmacy_night(world: World) -> Found:
    found = set()
    for place, moments in _sales(world).items():
        night = [moment.date() for moment in moments if moment.hour >= 23 or moment.hour < 5]
        if len(night) >= 5 and Fraction(len(set(night)), len({moment.date() for moment in moments})) <= Fraction(1, 5):
            found.add((place, 0))
    return found


def stay_split(world: World) -> Found:
    """Admitted again within seven days of leaving, with the three characters of the main disease alike."""
    stays: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {}
    for line in world.lines:
        if line["med_type"].startswith("2"):
            of_person = stays.setdefault((line["psn_no"], line["fixmedins_code"]), {})
            of_person[line["mdtrt_id"]] = (line["setl_begndate"], line["setl_enddate"])
    found = set()
    for (person, _), made in stays.items():
        told = sorted((began, visit, ended) for visit, (began, ended) in made.items() if visit in world.main)
        for (_, first, left), (began, second, ended) in pairwise(told):
            ill = world.main[first][:3]
            course = ill.startswith(("C", "D0", "N18", "F2", "Z51", "Z49"))
            again = ill == world.main[second][:3] and 0 <= (began.date() - left.date()).days <= 7
            if again and not course and ended.date().isoformat() >= "2026-07-01":
                found.add((person, 0))
    return found


def stock_short(world: World) -> Found:
    """More billed since the count than twenty-one twentieths of what could be there."""
    found = set()
    counts = {(row["fixmedins_code"], row["med_list_codg"]) for row in world.stock if row["inv_data_type"] == "3501"}
    for place, code in counts:
        rows = [row for row in world.stock if (row["fixmedins_code"], row["med_list_codg"]) == (place, code)]
        counted = sorted(row["inv_time"] for row in rows if row["inv_data_type"] == "3501")
        before = [moment for moment in counted if moment.date().isoformat() < "2026-07-01"]
        since = before[-1] if before else counted[0]
        sign = {"3502": 1, "3503": 1, "3504": -1}
        held = sum(row["cnt"] for row in rows if row["inv_data_type"] == "3501" and row["inv_time"] == since)
        held += sum(sign.get(row["inv_data_type"], 0) * row["cnt"] for row in rows if row["inv_time"] >= since)
        sold = [
            line for line in world.lines
            if (line["fixmedins_code"], line["hilist_code"]) == (place, code) and line["fee_ocur_time"] >= since
        ]  # fmt: skip
        if any(line["in_quarter"] for line in sold) and 20 * sum(line["net_cnt"] for line in sold) > 21 * held:
            found.add((place, 0))
    return found


def trace_twice(world: World) -> Found:
    """Sold more often than returned by more than one; a pack that was split may be settled often."""
    codes: dict[str, list[Row]] = {}
    for row in world.traces:
        codes.setdefault(row["drug_trac_codg"], []).append(row)
    of_line = {line["feedetl_sn"]: line for line in world.lines if line["in_quarter"]}
    found = set()
    for rows in codes.values():
        times = sum(1 if row["sel_retn_cnt"] > 0 else -1 for row in rows)
        if times > 1 and not any(row["trdn_flag"] for row in rows):
            found |= {_whole(of_line[r["feedetl_sn"]]) for r in rows if r["sel_retn_cnt"] > 0 and r["feedetl_sn"] in of_line}
    return found


RULES: dict[str, Callable[[World], Found]] = {
    "companion": companion, "institution-drug-share": institution_drug_share, "item-frequency": item_frequency,
    "item-pair": item_pair, "item-price": item_price, "line-inconsistent": line_inconsistent,
    "person-covisit": person_covisit, "person-frequent-stays": person_frequent_stays, "person-shopping": person_shopping,
    "pharmacy-hour": pharmacy_hour, "pharmacy-night": pharmacy_night, "stay-split": stay_split, "stock-short": stock_short,
    "trace-twice": trace_twice,
}  # fmt: skip
