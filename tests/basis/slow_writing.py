"""Rules on how a prescription is written, chosen and named once more, in plain Python over rows, from their clauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations

from tests.basis.slow_prescriptions import Found, prescriptions
from tests.basis.slow_world import _UNITS, Row, World, fen

WHOLE = Fraction(1)
_VIRAL = ("J00", "J06", "J11")
_OTHER_INFECTION = ("A", "B", "J", "N1", "N3", "N7", "K81", "L0", "H6", "R50", "D7", "D8", "C", "Z94")
_FREQUENCIES = ("11", "12", "13", "42", "61", "62", "63")


def _whole(line: Row) -> tuple[str, int]:
    return line["feedetl_sn"], fen(line["stake_amt"], WHOLE)


def _of_drugs(world: World) -> Iterator[tuple[Row, Row]]:
    for line in world.lines:
        if line["in_quarter"] and line["list_type"] == "101":
            yield line, world.drug[line["hilist_code"]]


def rx_abx_viral(world: World) -> Found:
    found = set()
    for row, lines in prescriptions(world, excused=False):
        codes = world.codes.get(row["mdtrt_id"], [])
        viral = [code for code in codes if code.startswith(_VIRAL)]
        excepted = any(code.startswith(_OTHER_INFECTION) and code not in viral for code in codes)
        if viral and not excepted:
            found |= {_whole(line) for line in lines if str(line["atc_code"]).startswith("J01")}
    return found


def rx_dose_unclear(world: World) -> Found:
    found = set()
    for _, lines in prescriptions(world, excused=False):
        for line in lines:
            if line["list_type"] == "102" or line["sin_doscnt"] is None or line["medc_way_codg"] in ("5", "6", "9"):
                continue
            written, strong = (_UNITS.get((line[unit] or "").strip().lower()) for unit in ("sin_dosunt", "strength_unit"))
            apart = written and strong and written[0] not in ("piece", strong[0])
            unknown_often = line["used_frqu_codg"] is not None and line["used_frqu_codg"] not in _FREQUENCIES
            if line["in_quarter"] and (line["sin_doscnt"] <= 0 or written is None or apart or unknown_often):
                found.add((line["feedetl_sn"], 0))
    return found


def rx_high_price(world: World) -> Found:
    """A defined daily dose at three times the cheapest of its substance and form there; the line thirty yuan or more."""
    prices: dict[tuple[str, str], Fraction] = {}
    for line, _ in _of_drugs(world):
        key = (line["fixmedins_code"], line["hilist_code"])
        prices[key] = min(prices.get(key, Fraction(10**9)), Fraction(line["pric"]))

    def daily(place: str, code: str) -> Fraction | None:
        drug = world.drug[code]
        if not drug["ddd"] or not drug["strength"] or len(drug["atc_code"] or "") != 7 or (place, code) not in prices:
            return None
        return prices[place, code] * Fraction(drug["ddd"]) / (Fraction(drug["units_per_pack"]) * Fraction(drug["strength"]))

    found = set()
    for row, lines in prescriptions(world):
        for line in lines:
            drug, place = world.drug[line["med_list_codg"]], row["fixmedins_code"]
            cost = daily(place, line["med_list_codg"])
            same = [
                daily(place, code)
                for code, other in world.drug.items()
                if (other["atc_code"], other["dosform"]) == (drug["atc_code"], drug["dosform"])
            ]
            least = min((other for other in same if other is not None), default=None)
            if cost is None or least is None or drug["hi_nego_drug_flag"] or line["net_amt"] < 30:
                continue
            if cost > least and cost >= 3 * least:
                found.add((line["feedetl_sn"], 0))
    return found


def rx_not_checked(world: World) -> Found:
    made, checked = Counter[str](), Counter[str]()
    for row in world.rx.values():
        if row["prsc_time"].date().isoformat() >= "2026-07-01":
            made[row["fixmedins_code"]] += 1
            checked[row["fixmedins_code"]] += row["phar_codg"] is not None
    return {
        (row["rxno"], 0)
        for row, _ in prescriptions(world, "12", False)
        if row["phar_codg"] is None and 100 * checked[row["fixmedins_code"]] >= 20 * made[row["fixmedins_code"]]
    }


def rx_not_essential(world: World) -> Found:
    """An essential one of five characters of ATC, injected or not alike, is charged there; not for those below fourteen."""
    essential = {
        (line["fixmedins_code"], drug["atc_code"][:5], drug["inj_flag"])
        for line, drug in _of_drugs(world)
        if drug["bas_medn_flag"] == 1 and len(drug["atc_code"] or "") >= 5
    }
    found = set()
    for row, lines in prescriptions(world, "12"):
        for line in lines:
            drug = world.drug[line["med_list_codg"]]
            if drug["bas_medn_flag"] or drug["hi_nego_drug_flag"] or line["list_type"] != "101" or row["age_days"] < 5114:
                continue
            if (row["fixmedins_code"], (drug["atc_code"] or "")[:5], drug["inj_flag"]) in essential:
                found.add((line["feedetl_sn"], 0))
    return found


def rx_parts_missing(world: World) -> Found:
    western = [line for line in world.on_rx if line["in_quarter"] and line["list_type"] != "102"]

    def bare(line: Row) -> bool:
        return line["sin_doscnt"] is None or line["used_frqu_codg"] is None

    total = Counter(line["fixmedins_code"] for line in western)
    lacking = Counter(line["fixmedins_code"] for line in western if bare(line))
    found = set()
    for row, lines in prescriptions(world, "12", False):
        place = row["fixmedins_code"]
        habit = 100 * (total[place] - lacking[place]) >= 80 * total[place]
        if habit and not row["usage_text"] and any(bare(line) for line in lines if line in western):
            found.add((row["rxno"], 0))
    return found


def billed_not_prescribed(world: World) -> Found:
    """Where a prescription's own lines are known: none of them is of the substance charged on it."""

    def substance(code: str) -> str:
        return str(world.drug[code]["atc_code"] or world.drug[code]["drug_genname"])

    asked: dict[str, set[str]] = {}
    for row in world.prescribed:
        asked.setdefault(row["rxno"], set()).add(substance(row["med_list_codg"]))
    return {
        _whole(line)
        for line in world.lines
        if line["in_quarter"] and line["rxno"] in asked and line["hilist_code"] in world.drug
        and substance(line["hilist_code"]) not in asked[line["rxno"]]
    }  # fmt: skip


