"""One prescription alone beside the run of a quarter: the same findings, word for word."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb
import pytest

from basis.find import find
from basis.one import Desk, is_alone
from basis.rulebook import load_rulebook
from records.asof import open_asof
from records.periods import Quarter
from records.single import rows_of_person, single_ctes
from tests.bench.basis import city_snapshot

QUARTER = Quarter.parse("2026Q3")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return city_snapshot(tmp_path_factory.mktemp("city"), persons=1_200, months=3)


def test_a_prescription_alone_has_the_findings_of_the_run(snapshot: Any) -> None:
    book = load_rulebook()
    con = open_asof(snapshot, QUARTER)
    find(con, snapshot, book)
    desk = Desk(book, QUARTER, snapshot.has)
    names = [column[0] for column in con.execute("SELECT * FROM findings LIMIT 0").description]
    asked = con.execute(
        "SELECT rxno, min(psn_no) FROM (SELECT rxno, psn_no, row_number() OVER (PARTITION BY rule_id ORDER BY md5(rxno)) AS n "
        "FROM findings WHERE rxno IS NOT NULL) AS f WHERE n <= 1 GROUP BY rxno UNION ALL "
        "(SELECT rxno, psn_no FROM frame ORDER BY md5(rxno) LIMIT 5) ORDER BY ALL"
    ).fetchall()
    seen: Counter[str] = Counter()
    for rxno, person in asked:
        rows = con.execute("SELECT * FROM findings WHERE rxno = ? OR (rxno IS NULL AND psn_no = ?)", [rxno, person]).fetchall()
        run = [row for row in rows if row[0] in desk.rule_ids]
        alone = [tuple(found[name] for name in names) for found in desk.check(rxno, rows_of_person(con, person))]
        assert sorted(map(str, alone)) == sorted(map(str, run)), rxno
        seen.update(row[0] for row in run)
    assert len(seen) >= 12, seen
    assert all(is_alone(book.rule(name)) for name in desk.rule_ids)
    assert "rx-not-checked" not in desk.rule_ids


def test_the_statement_has_its_parameter_once() -> None:
    """Where it stands twice, DuckDB plans the statement anew each time; the bench prints what that takes."""
    assert sum(part.count("$given") for part in single_ctes(duckdb.connect(), QUARTER)) == 1
