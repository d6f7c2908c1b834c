"""Knowledge points: each kind violated and just not, exact before prefix, superseded never, self-paid by class."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from basis.find import find
from basis.knowledge import load_points
from basis.rulebook import Rulebook
from records.errors import DataFault
from tests.basis import drawn

BASE = {"kp_id": "KP1", "rule_name": "某规则", "gz_code": "GZ1", "rule_class": "政策类", "official": "1",
        "status": "effective", "med_code": "XA", "code_form": "exact", "decidable": "1"}  # fmt: skip
LINE = "line  rx  drug  days  level\nF1    R1  XA    10    01\n"


def findings(tmp_path: Path, points: list[dict[str, str]], table: str = LINE) -> list[dict[str, Any]]:
    path = tmp_path / "knowledge_points.csv"
    names = list(dict.fromkeys(name for point in points for name in point))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names[::-1])
        writer.writeheader()
        writer.writerows(points)
    spec = tmp_path / "s.txt"
    spec.write_text(f"## a\n{table}=>\n\n## b\n{table}=>\n", encoding="utf-8")
    con, snapshot = drawn.open_scenario(drawn.read(spec)[0], tmp_path / "snapshots")
    find(con, snapshot, Rulebook(()), load_points(con, path))
    return con.sql("SELECT * FROM findings ORDER BY feedetl_sn").df().to_dict("records")


# The person is a woman born 1970-01-01 (20,668 days), employee insurance, outpatient, a tertiary hospital, I10.
KINDS = [
    ({"sex": "1"}, {"sex": "2"}),
    ({"age_min_days": "20669"}, {"age_min_days": "20668"}),
    ({"age_max_days": "20667"}, {"age_max_days": "20668"}),
    ({"med_type": "21 14"}, {"med_type": "21 1"}),
    ({"hosp_lv": "4"}, {"hosp_lv": "3"}),
    ({"insutype": "510"}, {"insutype": "510 310"}),
    ({"icd": "E11 J"}, {"icd": "E11 I1"}),
    ({"course_days": "9", "course_scope": "total"}, {"course_days": "10", "course_scope": "total"}),
    ({"course_days": "9", "course_scope": "visit"}, {"course_days": "10", "course_scope": "visit"}),
    ({"course_days": "9", "course_scope": "span"}, {"course_days": "10", "course_scope": "span"}),
]


@pytest.mark.parametrize(("violated", "kept"), KINDS, ids=[" ".join(pair[0]) for pair in KINDS])
def test_each_kind_of_limit(tmp_path: Path, violated: dict[str, str], kept: dict[str, str]) -> None:
    assert findings(tmp_path, [{**BASE, **kept}]) == []
    (row,) = findings(tmp_path, [{**BASE, **violated}])
    assert (row["rule_name"], row["feedetl_sn"], row["result_type"]) == ("某规则", "F1", "definite")
    assert "GZ1" in row["basis"]
    assert json.loads(row["vola_evid"])["kp_ids"] == ["KP1"]


def test_a_superseded_point_or_one_of_another_time_finds_nothing(tmp_path: Path) -> None:
    for change in ({"status": "superseded"}, {"decidable": "0"}, {"begndate": "2026-08-04"}, {"enddate": "2026-08-03"}):
        assert findings(tmp_path, [{**BASE, "sex": "1", **change}]) == [], change
    assert len(findings(tmp_path, [{**BASE, "sex": "1", "begndate": "2026-08-03", "enddate": "2026-08-04"}])) == 1


def test_a_shipped_rule_is_off_only_where_a_point_of_its_name_is_in_force_in_the_quarter(tmp_path: Path) -> None:
    from basis.rulebook import load_rulebook

    book = load_rulebook().only("drug-sex-limit")
    point = {**BASE, "rule_name": book.rules[0].zh, "sex": "1"}
    path, spec = tmp_path / "points.csv", tmp_path / "s.txt"
    spec.write_text(f"## a\n{LINE}=>\n\n## b\n{LINE}=>\n", encoding="utf-8")
    dates = {"begndate": ("2026-10-01", "2026-09-30"), "enddate": ("2026-07-01", "2026-07-02")}
    for column, days in dates.items():
        for day, off in zip(days, (0, 1), strict=True):
            with path.open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, [*point, column])
                writer.writeheader()
                writer.writerow({**point, column: day})
            con, snapshot = drawn.open_scenario(drawn.read(spec)[0], tmp_path / f"snapshots{column}{off}")
            report = find(con, snapshot, book, load_points(con, path))
            assert len(report.switched_off) == off, (column, day)


def test_every_point_that_decides_nothing_is_listed(tmp_path: Path) -> None:
    path, spec = tmp_path / "points.csv", tmp_path / "s.txt"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*BASE, "sex"])
        writer.writeheader()
        writer.writerows({**BASE, "kp_id": f"KP{number:04d}", "sex": "女人"} for number in range(700))
    spec.write_text(f"## a\n{LINE}=>\n\n## b\n{LINE}=>\n", encoding="utf-8")
    con, snapshot = drawn.open_scenario(drawn.read(spec)[0], tmp_path / "snapshots")
    report = find(con, snapshot, Rulebook(()), load_points(con, path)).knowledge
    assert (report["undecidable_points"], len(report["undecidable"])) == (700, 700)


def test_exact_points_stand_before_prefixes_and_the_longest_prefix_before_shorter_ones(tmp_path: Path) -> None:
    wide = {**BASE, "kp_id": "KP2", "med_code": "X", "code_form": "prefix", "sex": "1"}
    exact = {**BASE, "sex": "2"}
    assert findings(tmp_path, [wide, exact]) == []
    assert len(findings(tmp_path, [wide])) == 1
    assert len(findings(tmp_path, [wide, {**exact, "rule_name": "另一规则"}])) == 1


def test_self_paid_lines_are_free_of_policy_points_only(tmp_path: Path) -> None:
    table = LINE.replace("01\n", "03\n")
    assert findings(tmp_path, [{**BASE, "sex": "1"}], table) == []
    (row,) = findings(tmp_path, [{**BASE, "sex": "1", "rule_class": "医疗类"}], table)
    assert row["result_type"] == "suspicious"


def test_days_are_counted_once_however_many_lines_use_them(tmp_path: Path) -> None:
    table = "line  rx  drug  days\nF1    R1  XA    10\nF2    R2  XA    10\n"
    assert findings(tmp_path, [{**BASE, "course_days": "10", "course_scope": "total"}], table) == []
    point = {**BASE, "course_days": "9", "course_scope": "total"}
    assert [row["feedetl_sn"] for row in findings(tmp_path, [point], table)] == ["F1", "F2"]


def test_decoction_pieces_never_and_not_alone(tmp_path: Path) -> None:
    alone = {**BASE, "med_code": "TG", "tcm_use": "not_alone"}
    single = "line  rx  drug\nF1    R1  TG\n"
    assert len(findings(tmp_path, [alone], single)) == 1
    assert findings(tmp_path, [alone], single + "F2    R1  TB\n") == []
    assert len(findings(tmp_path, [{**BASE, "med_code": "TG", "tcm_use": "never"}], single + "F2    R1  TB\n")) == 1


def test_a_refunded_line_is_out_before_anything_is_judged(tmp_path: Path) -> None:
    table = "line  rx  drug  refunded\nF1    R1  XA    1\n"
    assert findings(tmp_path, [{**BASE, "sex": "1"}], table) == []


def test_a_file_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    import duckdb

    (tmp_path / "k.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataFault, match="lacks the column"):
        load_points(duckdb.connect(), tmp_path / "k.csv")


@pytest.mark.shared
def test_the_published_file_loads_and_is_counted(shared: Path) -> None:
    from basis.knowledge import read_points
    from records.asof import connect

    counts = read_points(connect(), shared / "data" / "two_libraries" / "knowledge_points.csv")
    assert (counts["rows"], counts["points"]) == (17920, 1992)
    assert counts["effective"] - counts["text_only"] == 1092