def rx_split(world: World) -> Found:
    """Another of one kind for the person within thirty minutes of the day, by the same prescriber."""

    def alike(row: Row) -> tuple[object, ...]:
        return row["psn_no"], row["dr_codg"], row["prsc_time"].date(), row["rx_type_code"]

    made = [row for row, _ in prescriptions(world, "12", False)]
    near = [
        (a["rxno"], b["rxno"])
        for a, b in combinations(made, 2)
        if alike(a) == alike(b) and abs((a["prsc_time"] - b["prsc_time"]).total_seconds()) <= 1800
    ]
    return {(rxno, 0) for pair in near for rxno in pair}


def line_own_name(world: World) -> Found:
    """The own name holds neither name of the drug and is no part of one."""
    found = set()
    for line, drug in _of_drugs(world):
        own, listed, generic = line["medins_list_name"], line["hilist_name"], drug["drug_genname"]
        if line["rxno"] and own is not None and generic not in own and own not in listed and own not in generic:
            found.add((line["feedetl_sn"], 0))
    return found


def substitution_name(world: World) -> Found:
    return {
        _whole(line)
        for line in world.lines
        if line["in_quarter"] and line["list_type"] in ("101", "102") and line["medins_list_name"]
        and not set(line["medins_list_name"].lower()) & set(line["hilist_name"].lower())
    }  # fmt: skip


def substitution_price(world: World) -> Found:
    """Half as dear again as the middle of at least three institutions' least prices, or at most six tenths of it."""
    least: dict[str, dict[str, Fraction]] = {}
    for line, _ in _of_drugs(world):
        at = least.setdefault(line["hilist_code"], {})
        at[line["fixmedins_code"]] = min(at.get(line["fixmedins_code"], Fraction(10**9)), Fraction(line["pric"]))
    found = set()
    for line, drug in _of_drugs(world):
        prices = sorted(least[line["hilist_code"]].values())
        own, listed = line["medins_list_name"], line["hilist_name"]
        if len(prices) < 3 or own is None or drug["drug_genname"] in own or own in listed:
            continue
        middle = prices[(len(prices) - 1) // 2]
        if line["pric"] * 2 >= 3 * middle or line["pric"] * 5 <= 3 * middle:
            found.add(_whole(line))
    return found


RULES: dict[str, Callable[[World], Found]] = {
    "rx-abx-viral": rx_abx_viral, "rx-dose-unclear": rx_dose_unclear, "rx-high-price": rx_high_price,
    "rx-not-checked": rx_not_checked, "rx-not-essential": rx_not_essential, "rx-parts-missing": rx_parts_missing,
    "billed-not-prescribed": billed_not_prescribed, "line-own-name": line_own_name, "rx-split": rx_split,
    "substitution-name": substitution_name, "substitution-price": substitution_price,
}  # fmt: skip
