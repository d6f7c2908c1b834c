"""The published knowledge points: every point and code, both sides, beside a slow judge of the same description."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from basis.find import find
from basis.knowledge import load_points
from basis.rulebook import Rulebook
from tests.basis import published

EXACTLY = ("sex", "age_min_days", "age_max_days", "med_type", "hosp_lv", "insutype", "icd", "tcm_use")


def points_of(path: Path) -> list[published.Point]:
    with path.open(encoding="utf-8", newline="") as content:
        return list(csv.DictReader(content))


def judged(cases: published.Cases, path: Path, folder: Path) -> set[tuple[str, str]]:
    con, snapshot = published.snapshot_of(cases, folder)
    find(con, snapshot, Rulebook(()), load_points(con, path))
    rows = con.execute("SELECT rule_name, feedetl_sn FROM findings").fetchall()
    assert len(rows) == len(set(rows))
    return set(rows)


@pytest.mark.shared
def test_every_point_is_judged_rightly_on_both_sides(shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "two_libraries" / "knowledge_points.csv"
    points = points_of(path)
    cases = published.around(points)
    found, expected = judged(cases, path, tmp_path), published.expected(points, cases)
    right: Counter[tuple[str, str]] = Counter()
    sides: Counter[tuple[str, bool]] = Counter()
    for line in cases.lines:
        if line.point is None or line.wanted is None:
            continue
        mine = line.point["rule_name"], line.number
        for limit in published.LIMITS:
            if line.point[limit]:
                sides[limit, line.wanted] += 1
                right[limit, "found"] += mine in found
                right[limit, "expected"] += mine in expected
                right[limit, "both"] += mine in found and mine in expected
        # The drawn side is what it was drawn for, unless a narrower point of the rule stands for the code.
        if line.wanted and line.point["code_form"] == "exact":
            assert mine in expected, line
    for limit in published.LIMITS:
        least = 1.0 if limit in EXACTLY else 0.98
        assert min(sides[limit, True], sides[limit, False]) >= 3, limit
        assert right[limit, "both"] >= least * right[limit, "found"] > 0, limit
        assert right[limit, "both"] >= least * right[limit, "expected"] > 0, limit
    assert found == expected
    drawn = {(line.point["kp_id"], line.point["med_code"]) for line in cases.lines if line.point}
    assert len(drawn) == sum(point["status"] == "effective" and point["decidable"] == "1" for point in points)


@pytest.mark.shared
def test_random_visits_agree_with_the_slow_judge(shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "two_libraries" / "knowledge_points.csv"
    points = points_of(path)
    cases = published.mixed(points, persons=150, each=8, seed=3)
    expected = published.expected(points, cases)
    assert len({rule for rule, _ in expected}) >= 8
    assert judged(cases, path, tmp_path) == expected


@pytest.mark.shared
def test_codes_that_only_superseded_points_name_give_no_finding(shared: Path, tmp_path: Path) -> None:
    points = [p for p in points_of(shared / "data" / "two_libraries" / "knowledge_points.csv") if p["official"] == "1"]
    path = tmp_path / "official.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(points[0]))
        writer.writeheader()
        writer.writerows(points)
    live = {point["med_code"] for point in points if point["status"] == "effective"}
    gone = sorted({point["med_code"] for point in points if point["status"] == "superseded"} - live)
    assert len(gone) > 20
    cases = published.Cases()
    for number, code in enumerate(gone):
        for sex in "12":
            cases.add(published.Line(code, f"P{number}{sex}", f"R{number}{sex}", sex=sex, med_type="99", level="0", days=200))
    assert judged(cases, path, tmp_path) == set()
