"""Where nothing is wrong, nothing definite is found in those who only look guilty, and little in the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from basis.find import find
from basis.rulebook import load_rulebook
from records.periods import Quarter
from simulator.city import simulate
from tests.basis.made_city import open_city

QUARTER = Quarter.parse("2026Q3")


@pytest.mark.parametrize("seed", [5, 8])
def test_a_clean_city_carries_few_definite_findings_and_its_innocent_none(seed: int, tmp_path: Path) -> None:
    simulate(3000, seed, QUARTER, 3, True, tmp_path / "city")
    con, snapshot = open_city(tmp_path / "city", tmp_path / "snapshots", QUARTER)
    report = find(con, snapshot, load_rulebook())
    truth = f"read_parquet('{tmp_path / 'city' / 'truth' / 'prescription.parquet'}')"
    con.execute(f"CREATE TABLE innocent AS SELECT rxno FROM {truth} SEMI JOIN frame USING (rxno) WHERE innocent IS NOT NULL")
    all_of, definite, guilty_looking, accused = con.execute(
        "SELECT (SELECT count(*) FROM frame), (SELECT count(DISTINCT rxno) FROM findings WHERE result_type = 'definite'), "
        "(SELECT count(*) FROM innocent), "
        "(SELECT count(DISTINCT rxno) FROM findings SEMI JOIN innocent USING (rxno) WHERE result_type = 'definite')"
    ).fetchall()[0]
    assert sum(report.counts.values()) > 100
    assert definite <= 0.02 * all_of
    assert guilty_looking > 100
    assert accused == 0
