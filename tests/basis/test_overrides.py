"""Local overrides: the shipped examples against their drawn tables, whole and partial ones, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from basis.find import find
from basis.rulebook import Rulebook, load_rulebook, read_override
from records.errors import DataFault
from tests.basis import drawn, local

BASIS = Path(__file__).resolve().parents[2] / "basis"
DEZHOU = BASIS / "overrides" / "dezhou"
EXAMPLES = sorted(path.stem for path in DEZHOU.glob("*.toml"))
SCENARIOS = [
    pytest.param(name, number, id=f"{name} {number}")
    for name in EXAMPLES
    for number in range((DEZHOU / f"{name}.txt").read_text(encoding="utf-8").count("## "))
]


def of_rules(book: Rulebook, rule_ids: tuple[str, ...]) -> Rulebook:
    rules = tuple(rule for rule in book.rules if rule.rule_id in rule_ids)
    return Rulebook(rules, book.overrides, book.tables)


@pytest.mark.parametrize(("name", "number"), SCENARIOS)
def test_an_example_finds_what_its_drawn_table_says(name: str, number: int, tmp_path: Path) -> None:
    scenario, own = local.read(DEZHOU / f"{name}.txt", tmp_path / "specs")[number]
    override = read_override(DEZHOU / f"{name}.toml")
    folder = tmp_path / "local"
    folder.mkdir()
    for suffix in (".toml", ".txt"):
        (folder / f"{name}{suffix}").write_bytes((DEZHOU / f"{name}{suffix}").read_bytes())
    con, snapshot = local.open_rows(local.rows_of(scenario, own), tmp_path / "snapshots", local.day_of(own))
    find(con, snapshot, of_rules(load_rulebook(folder), override.overrides))
    found = con.execute("SELECT DISTINCT subject_code FROM findings ORDER BY 1").fetchall()
    assert [row[0] for row in found] == scenario.expected, scenario.title


def supply(days: int, area: str, tmp_path: Path, book: Rulebook, status: str | None = None) -> list[tuple[str, int]]:
    """Limits and clauses of what is found of a long-term prescription."""
    row = {"line": "F1", "rx": "R1", "drug": "XA", "days": str(days)}
    scenario = drawn.Scenario("", {"rx": [{"rx": "R1", "long": "1"}], "line": [row]}, [])
    own: local.Own = {"site": [{"site": "H1", "area": area}]}
    if status:
        own["status"] = [{"status": "P1", "group": status, "begin": "2026-01-01", "end": "-"}]
    con, snapshot = local.open_rows(local.rows_of(scenario, own), tmp_path / "snapshots")
    find(con, snapshot, of_rules(book, ("rx-days",)))
    found = con.execute("SELECT basis, vola_evid FROM findings ORDER BY ALL").fetchall()
    con.close()
    return [(basis, json.loads(evidence)["limit"]) for basis, evidence in found]


def write_override(folder: Path, name: str, **lines: str) -> None:
    text = (DEZHOU / "dezhou-long-supply.toml").read_text(encoding="utf-8").replace("dezhou-long-supply", name)
    for line, value in lines.items():
        before = next(part for part in text.splitlines() if part.startswith(f"{line} ="))
        text = text.replace(before, f"{line} = {value}")
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / f"{name}.txt").write_bytes((DEZHOU / "dezhou-long-supply.txt").read_bytes())


def test_a_finding_cites_the_clause_that_was_in_force_there(tmp_path: Path) -> None:
    book = load_rulebook(DEZHOU)
    ((there, most),) = supply(91, "371402", tmp_path, book)
    ((here, least),) = supply(91, "530302", tmp_path, book)
    assert (most, least) == (90, 84)
    assert here == book.rule("rx-days").clause
    assert there == f"{here}；{book.overrides[-1].clause}"


def test_of_several_overrides_the_narrower_area_stands_and_a_group_before_any_area(tmp_path: Path) -> None:
    folder = tmp_path / "local"
    write_override(folder, "city", value="100")
    write_override(folder, "county", value="60", area='"371402"')
    write_override(folder, "poor", value="120", area='"37"\ngroups = ["2302"]')
    book = load_rulebook(folder)
    assert supply(130, "371402", tmp_path, book)[0][1] == 60
    assert supply(130, "371403", tmp_path, book)[0][1] == 100
    assert supply(130, "371402", tmp_path, book, "2302")[0][1] == 120
    assert supply(130, "371502", tmp_path, book, "2302")[0][1] == 120
    assert supply(130, "371502", tmp_path, book)[0][1] == 84
    assert supply(100, "371402", tmp_path, book, "2302") == []


def test_a_parameter_of_a_whole_rule_may_have_an_area_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "local"
    folder.mkdir()
    text = (BASIS / "rules" / "rx-days.toml").read_text(encoding="utf-8")
    own = '\n[[parameter]]\nname = "long_days"\nvalue = 60\nvalid_from = 2026-01-01\nvalid_to = 2027-01-01\n'
    (folder / "rx-days.toml").write_text(text + own + 'clause = "当地"\narea = "5303"\n', encoding="utf-8")
    book = load_rulebook(folder)
    assert supply(70, "530302", tmp_path, book) == [(f"{book.rule('rx-days').clause}；当地", 60)]
    assert supply(70, "371402", tmp_path, book) == []


def test_a_whole_local_rule_stands_in_its_area_and_on_its_days_only(tmp_path: Path) -> None:
    folder = tmp_path / "local"
    folder.mkdir()
    text = (BASIS / "rules" / "rx-days.toml").read_text(encoding="utf-8").replace("value = 84", "value = 28")
    (folder / "rx-days.toml").write_text(
        text.replace('area = ""', "").replace('rule_id = "rx-days"', 'rule_id = "rx-days"\narea = "5303"'), encoding="utf-8"
    )
    book = load_rulebook(folder)
    assert book.rule("rx-days").area == "5303"
    assert supply(30, "530302", tmp_path, book)[0][1] == 28
    assert supply(30, "371402", tmp_path, book) == []
    dated = text.replace(
        "valid_from = 2007-05-01\nvalid_to = 9999-12-31\nchecked_by",
        "valid_from = 2027-01-01\nvalid_to = 9999-12-31\nchecked_by",
    )
    assert dated != text
    (folder / "rx-days.toml").write_text(dated, encoding="utf-8")
    later = load_rulebook(folder)
    assert supply(30, "530302", tmp_path, later) == []
    assert supply(85, "530302", tmp_path, later)[0][1] == 84


def test_without_groups_in_the_data_the_run_says_so(tmp_path: Path) -> None:
    scenario, own = local.read(DEZHOU / "dezhou-exempt-groups.txt", tmp_path / "specs")[0]
    rows = local.rows_of(scenario, own)
    con, snapshot = local.open_rows({**rows, "person_status": []}, tmp_path / "snapshots")
    report = find(con, snapshot, load_rulebook(DEZHOU))
    assert "dezhou-exempt-groups" in [entry["what"] for entry in report.switched_off]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("source = ", "sourse = ", "has no source"),
        ('overrides = ["rx-days", "rx-quantity"]', 'overrides = "rx-none"', "does not exist"),
        ('name = "long_days"', 'name = "longer_days"', "does not have"),
        ("value = 90", 'value = "ninety"', "number"),
        ("valid_to = 2027-01-01", "valid_to = 2020-01-01", "ends before|ends after"),
        ("valid_to = 2027-01-01", 'valid_to = "soon"', "date"),
        ('area = "3714"', 'area = "Dezhou"', "area code"),
        ('area = "3714"', "groups = [2302]", "psn_idet_type"),
        ('area = "3714"', 'diseases = ["肿瘤"]', "ICD-10"),
        ('area = "3714"', "exempt = true", "either parameters or"),
        ('override_id = "dezhou-long-supply"', 'override_id = "untested"', "specification"),
    ],
)
def test_an_unfounded_override_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    text = (DEZHOU / "dezhou-long-supply.toml").read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "dezhou-long-supply.toml").write_text(text.replace(before, after), encoding="utf-8")
    (tmp_path / "dezhou-long-supply.txt").write_bytes((DEZHOU / "dezhou-long-supply.txt").read_bytes())
    with pytest.raises(DataFault, match=said):
        load_rulebook(tmp_path)


def test_a_specification_that_expects_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dezhou-long-supply.toml").write_bytes((DEZHOU / "dezhou-long-supply.toml").read_bytes())
    (tmp_path / "dezhou-long-supply.txt").write_text("## one\nline rx drug\n", encoding="utf-8")
    with pytest.raises(DataFault, match="just-not"):
        load_rulebook(tmp_path)
