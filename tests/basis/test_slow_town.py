"""The rest of the rules beside slow ones, in a small town drawn at random; and which rules have no slow one."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from basis.find import find
from basis.rulebook import Rulebook, load_rulebook
from records.snapshot import Snapshot
from tests.basis import drawn, slow_claims, slow_pieces, slow_places, slow_prescriptions, slow_rules, slow_writing
from tests.basis.slow_world import World

BOOK = load_rulebook()
RULES = {**slow_places.RULES, **slow_writing.RULES}
TWINS = {*RULES, *slow_rules.RULES, *slow_claims.RULES, *slow_pieces.RULES, *slow_prescriptions.RULES}
#: Rules without a slow twin, and why; none at present.
WITHOUT: dict[str, str] = {}
OF_PLACE = {"institution-drug-share", "pharmacy-hour", "pharmacy-night", "stock-short"}
OF_PERSON = {"person-covisit", "person-frequent-stays", "person-shopping", "stay-split"}
OF_RX = {"rx-not-checked", "rx-parts-missing", "rx-split"}
#: Code, name, ATC, essential, negotiated.
_DRUGS = """XA1 氨氯地平 C08CA01 1 0
XA2 苯磺氨氯地平 C08CA01 0 0
XA3 非洛地平 C08CA02 0 0
XN 谈判地平 C08CA08 0 1
XJ 头孢克肟 J01DD08 1 0
XH 肝素 B01AB01 1 0
XV 碘海醇 V08AB02 1 0
XO 无码药 - 1 0"""
_SERVICES = [
    {"service": "血液透析", "pric_uplmt_amt": "20"}, {"service": "S2", "freq_max": "1", "freq_window": "day"},
    {"service": "S3", "freq_max": "3", "freq_window": "month"}, {"service": "S4", "freq_max": "2", "freq_window": "year"},
    {"service": "S5", "freq_max": "2", "freq_window": "stay", "excl_codes": "S6 S2"}, {"service": "S6", "excl_codes": "S5"},
]  # fmt: skip


def _drugs() -> list[dict[str, Any]]:
    names = ("drug", "name", "atc", "bas_medn_flag", "hi_nego_drug_flag")
    told = [dict(zip(names, line.split(), strict=True)) for line in _DRUGS.splitlines()]
    plain = {"strength": 5, "strength_unit": "mg", "ddd": 5}
    return [{**plain, **row, "atc": None if row["atc"] == "-" else row["atc"]} for row in told]


def _day(rng: random.Random, length: int, first: date = date(2026, 6, 27)) -> str:
    return str(first + timedelta(rng.randrange(length)))


def _visits(rng: random.Random, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Prescriptions at six hospitals of which the first two are careful; no two settle in one minute of one place."""
    taken: set[tuple[str, ...]] = set()
    for number in range(280):
        place, day = f"H{rng.randint(1, 6)}", _day(rng, 22)
        time = f"{rng.randint(8, 9):02d}:{rng.randrange(60):02d}"
        person = f"P{rng.randint(1, 14)}"
        if number < 40:
            place, day, time = (
                "H1",
                str(date(2026, 7, 2) + timedelta(number // 2)),
                f"10:{number % 2 * rng.choice([5, 10, 11]):02d}",
            )
            person = f"P{number % 2 + 1}"
        elif number < 70:
            day, person = str(date(2026, 7, 2) + timedelta(number // 4)), "P3"
        if (place, day, time) in taken:
            continue
        taken.add((place, day, time))
        rx, careful = f"R{number:03d}", place in ("H1", "H2")
        tables["rx"].append({
            "rx": rx, "place": place, "person": person, "day": day, "time": time, "setting": rng.choice("1112"),
            "checked": rng.choice([None, "Y1"]) if place != "H6" else None, "usage": rng.choice([None, "一日一次"]),
            "reason": rng.choice([None, None, None, "行动不便"]), "refunded": rng.choice("000001"),
        })  # fmt: skip
        codes = rng.sample(["J06", "J00", "I10", "N18", "J18", "K30"], rng.choice([0, 1, 1, 2]))
        tables["diag"] += [{"rx": rx, "diag": code} for code in codes]
        for position in range(rng.choice([1, 1, 2])):
            drug = rng.choice(_drugs())
            whole = careful and rng.random() < 0.85
            tables["line"].append({
                "line": f"F{number:03d}{position}", "rx": rx, "drug": drug["drug"], "count": rng.choice(["1", "2", "4", "5"]),
                "price": rng.choice(["30", "60"] if drug["drug"] == "XA2" else ["5", "10", "10", "10", "33.3"]),
                "back": rng.choice(["0", "0", "0", "1"]),
                "dose": "5" if whole else rng.choice([None, "0", "5"]),
                "unit": "mg" if whole else rng.choice([None, "mg", "ml", "片", "勺"]),
                "freq": "11" if whole else rng.choice([None, "12", "99"]), "level": rng.choice(["01", "01", "03"]),
                "own": rng.choice([drug["name"], drug["name"], drug["name"] + "片", "蜂蜜", "平安片", "地平", None]),
                "route": rng.choice(["1", "6", None]), "scope": rng.choice(["0", "5", "9", "200"]),
            })  # fmt: skip
        if rng.random() < 0.15:
            tables["prescribed"].append(
                {"prescribed": rx, "rx": rx, "drug": rng.choice(_drugs())["drug"], "dose": "5", "unit": "mg"}
            )


def _items(rng: random.Random, tables: dict[str, list[dict[str, Any]]]) -> None:
    for number in range(320):
        place = rng.choice(["H1", "H2", "H3", "H4", "H5", "H5"])
        day = _day(rng, 10)
        tables["item"].append({
            "item": f"I{number:03d}", "rx": None, "code": rng.choice(_SERVICES)["service"], "place": place, "day": day,
            "person": f"P{rng.randint(1, 5)}", "count": rng.choice("1123"), "price": rng.choice(["15", "20", "33.33"]),
            "refunded": rng.choice("00001"), "back": rng.choice("0001"), "med_chrgitm_type": rng.choice([None, None, "03"]),
            "time": f"{rng.randint(11, 17)}:{rng.randrange(60):02d}", "begin": f"V{rng.randrange(30)}",
        })  # fmt: skip
    for number in range(90):
        begin = date.fromisoformat(_day(rng, 75, date(2026, 6, 20)))
        tables["stay"].append({
            "stay": f"T{number:02d}", "person": f"P{rng.randint(1, 9)}", "place": rng.choice(["H1", "H2"]), "begin": str(begin),
            "end": str(begin + timedelta(rng.randint(1, 6))),
            "icd": rng.choice(["I50.1", "I50.9", "I50.0", "I50", "J18", "C34", None]),
            "refunded": rng.choice("00001"),
        })  # fmt: skip


def _pharmacies(rng: random.Random, tables: dict[str, list[dict[str, Any]]]) -> None:
    """The first of four has a crowded hour, the second sells on few nights, the third on every one; the fourth is ordinary."""
    number = 0
    for place in ("PH1", "PH2", "PH3", "PH4"):
        moments = [(day, rng.randint(9, 18)) for day in range(25) for _ in range(rng.randint(1, 2))]
        moments += (
            [(7, 14)] * 14
            if place == "PH1"
            else [(day, rng.choice([23, 0, 4])) for day in (3, 3, 3, 3, 8, 8, 8, 8)] * (place == "PH2")
        )
        moments += [(day, rng.choice([23, 2, 5, 22])) for day in range(25)] * (place == "PH3")
        for day, hour in moments:
            number += 1
            tables["line"].append({
                "line": f"G{number:03d}", "rx": None, "drug": "XA1", "place": place, "person": f"P{number % 14 + 1}",
                "day": str(date(2026, 7, 5) + timedelta(day)), "time": f"{hour:02d}:{number % 60:02d}", "price": "10",
                "refunded": rng.choice("00000001"),
            })  # fmt: skip


def _town(seed: int) -> drawn.Scenario:
    rng = random.Random(seed)
    born = ["1950-02-03", "1980-05-06", "2014-07-08"]
    words = ("rx", "line", "item", "stay", "prescribed", "diag", "trace", "stock")
    tables: dict[str, list[dict[str, Any]]] = {word: [] for word in words}
    tables |= {"drug": _drugs(), "service": list(_SERVICES)}
    tables["person"] = [{"person": f"P{n}", "sex": "2", "born": rng.choice(born)} for n in range(1, 15)]
    _visits(rng, tables)
    _items(rng, tables)
    _pharmacies(rng, tables)
    numbers = [line["line"] for line in tables["line"]]
    for code in range(60):
        for hour in range(rng.choice([1, 2, 2, 3])):
            tables["trace"].append({"trace": f"C{code}", "line": rng.choice(numbers), "hour": str(9 + hour),
                                    "count": rng.choice(["1", "1", "-1"]), "split": rng.choice("00001")})  # fmt: skip
    for drug in _drugs()[:7]:
        days = [rng.choice(["2026-05-31", "2026-06-30", "2026-07-04"]) for _ in range(2)]
        tables["stock"] += [
            {"stock": drug["drug"], "type": "3501", "count": str(rng.choice([3, 8, 200])), "day": day}
            for day in sorted(set(days))
        ]
        tables["stock"] += [
            {"stock": drug["drug"], "type": rng.choice(["3502", "3503", "3504"]), "count": "3", "day": _day(rng, 20)}
            for _ in range(3)
        ]
    return drawn.Scenario("town", tables, [])


@pytest.fixture(scope="module", params=[1, 2])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Snapshot, World]:
    con, snapshot = drawn.open_scenario(_town(request.param), tmp_path_factory.mktemp("town"))
    return con, snapshot, World(con)


def _found(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, rule_id: str) -> set[tuple[str, int]]:
    report = find(con, snapshot, Rulebook((BOOK.rule(rule_id),)))
    assert report.switched_off == []
    places, persons = rule_id in OF_PLACE, rule_id in OF_PERSON
    key = "fixmedins_code" if places else "psn_no" if persons else "rxno" if rule_id in OF_RX else "feedetl_sn"
    rows = con.execute(f"SELECT {key}, vola_amt FROM findings").fetchall()
    return {(subject, int(amount * 100)) for subject, amount in rows}


@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_and_its_slow_twin_agree_in_a_town(town: tuple[Any, Snapshot, World], rule_id: str) -> None:
    con, snapshot, world = town
    expected = RULES[rule_id](world)
    assert expected
    assert _found(con, snapshot, rule_id) == expected


def test_every_rule_has_a_slow_twin_or_a_reason_to_have_none() -> None:
    rules = {rule.rule_id for rule in BOOK.rules}
    assert rules - TWINS == set(WITHOUT)
    assert rules >= TWINS
    assert all(WITHOUT.values())
