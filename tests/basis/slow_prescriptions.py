"""Rules on one prescription once more, line by line in plain Python, read from their clauses and their knowledge tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations

from tests.basis.slow_world import Row, World, atc_of, daily_dose, day_of, fen, knowledge, span

#: Findings: what is found (a line, or a prescription) and the amount in fen.
Found = set[tuple[str, int]]
WHOLE = Fraction(1)


def prescriptions(world: World, settings: str = "123", excused: bool = True) -> Iterator[tuple[Row, list[Row]]]:
    """Prescriptions of the quarter with their lines that were not refunded; those with a written reason only on demand."""
    lines: dict[str, list[Row]] = {}
    for line in world.on_rx:
        lines.setdefault(line["rxno"], []).append(line)
    for rxno, row in world.frame.items():
        if row["setting"] in settings and (not excused or not world.rx[rxno]["ext_reason"]):
            yield row, lines.get(rxno, [])


def _drug(world: World, line: Row) -> Row:
    return world.drug[line["med_list_codg"]]


def _atc(world: World, line: Row) -> str:
    return atc_of(world, line["med_list_codg"])


def _whole(line: Row) -> tuple[str, int]:
    return line["feedetl_sn"], fen(line["stake_amt"], WHOLE)


def _begins(code: str, prefixes: str | None) -> bool:
    return bool(prefixes) and code.startswith(tuple(str(prefixes).split()))


def _listed(name: str, atc: str, column: str = "atc_prefix") -> list[dict[str, str]]:
    return [row for row in knowledge(name) if atc and atc.startswith(row[column])]


def contraindication(world: World) -> Found:
    return {
        (line["feedetl_sn"], 0)
        for row, lines in prescriptions(world, excused=False)
        for line in lines
        for barred in _listed("knowledge_contraindication", _atc(world, line))
        if any(_begins(code, barred["icd_prefixes"]) for code in world.codes.get(row["mdtrt_id"], []))
    }


def label_indication(world: World) -> Found:
    found = set()
    for row, lines in prescriptions(world):
        codes = world.codes.get(row["mdtrt_id"], [])
        for line in lines:
            labels: dict[str, list[str]] = {}
            for label in _listed("knowledge_indication", _atc(world, line)):
                labels.setdefault(label["indication_id"], []).append(label["icd_prefixes"])
            if codes and any(not any(_begins(c, p) for c in codes for p in prefixes) for prefixes in labels.values()):
                found.add(_whole(line))
    return found


def _clash(one: str, other: str) -> bool:
    """Whether a substance meets another: a pair's rows of one number hold for every first with every second of it."""
    firsts = {row["pair_id"] for row in knowledge("knowledge_interaction") if one and one.startswith(row["first_atc"])}
    seconds = {row["pair_id"] for row in knowledge("knowledge_interaction") if other and other.startswith(row["second_atc"])}
    return bool(firsts & seconds)


def rx_interaction(world: World) -> Found:
    found = set()
    for row, lines in prescriptions(world, excused=False):
        atcs = [_atc(world, line) for line in lines]
        if any(_clash(a, b) or _clash(b, a) for a, b in combinations(atcs, 2)):
            found.add((row["rxno"], 0))
    return found


def person_interaction(world: World) -> Found:
    given = [n for n in world.lines if n["rxno"] and (n["prd_days"] or 0) > 0 and not n["med_type"].startswith("2")]
    found = set()
    for line in given:
        for other in given if line["in_quarter"] else []:
            if other["psn_no"] != line["psn_no"] or other["rxno"] == line["rxno"]:
                continue
            before = (other["day"], other["feedetl_sn"]) < (line["day"], line["feedetl_sn"])
            runs = day_of(line) in span(other, math.ceil(other["prd_days"]))
            a, b = atc_of(world, line["hilist_code"]), atc_of(world, other["hilist_code"])
            if before and runs and (_clash(a, b) or _clash(b, a)):
                found.add((line["feedetl_sn"], 0))
    return found


def elderly(world: World) -> Found:
    return {
        (line["feedetl_sn"], 0)
        for row, lines in prescriptions(world)
        for line in lines
        if row["age_days"] >= 65 * 365.25 and _listed("knowledge_elderly", _atc(world, line))
    }


def rx_lactation(world: World) -> Found:
    return {
        (line["feedetl_sn"], 0)
        for row, lines in prescriptions(world, excused=False)
        for line in lines
        if world.rx[row["rxno"]]["suck_prd_flag"] == 1
        and world.person[row["psn_no"]]["gend"] == "2"
        and _listed("knowledge_lactation", _atc(world, line))
    }


def rx_two_antibacterials(world: World) -> Found:
    found = set()
    for row, lines in prescriptions(world, "12"):
        codes = world.codes.get(row["mdtrt_id"], [])
        atcs = sorted({_atc(world, line) for line in lines if _atc(world, line).startswith("J01")})
        for one, other in combinations(atcs, 2):
            together = [
                rule for rule in knowledge("knowledge_abx_together")
                if (one.startswith(rule["first_atc"]) and other.startswith(rule["second_atc"]))
                or (other.startswith(rule["first_atc"]) and one.startswith(rule["second_atc"]))
            ]  # fmt: skip
            if not any(_begins(code, rule["icd_prefixes"]) for code in codes for rule in together):
                found.add((row["rxno"], 0))
    return found


