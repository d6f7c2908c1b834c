"""Local checks and numbers that must not count: what is no plain SELECT, does not run, or contradicts itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from basis.check_sql import fault_of
from basis.definition import Rule
from basis.rule_files import read_rule
from basis.rulebook import Rulebook, load_rulebook
from basis.trial import prove
from records.errors import DataFault

CHECKS = Path(__file__).resolve().parents[2] / "basis" / "checks"
NUMBER = 'name = "most_yuan"\nvalue = 500\nvalid_from = 2026-01-01\nvalid_to = 2027-01-01\nclause = "示例"\n'
RULE = f"""rule_id = "local-large"
zh = "大额"
en = "large"
item_codes = "2-5"
fund_codes = ""
result_type = "suspicious"
stage = "after"
subject = "prescription"
population = "all"
check = "large"
needs = ["fee_line.cnt"]
amount = "whole_line"
clause = "条款"
source = "文件"
valid_from = 2026-01-01
valid_to = 2027-01-01
checked_by = "王药师"
evidence_zh = "{{drug}} {{value}} 元，上限 {{limit}}"
evidence_en = "{{drug}}: {{value}} yuan; at most {{limit}}"

[[parameter]]
{NUMBER}"""
SQL = """SELECT l.rxno, NULL AS setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.bilg_dr_codg AS dr_codg, l.fee_ocur_time,
    l.rxno AS subject_code, l.stake_amt AS amount,
    {'drug': l.hilist_name, 'value': l.stake_amt, 'limit': limit_of('local-large', 'most_yuan', l.fee_ocur_time)} AS facts
FROM net_line l WHERE l.stake_amt > limit_of('local-large', 'most_yuan', l.fee_ocur_time)"""
OVERRIDE = """override_id = "{name}"
overrides = ["rx-days"]
zh = "放宽"
en = "relaxed"
area = "{area}"
clause = "条款"
source = "文件"
checked_by = "王药师"
valid_from = {begin}
valid_to = 2027-01-01

