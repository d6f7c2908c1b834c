"""One prescription alone beside the run of a quarter: the same findings, word for word."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest

from basis.find import find
from basis.one import Desk, is_alone
from basis.rulebook import Rulebook, load_rulebook, read_override
from records.asof import open_asof
from records.contract import load_contract
from records.lite.types import Unsaid
from records.periods import Quarter
from records.single import OnePerson, as_of_script, rows_of_person
from tests.basis import drawn, local
from tests.basis.drawn_rows import Drawing
from tests.basis.test_overrides import of_rules
from tests.basis.test_rules import SPECS, scenarios_together, with_numbers
from tests.bench.basis import city_snapshot

QUARTER = Quarter.parse("2026Q3")
BOOK = load_rulebook()
ALONE = [rule_id for rule_id in dict.fromkeys(rule.rule_id for rule in BOOK.rules) if is_alone(BOOK.rule(rule_id))]
DEZHOU = Path(__file__).resolve().parents[2] / "basis" / "overrides" / "dezhou"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return city_snapshot(tmp_path_factory.mktemp("city"), persons=1_200, months=3)


def compared(con: duckdb.DuckDBPyConnection, desk: Desk, asked: list[tuple[str, str]]) -> Counter[str]:
    """Findings by rule of (prescription, person), after both ways were found to say the same of each."""
    names = [column[0] for column in con.execute("SELECT * FROM findings LIMIT 0").description]
    seen: Counter[str] = Counter()
    for rxno, person in asked:
        rows = con.execute(
            "SELECT * FROM findings WHERE psn_no = $psn AND (rxno = $rx OR rxno IS NULL)", {"rx": rxno, "psn": person}
        ).fetchall()
        run = [row for row in rows if row[0] in desk.rule_ids]
        alone = [tuple(found[name] for name in names) for found in desk.check(rxno, rows_of_person(con, person))]
        assert sorted(map(repr, alone)) == sorted(map(repr, run)), rxno
        seen.update(row[0] for row in run)
    return seen


def everyone(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Every prescription with its person, and persons without any under a number that nobody has."""
    query = (
        "SELECT rxno, psn_no FROM whole.prescription UNION ALL "
        "SELECT 'none', psn_no FROM whole.person p ANTI JOIN whole.prescription r USING (psn_no) ORDER BY ALL"
    )
    return con.execute(query).fetchall()


def test_a_prescription_alone_has_the_findings_of_the_run(snapshot: Any) -> None:
    con = open_asof(snapshot, QUARTER)
    find(con, snapshot, BOOK)
    desk = Desk(BOOK, QUARTER, snapshot.has)
    asked = con.execute(
        "SELECT rxno, min(psn_no) FROM (SELECT rxno, psn_no, row_number() OVER (PARTITION BY rule_id ORDER BY md5(rxno)) AS n "
        "FROM findings WHERE rxno IS NOT NULL) AS f WHERE n <= 3 GROUP BY rxno UNION "
        "(SELECT rxno, psn_no FROM frame ORDER BY md5(rxno) LIMIT 40) ORDER BY ALL"
    ).fetchall()
    assert len(asked) >= 60
    assert len(compared(con, desk, asked)) >= 14
    assert all(is_alone(BOOK.rule(name)) for name in desk.rule_ids)
    assert "rx-not-checked" not in desk.rule_ids


@cache
def of_all_drawn_tables() -> Counter[str]:
    """What both ways find in the drawn tables of all rules at once, of those without numbers of their own: every rule is
    asked of every table."""
    together = [scenario for rule_id in ALONE for scenario in SPECS[rule_id] if is_plain(scenario)]
    with TemporaryDirectory() as folder:
        con, given = drawn.open_scenarios(together, Path(folder), [f"{number:03d}" for number in range(len(together))])
        find(con, given, BOOK)
        seen = compared(con, Desk(BOOK, QUARTER, given.has), everyone(con))
        con.close()
    return seen


def is_plain(scenario: drawn.Scenario) -> bool:
    """Whether a scenario is of the usual quarter and the rule's own numbers."""
    return scenario.quarter == str(QUARTER) and not scenario.parameters


@cache
def of_dated_tables(rule_id: str) -> Counter[str]:
    """What both ways find in the drawn tables of a rule with other numbers or of another quarter."""
    seen: Counter[str] = Counter()
    for numbers, scenarios in scenarios_together(rule_id):
        if is_plain(scenarios[0]):
            continue
        with TemporaryDirectory() as folder:
            con, given = drawn.open_scenarios(scenarios, Path(folder), [f"{number:02d}" for number in numbers])
            book = Rulebook((with_numbers(BOOK.rule(rule_id), scenarios[0].parameters),))
            find(con, given, book)
            desk = Desk(book, Quarter.parse(scenarios[0].quarter), given.has)
            assert desk.rule_ids == (rule_id,)
            seen += compared(con, desk, everyone(con))
            con.close()
    return seen


def test_drawn_tables_are_judged_alone_as_in_the_run() -> None:
    assert len(of_all_drawn_tables()) >= 50


