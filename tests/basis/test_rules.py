"""Every rule against its drawn tables, and what the loader refuses."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import defaultdict
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from basis.find import find
from basis.rulebook import Parameter, Rule, Rulebook, load_rulebook, read_rule
from records import transpile
from records.errors import DataFault
from tests.basis import drawn

BASIS = Path(__file__).resolve().parents[2] / "basis"
BOOK = load_rulebook()
SPECS = {rule.rule_id: drawn.read(BASIS / "specs" / f"{rule.rule_id}.txt") for rule in BOOK.rules}
SCENARIOS = [
    pytest.param(rule_id, number, id=f"{rule_id}: {scenario.title}")
    for rule_id, scenarios in SPECS.items()
    for number, scenario in enumerate(scenarios)
]
Found = list[tuple[str, str, str, str]]


def with_numbers(rule: Rule, rows: list[dict[str, Any]]) -> Rule:
    """The rule with other dated numbers."""
    parameters = tuple(
        Parameter(
            row["parameter"], float(row["value"]), date.fromisoformat(row["from"]), date.fromisoformat(row["to"]), "drawn"
        )
        for row in rows
    )
    names = {parameter.name for parameter in parameters}
    assert names <= {parameter.name for parameter in rule.parameters}, "a scenario sets a number that the rule has not"
    return replace(rule, parameters=(*(p for p in rule.parameters if p.name not in names), *parameters))


def scenarios_together(rule_id: str) -> list[tuple[list[int], list[drawn.Scenario]]]:
    """The scenarios of a rule with their numbers: those of one quarter and of the same numbers are judged side by side."""
    together: dict[str, list[int]] = defaultdict(list)
    for number, scenario in enumerate(SPECS[rule_id]):
        together[json.dumps([scenario.quarter, scenario.parameters])].append(number)
    return [(numbers, [SPECS[rule_id][number] for number in numbers]) for numbers in together.values()]


@cache
def found_by(rule_id: str) -> dict[int, Found]:
    """Findings of every scenario of a rule."""
    found: dict[int, Found] = {number: [] for number in range(len(SPECS[rule_id]))}
    for numbers, scenarios in scenarios_together(rule_id):
        with TemporaryDirectory() as folder:
            con, snapshot = drawn.open_scenarios(scenarios, Path(folder), [f"{number:02d}" for number in numbers])
            rule = with_numbers(BOOK.rule(rule_id), scenarios[0].parameters)
            report = find(con, snapshot, Rulebook((rule,)))
            assert report.switched_off == [], rule_id
            query = "SELECT subject_code, basis, vola_evid, result_type, feedetl_sn FROM findings ORDER BY 1, feedetl_sn"
            for subject, *rest in con.execute(query).fetchall():
                found[int(subject[:2])].append((subject[2:], *rest[:3]))
    return found


@pytest.mark.parametrize(("rule_id", "number"), SCENARIOS)
def test_a_rule_finds_what_its_drawn_table_says(rule_id: str, number: int) -> None:
    rule, found = BOOK.rule(rule_id), found_by(rule_id)[number]
    assert [row[0] for row in found] == SPECS[rule_id][number].expected
    for _, basis, evidence, kind in found:
        words = json.loads(evidence)
        assert basis == rule.clause
        assert kind == rule.result_type
        assert "{" not in words["zh"] + words["en"]
        assert isinstance(words["lines"], list)


@pytest.mark.parametrize(
    ("rule_id", "least"),
    [
        ("rx-many-drugs", 4),
        ("rx-mixed-pieces", 2),
        ("rx-tcm-duplicate", 2),
        ("rx-two-antibacterials", 2),
        ("rx-parts-missing", 1),
    ],
)
def test_what_rests_on_several_lines_names_them(rule_id: str, least: int) -> None:
    named = [json.loads(evidence)["lines"] for found in found_by(rule_id).values() for _, _, evidence, _ in found]
    assert named
    for lines in named:
        assert len(set(lines)) == len(lines) >= least
        assert all(" " not in line for line in lines)


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.rule_id)
def test_a_specification_shows_every_kind_of_case(rule: Rule) -> None:
    kinds = {scenario.kind for scenario in SPECS[rule.rule_id]}
    wanted = {"violation", "kept", "refund", "missing"} | ({"dated"} if rule.parameters else set())
    assert wanted - kinds == set()
    assert kinds <= {"violation", "kept", "exception", "refund", "missing", "dated"}
    for scenario in SPECS[rule.rule_id]:
        assert bool(scenario.expected) or scenario.kind != "violation", scenario.title


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.rule_id)
def test_a_check_can_be_said_in_the_words_of_the_other_engine(rule: Rule) -> None:
    (tree,) = transpile.statements(rule.sql)
    said = transpile.spark_sql(transpile.rewritten(tree, {}))
    assert said.startswith(("SELECT", "WITH"))
    assert "QUALIFY" not in said


def test_no_check_joins_every_row_with_every_row() -> None:
    from sqlglot import exp

    for rule in BOOK.rules:
        (tree,) = transpile.statements(rule.sql)
        for join in tree.find_all(exp.Join):
            assert join.args.get("on") or join.args.get("using"), f"{rule.rule_id}: {join.sql()}"


def test_at_least_twelve_rules_and_no_two_of_one_name() -> None:
    assert len(BOOK.rules) >= 12
    assert len({rule.zh for rule in BOOK.rules}) == len(BOOK.rules)
    assert sum(rule.national_no is not None for rule in BOOK.rules) >= 9


def test_rules_read_from_the_drug_table_bear_no_national_name_or_code() -> None:
    for rule in BOOK.rules:
        if rule.rule_id.startswith("drug-"):
            assert rule.national_no is None
            assert rule.gz_code is None


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("source = ", "sourse = ", "rule"),
        (
            'checked_by = "rxpanel founders, demonstration; to be signed by a pharmacist of the agency"',
            'checked_by = ""',
            "checked_by",
        ),
        ("valid_to = 9999-12-31", "valid_to = 2001-01-01", "ends before"),
        ('result_type = "suspicious"', 'result_type = "certain"', "none of"),
        ('needs = ["prescription.usage_text"]', 'needs = ["prescription.mood"]', "contract"),
        ('rule_id = "rx-vague-use"', 'rule_id = "rx-unspecified"', "specification"),
    ],
)
def test_an_unfounded_rule_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    text = (BASIS / "rules" / "rx-vague-use.toml").read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "rule.toml"
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(DataFault, match=said):
        read_rule(path)


def test_a_dated_parameter_holds_on_its_day() -> None:
    rule = BOOK.rule("rx-days")
    spans = [(p.valid_from, p.valid_to, p.value) for p in rule.parameters if p.name == "long_days"]
    assert len(spans) == 2
    assert sorted(spans)[0][1] == sorted(spans)[1][0]


def test_a_local_rule_wins_and_changes_the_version(tmp_path: Path) -> None:
    text = (BASIS / "rules" / "rx-many-drugs.toml").read_text(encoding="utf-8")
    (tmp_path / "rx-many-drugs.toml").write_text(text.replace("value = 5", "value = 8"), encoding="utf-8")
    local = load_rulebook(tmp_path)
    assert local.rule("rx-many-drugs").parameters[0].value == 8
    assert BOOK.rule("rx-many-drugs").parameters[0].value == 5
    assert local.version != BOOK.version


def test_coverage_names_every_rule_and_no_other() -> None:
    coverage = tomllib.loads((BASIS / "coverage.toml").read_text(encoding="utf-8"))
    states = [entry["state"] for entry in (*coverage["national"].values(), *coverage["signal"])]
    named = {
        word.strip(",;()")
        for state in (*states, *coverage["item_codes"].values())
        if "rule" in state
        for word in state.split()
        if "-" in word
    }
    rules = {rule.rule_id for rule in BOOK.rules}
    words = {"ICD-10"}
    assert named & rules == rules - {"companion", "contraindication", "elderly"}
    assert {name for name in named - rules - words if not re.fullmatch(r"\d-\d+", name)} == set()


def test_what_columns_and_knowledge_can_decide_is_decided() -> None:
    coverage = tomllib.loads((BASIS / "coverage.toml").read_text(encoding="utf-8"))
    decidable = [*range(1, 14), 25, 27, 36, 43, *range(45, 48), *range(49, 53), *range(54, 57), *range(64, 78)]
    implemented = {rule.national_no for rule in BOOK.rules}
    for number in decidable:
        assert number in implemented or "knowledge points" in coverage["national"][str(number)]["state"], number
    codes = {code for rule in BOOK.rules for code in rule.item_codes.split()}
    assert set(coverage["item_codes"]) - codes == {"1-2", "2-9"}


@pytest.mark.parametrize("path", sorted((BASIS / "knowledge_tables").glob("*.csv")), ids=lambda path: path.stem)
def test_every_row_of_knowledge_has_a_source_and_nobody_signed_it(path: Path) -> None:
    with path.open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    assert rows
    assert len({tuple(row.values()) for row in rows}) == len(rows)
    for row in rows:
        assert row["source"], row
        assert row["signed_by"] == "", row
    used = "".join(rule.sql for rule in BOOK.rules)
    assert path.stem in used