def rx_abx_tier(world: World) -> Found:
    return {(line["feedetl_sn"], 0) for row, line in _above_tier(world) if row["setting"] != "2"}


def rx_abx_emergency(world: World) -> Found:
    return {
        (line["feedetl_sn"], 0)
        for row, line in _above_tier(world)
        if row["setting"] == "2" and line["prd_days"] is not None and line["prd_days"] > 1
    }


def _above_tier(world: World) -> Iterator[tuple[Row, Row]]:
    for row, lines in prescriptions(world, excused=False):
        allowed = world.doctor[row["dr_codg"]]["abx_tier"]
        for line in lines:
            tier = _drug(world, line)["abx_tier"]
            if tier is not None and allowed is not None and tier > allowed:
                yield row, line


def rx_abx_special(world: World) -> Found:
    return {
        _whole(line) for _, lines in prescriptions(world, "1", False) for line in lines if _drug(world, line)["abx_tier"] == 3
    }


def rx_controlled_days(world: World) -> Found:
    found = set()
    for row, lines in prescriptions(world, "12", False):
        codes = world.codes.get(row["mdtrt_id"], [])
        pain = any(code.startswith(("C", "G89", "R52")) for code in codes)
        for line in lines:
            drug = _drug(world, line)
            if drug["control_class"] in ("N", "P1"):
                kind = 0 if drug["inj_flag"] == 1 else 1 if "释" in drug["dosform"] else 2
                most = ((3, 15, 7) if pain else (1, 7, 3))[kind]
                if str(drug["atc_code"]).startswith("N06BA04") and any(code.startswith("F90") for code in codes):
                    most = 15
            elif drug["control_class"] == "P2" and not world.rx[row["rxno"]]["ext_reason"]:
                most = 7
            else:
                continue
            if line["prd_days"] is not None and line["prd_days"] > most:
                found.add((line["feedetl_sn"], fen(line["stake_amt"], 1 - most / Fraction(line["prd_days"]))))
    return found


def rx_controlled_right(world: World) -> Found:
    return {
        (line["feedetl_sn"], 0)
        for row, lines in prescriptions(world, excused=False)
        for line in lines
        if _drug(world, line)["control_class"] in ("N", "P1") and world.doctor[row["dr_codg"]]["narcotic_flag"] == 0
    }


def rx_long_controlled(world: World) -> Found:
    return {
        (line["feedetl_sn"], 0)
        for row, lines in prescriptions(world, excused=False)
        for line in lines
        if world.rx[row["rxno"]]["long_rx_flag"] == 1 and _drug(world, line)["control_class"]
    }


def rx_dose(world: World) -> Found:
    found = set()
    for _, lines in prescriptions(world):
        for line in lines:
            drug = _drug(world, line)
            dose, most = daily_dose(line, drug), drug["max_daily_dose"]
            if dose is None or not most or line["list_type"] == "102" or line["medc_way_codg"] in ("5", "9"):
                continue
            if dose > Fraction(most) * Fraction(1001, 1000):
                found.add((line["feedetl_sn"], fen(line["stake_amt"], 1 - Fraction(most) / dose)))
    return found


def rx_pregnancy(world: World) -> Found:
    found = set()
    for row, lines in prescriptions(world, excused=False):
        codes = world.codes.get(row["mdtrt_id"], [])
        pregnant = world.rx[row["rxno"]]["geso_flag"] == 1 or any(code.startswith(("O", "Z33", "Z34", "Z35")) for code in codes)
        for line in lines if pregnant and world.person[row["psn_no"]]["gend"] == "2" else []:
            if _drug(world, line)["preg_contra_flag"] == 1:
                found.add((line["feedetl_sn"], 0))
    return found


def rx_long_antimicrobial(world: World) -> Found:
    """Tuberculosis and chronic bacterial infection (of the drawn diagnoses: A16, J47) are excepted."""
    found = set()
    for row, lines in prescriptions(world, excused=False):
        if world.rx[row["rxno"]]["long_rx_flag"] != 1:
            continue
        chronic = any(code.startswith(("A15", "A16", "J47")) for code in world.codes.get(row["mdtrt_id"], []))
        found |= {(line["feedetl_sn"], 0) for line in lines if _atc(world, line).startswith("J01") and not chronic}
    return found


def rx_mixed_pieces(world: World) -> Found:
    return {
        (row["rxno"], 0)
        for row, lines in prescriptions(world, "12", False)
        if {line["list_type"] == "102" for line in lines} == {True, False}
    }


RULES: dict[str, Callable[[World], Found]] = {
    "contraindication": contraindication, "label-indication": label_indication, "rx-interaction": rx_interaction,
    "person-interaction": person_interaction, "elderly": elderly, "rx-lactation": rx_lactation,
    "rx-two-antibacterials": rx_two_antibacterials, "rx-abx-tier": rx_abx_tier, "rx-abx-emergency": rx_abx_emergency,
    "rx-abx-special": rx_abx_special, "rx-controlled-days": rx_controlled_days, "rx-controlled-right": rx_controlled_right,
    "rx-long-controlled": rx_long_controlled, "rx-dose": rx_dose, "rx-mixed-pieces": rx_mixed_pieces,
    "rx-pregnancy": rx_pregnancy, "rx-long-antimicrobial": rx_long_antimicrobial,
}  # fmt: skip
