"""The set-based rules beside the slow ones, on visits drawn at random and on a made-up city."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from basis.find import find
from basis.rulebook import Rulebook, load_rulebook
from records.periods import Quarter
from records.snapshot import Snapshot
from simulator.city import simulate
from tests.basis import drawn
from tests.basis.made_city import open_city
from tests.basis.slow_rules import RULES
from tests.basis.slow_world import World

BOOK = load_rulebook()
_DRUGS = """XP1 A02BC01 20 40
XP2 A02BC04 10 20
XI1 A10AB05 10 100
XI2 A10AE04 10 100
XS1 C10AA05 20 80
XS2 C10AA07 10 20
XB1 C08CA01 5 10
XB2 C08CA01 5 10
XD1 A10BH01 100 100
XD2 A10BA02 500 2000
XO1 J05AH02 75 150"""


def _drugs() -> list[dict[str, Any]]:
    told = [line.split() for line in _DRUGS.splitlines()]
    return [
        {"drug": code, "atc": atc, "name": code, "strength": strength, "strength_unit": "mg", "max_daily_dose": most}
        for code, atc, strength, most in told
    ] + [{"drug": "XM", "name": "男", "sex_limit": "1"}, {"drug": "XQ", "name": "成人", "age_min_days": "6574"}]


def _scenario(rng: random.Random) -> drawn.Scenario:
    people = [{"person": f"P{n}", "sex": rng.choice("12"), "born": rng.choice(["1950-02-03", "1980-05-06", "2012-07-08"])}
              for n in (1, 2)]  # fmt: skip
    codes = [row["drug"] for row in _drugs()]
    favoured = [
        *rng.choice([("XP1", "XP2"), ("XS1", "XS2"), ("XB1", "XB2"), ("XI1", "XI2"), ("XD1", "XD2")]),
        rng.choice(codes),
    ]
    rx, lines, diagnoses = [], [], []
    first, length = rng.choice([(date(2026, 4, 1), 183), (date(2026, 7, 1), 40)])
    units = ["mg"] * 9 + ["片", "g", "ml", None]
    for number in range(rng.randint(4, 14)):
        day = str(first + timedelta(rng.randrange(length)))
        told = {"rx": f"R{number:02d}", "person": rng.choice(people)["person"], "day": day,
                "long": rng.choice("0001"), "reason": rng.choice([None, None, None, None, "行动不便"]),
                "setting": rng.choice("11123"), "med": None}  # fmt: skip
        told["med"] = {"1": rng.choice(["11", "11", "1404"]), "2": "13", "3": "21"}[str(told["setting"])]
        rx.append(told)
        diagnoses += [
            {"rx": told["rx"], "diag": code} for code in rng.sample(["I10", "A16", "N18", "J06", "E11"], rng.randint(0, 2))
        ]
        for position in range(rng.choice([1, 2, 2, 3, 7])):
            lines.append({
                "line": f"F{number:02d}{position}", "rx": told["rx"], "drug": rng.choice([*favoured, *favoured, *codes]),
                "days": rng.choice([None, None, "3", "7", "10", "28", "84.5"]), "count": rng.choice(["1", "2", "3", "6", "12"]),
                "dose": rng.choice([None, "5", "8", "8", "10", "15", "75"]), "unit": rng.choice(units),
                "freq": rng.choice(["11", "11", "11", "12", "13", "42", "62", None]), "level": rng.choice(["01", "01", "03"]),
                "approved": rng.choice("0001"), "refunded": rng.choice("00001"), "back": rng.choice(["0", "0", "0", "1"]),
            })  # fmt: skip
        if rng.random() < 0.2:
            plain = {**lines[-1], "unit": "mg", "freq": "11", "refunded": "0", "back": "0"}
            lines += [
                {**plain, "line": f"F{number:02d}{drug}", "drug": drug, "dose": rng.choice(["5", "8"])}
                for drug in ("XB1", "XB2")
            ]
    registered = [{"opsp": "P1", "begin": "2026-07-15"}] if rng.random() < 0.3 else []
    tables: dict[str, list[dict[str, Any]]] = {"person": people, "rx": rx, "line": lines, "drug": _drugs(), "opsp": registered}
    return drawn.Scenario("random", {**tables, "diag": diagnoses or [{"rx": "R00", "diag": None}]}, [])


def _found(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, rule_id: str) -> set[tuple[str, int]]:
    find(con, snapshot, Rulebook((BOOK.rule(rule_id),)))
    of_line = BOOK.rule(rule_id).check not in ("rx_many_drugs", "rx_duplicate")
    rows = con.execute("SELECT feedetl_sn, rxno, vola_amt FROM findings").fetchall()
    return {(line if of_line else rxno, int(amount * 100)) for line, rxno, amount in rows}


@pytest.fixture(scope="module", params=[1, 2, 3])
def visits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Snapshot, World]:
    """A hundred drawings of few persons who take few drugs again and again."""
    rng = random.Random(request.param)
    scenarios = [_scenario(rng) for _ in range(100)]
    prefixes = [f"{number:02d}" for number in range(len(scenarios))]
    con, snapshot = drawn.open_scenarios(scenarios, tmp_path_factory.mktemp("visits"), prefixes)
    return con, snapshot, World(con)


@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_and_its_slow_twin_agree_on_random_visits(visits: tuple[Any, Snapshot, World], rule_id: str) -> None:
    con, snapshot, world = visits
    expected = RULES[rule_id](world)
    assert len(expected) >= 2
    assert _found(con, snapshot, rule_id) == expected


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Snapshot, World]:
    folder, quarter = tmp_path_factory.mktemp("city"), Quarter.parse("2026Q3")
    simulate(400, 7, quarter, 6, False, folder / "city")
    con, snapshot = open_city(folder / "city", folder / "snapshots", quarter)
    return con, snapshot, World(con)


@pytest.mark.parametrize(
    "rule_id", ["rx-days", "rx-many-drugs", "rx-duplicate", "drug-age-limit", "drug-sex-limit", "second-line"]
)
def test_they_agree_on_a_made_up_city(city: tuple[Any, Snapshot, World], rule_id: str) -> None:
    con, snapshot, world = city
    assert _found(con, snapshot, rule_id) == RULES[rule_id](world)