[[parameter]]
name = "long_days"
value = {value}
"""


def draft(folder: Path, rule: str = RULE, sql: str | bytes = SQL) -> Path:
    (folder / "large.sql").write_bytes(sql if isinstance(sql, bytes) else sql.encode())
    (folder / "local-large.txt").write_text("## a\n=> R1\n\n## b\n=>\n", encoding="utf-8")
    path = folder / "large.toml"
    path.write_text(rule, encoding="utf-8")
    return path


def proved(folder: Path, path: Path) -> Rule:
    """The rule of a file, after it ran on no rows."""
    made = folder / "empty"
    made.mkdir()
    rule = read_rule(path)
    prove(Rulebook((rule,)), (rule.rule_id,), made)
    return rule


@pytest.mark.parametrize("end", ["", ";", "\n;\n", " -- the end"])
def test_a_plain_check_is_read_and_runs(tmp_path: Path, end: str) -> None:
    assert proved(tmp_path, draft(tmp_path, sql=SQL + end)).sql.startswith(SQL)


def test_every_shipped_check_is_one_plain_select_and_runs_on_no_rows(tmp_path: Path) -> None:
    faults = {path.name: fault_of(path.read_text(encoding="utf-8")) for path in CHECKS.glob("*.sql")}
    assert len(faults) > 50
    assert {name: fault for name, fault in faults.items() if fault} == {}
    book = load_rulebook()
    prove(book, tuple(rule.rule_id for rule in book.rules), tmp_path)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC 1", "not one SELECT"),
        ("INSERT INTO findings SELECT * FROM findings", "not one SELECT"),
        ("COPY (SELECT 1) TO 'x.csv'", "not one SELECT"),
        ("ATTACH 'x.db'", "not one SELECT"),
        (f"{SQL}; DROP TABLE findings", "not one SELECT"),
        (f"{SQL}; {SQL}", "2 statements"),
        ("SELECT 1) AS found; DROP TABLE findings; SELECT * FROM (SELECT 1", "not one SELECT"),
        ("", "0 statements"),
        (SQL.replace("net_line l", "net_line l CROSS JOIN read_text('/etc/hosts')"), "table function"),
        (SQL.replace("net_line l", "net_line l CROSS JOIN 'points.csv'"), "reads points.csv"),
        (SQL.replace("net_line l", "net_line l CROSS JOIN other.public.t"), "reads t"),
        (SQL + " AND EXISTS (SELECT * FROM glob('*'))", "table function"),
        ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r", "never end"),
        (SQL + " AND random() < 0.5", "random()"),
        (SQL + " AND l.fee_ocur_time < now()", "now()"),
        ("-- 注释".encode("gb18030"), "UTF-8"),
        (SQL.replace("'most_yuan'", "'most_fen'"), "no parameter most_fen"),
        (SQL.replace("'local-large'", "'rx-days'"), "no number of local-large"),
        (SQL + " AND l.psn_no <> $other", "does not run"),
        (SQL.replace("l.stake_amt AS amount", "'many' AS amount"), "does not run"),
        (SQL.replace("net_line", "net_lines"), "does not run"),
        (SQL.replace("l.rxno AS subject_code, ", ""), "does not run"),
        (SQL.replace("{'drug'", "NULL AS facts, {'drug'").replace("} AS facts", "} AS more"), "no struct"),
        (SQL.replace("l.fee_ocur_time,\n", "NULL AS fee_ocur_time,\n"), "fee_ocur_time is of the type"),
        (SQL.replace("'drug':", "'name':"), "names {drug}"),
    ],
)
def test_what_is_no_check_is_one_sentence(tmp_path: Path, sql: str | bytes, said: str) -> None:
    with pytest.raises(DataFault) as fault:
        proved(tmp_path, draft(tmp_path, sql=sql))
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("500", "-1"), "lies in 0"),
        (("500", "1e300"), "lies in 0"),
        (('"most_yuan"', '"\'); DROP TABLE x; --"'), "is no name"),
        (('"local-large"', '"../local-large"'), "is no name"),
        (('"large"\nneeds', '"../../large"\nneeds'), "is no name"),
        (('item_codes = "2-5"', "item_codes = 25"), "item_codes is a text"),
        (('stage = "after"', "stage = 5"), "stage is a text"),
        (('stage = "after"', 'national_no = "five"\nstage = "after"'), "national_no is a number"),
        (('source = "文件"\n', ""), "has no source"),
        (('checked_by = "王药师"\n', ""), "has no checked_by"),
        (('clause = "条款"', 'clauses = "条款"'), "has no clause"),
        (("stage =", 'stages = "x"\nstage ='), "does not know the line stages"),
        (("{drug} {value} 元", "{drug {value} 元"), "cannot be read"),
        (("{drug}: ", "{drug.upper}: "), "names {drug.upper}"),
        (("[[parameter]]", f"[[parameter]]\n{NUMBER.replace('500', '9')}\n[[parameter]]"), "two values on 2026-01-01"),
    ],
)
def test_a_rule_that_says_nothing_sure_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in RULE
    path = draft(tmp_path, RULE.replace(*change))
    with pytest.raises(DataFault) as fault:
        proved(tmp_path, path)
    assert said in str(fault.value)


def test_numbers_may_follow_one_another(tmp_path: Path) -> None:
    older = NUMBER.replace("500", "9").replace("2027", "2026").replace("_from = 2026", "_from = 2025")
    rule = proved(tmp_path, draft(tmp_path, RULE.replace("[[parameter]]", f"[[parameter]]\n{older}\n[[parameter]]")))
    assert sorted((p.valid_from.year, p.value) for p in rule.parameters) == [(2025, 9), (2026, 500)]


def test_overrides_of_one_scope_may_not_contradict_each_other(tmp_path: Path) -> None:
    def book(second: str) -> Rulebook:
        for name, text in (("one", OVERRIDE.format(name="one", area="3714", begin="2026-01-01", value=90)), ("two", second)):
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
            (tmp_path / f"{name}.txt").write_text("## a\n=> R1\n\n## b\n=>\n", encoding="utf-8")
        return load_rulebook(tmp_path)

    with pytest.raises(DataFault, match="set long_days of rx-days differently on 2026-06-01"):
        book(OVERRIDE.format(name="two", area="3714", begin="2026-06-01", value=60))
    for kept in ({"area": "371402", "value": 60}, {"area": "3714", "value": 90}):
        assert len(book(OVERRIDE.format(name="two", begin="2026-06-01", **kept)).overrides) == 2