@pytest.mark.parametrize("rule_id", [r for r in ALONE if not all(map(is_plain, SPECS[r]))])
def test_numbers_and_days_hold_alone_as_in_the_run(rule_id: str) -> None:
    assert set(of_dated_tables(rule_id)) == {rule_id}


def test_every_rule_that_is_decided_alone_finds_something_in_drawn_tables() -> None:
    seen = of_all_drawn_tables() + sum((of_dated_tables(rule_id) for rule_id in ALONE), Counter())
    assert set(seen) == set(ALONE)
    assert len(ALONE) >= 55


@pytest.mark.parametrize("name", sorted(path.stem for path in DEZHOU.glob("*.toml")))
def test_local_overrides_hold_alone_as_in_the_run(name: str, tmp_path: Path) -> None:
    """Areas, groups of persons and diseases: the rules of each override, under all of them, over its drawn tables."""
    book = of_rules(load_rulebook(DEZHOU), read_override(DEZHOU / f"{name}.toml").overrides)
    seen: Counter[str] = Counter()
    for number, (scenario, own) in enumerate(local.read(DEZHOU / f"{name}.txt", tmp_path / "specs")):
        con, given = local.open_rows(local.rows_of(scenario, own), tmp_path / f"{number}", local.day_of(own))
        find(con, given, book)
        quarter = Quarter.parse(con.execute("SELECT quarter FROM period").fetchall()[0][0])
        seen += compared(con, Desk(book, quarter, given.has), everyone(con))
    assert seen


def test_a_value_that_is_none_is_an_error_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    (scenario, *_) = [scenario for scenario in SPECS["rx-many-drugs"] if scenario.kind == "violation"]
    con, given = drawn.open_scenario(scenario, tmp_path)
    desk = Desk(BOOK, QUARTER, given.has)
    rows = rows_of_person(con, "P1")
    found = desk.check("R1", rows)
    assert "rx-many-drugs" in {row["rule_id"] for row in found}
    wrong = {**rows, "fee_line": [{**line, "cnt": "many"} for line in rows["fee_line"]]}
    with pytest.raises(ArithmeticError):
        desk.check("R1", wrong)
    assert desk.check("R1", {}) == []
    assert desk.check("R1", rows) == found
    written = {
        name: [{key: None if value is None else str(value) for key, value in row.items()} for row in lines]
        for name, lines in rows.items()
    }
    assert desk.check("R1", written) == found


def test_a_rule_that_cannot_be_said_is_refused_when_the_desk_is_made() -> None:
    rule = replace(BOOK.rule("rx-many-drugs"), sql="SELECT median(total_amt) AS fee_ocur_time FROM frame")
    with pytest.raises(Unsaid):
        Desk(Rulebook((rule,)), QUARTER)


def lines_of_both(con: duckdb.DuckDBPyConnection) -> int:
    """Charged lines, after every table of the quarter was found to have the same rows in both engines."""
    given = {}
    for table in load_contract():
        rows = con.execute(f"SELECT * FROM whole.{table.name}")
        names = [column[0] for column in rows.description]
        given[table.name] = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    made = [name for name in as_of_script({}).tables if not name.startswith("whole_") and name not in ("period", "rx_key")]
    queries = [(f"SELECT '{name}' AS of_table, * FROM {name}", {}) for name in made]
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in made}
    for row in OnePerson(QUARTER, [], "", queries).ask(given):
        name, *values = row.values()
        found[name].append(tuple(values))
    for name in made:
        assert sorted(map(repr, found[name])) == sorted(map(repr, con.execute(f"SELECT * FROM {name}").fetchall())), name
    return len(found["net"])


def test_tables_of_the_quarter_have_the_same_rows(snapshot: Any) -> None:
    """All of the city's rows, as if they were one person's."""
    assert lines_of_both(open_asof(snapshot, QUARTER)) > 2_000


def test_parts_of_lines_that_came_back_leave_the_same_money(tmp_path: Path) -> None:
    rng, lots = random.Random(11), []
    for number in range(80):
        count = Decimal(rng.randrange(2, 90_000)).scaleb(-4)
        line = {
            "line": "F1",
            "rx": "R1",
            "drug": "XA",
            "count": str(count),
            "price": f"{rng.randrange(1, 9_999_999) / 1e6:.6f}",
        }
        line["back"] = str((count * rng.randrange(1, 9) / 10).quantize(Decimal("0.0001")))
        rows = Drawing({"line": [line]}, f"{number:02d}").build()
        for settlement in rows["settlement"]:
            settlement["inscp_scp_amt"] = f"{rng.randrange(1, 10 ** rng.randrange(3, 9)) / 100:.2f}"
            settlement["fund_pay_sumamt"] = f"{rng.randrange(0, 10 ** rng.randrange(3, 9)) / 100:.2f}"
        lots.append(rows)
    con = open_asof(drawn.snapshot_of(lots, tmp_path), QUARTER)
    parts = con.execute("SELECT count(*) FROM net WHERE net_cnt < cnt AND stake_fen > 0 AND stake_fen < net_fen").fetchall()
    assert parts[0][0] > 10
    assert lines_of_both(con) > 70
