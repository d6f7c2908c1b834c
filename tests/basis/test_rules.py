"""Every rule against its drawn tables, and what the loader refuses."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from basis.find import find
from basis.rulebook import Rulebook, load_rulebook, read_rule
from records.errors import DataFault

BASIS = Path(__file__).resolve().parents[2] / "basis"


def _drawn() -> ModuleType:
    spec = importlib.util.spec_from_file_location("basis_drawn", Path(__file__).with_name("drawn.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["basis_drawn"] = module
    spec.loader.exec_module(module)
    return module


drawn = _drawn()
BOOK = load_rulebook()
SCENARIOS = [
    pytest.param(rule.rule_id, number, id=f"{rule.rule_id}: {scenario.title}")
    for rule in BOOK.rules
    for number, scenario in enumerate(drawn.read(BASIS / "specs" / f"{rule.rule_id}.txt"))
]


@pytest.mark.parametrize(("rule_id", "number"), SCENARIOS)
def test_a_rule_finds_what_its_drawn_table_says(rule_id: str, number: int, tmp_path: Path) -> None:
    scenario = drawn.read(BASIS / "specs" / f"{rule_id}.txt")[number]
    con, snapshot = drawn.open_scenario(scenario, tmp_path)
    rule = BOOK.rule(rule_id)
    report = find(con, snapshot, Rulebook((rule,)))
    found = con.execute("SELECT subject_code, basis, vola_evid, result_type FROM findings ORDER BY 1").fetchall()
    assert report.switched_off == [] or scenario.expected == []
    assert [row[0] for row in found] == scenario.expected
    for _, basis, evidence, kind in found:
        words = json.loads(evidence)
        assert basis == rule.clause
        assert kind == rule.result_type
        assert "{" not in words["zh"] + words["en"]


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
