"""Nothing later than the as-of moment is seen: later rows of any kind leave every byte as it was."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.catalogue import GRAINS, KEYS
from features.compute import compute
from records.asof import open_asof
from records.output import sha256, write_parquet
from records.periods import Quarter
from records.snapshot import Snapshot

QUARTER = Quarter.parse("2026Q3")


def _digests(snapshot: Snapshot, folder: Path, threads: int = 2) -> dict[str, str]:
    folder.mkdir(parents=True)
    con = open_asof(snapshot, QUARTER, threads=threads)
    found = {}
    for grain in GRAINS:
        compute(con, snapshot, grain)
        write_parquet(con, f"FROM features_{grain}", folder / f"{grain}.parquet", [KEYS[grain]])
        found[grain] = sha256(folder / f"{grain}.parquet")
    return found


def _later(city: Any, seed: int) -> Any:
    """The same city with arbitrary rows from the first of October on."""
    later = copy.deepcopy(city)
    later.random.seed(seed)
    known = [row["setl_id"] for row in later.tables["settlement"] if not row["refd_setl_flag"]]
    moment = datetime(2026, 10, 1)
    for _ in range(40):
        moment += timedelta(seconds=later.random.randrange(40000))
        person, place = f"N{later.random.randrange(24):02d}", later.random.choice(["H1", "H2", "P1"])
        later.visit(person, place, moment, med_type=later.random.choice(["11", "13", "41"]))
        later.refund(later.random.choice(known), moment)
    later.add("clue", clue_id="C9", received_time=moment, subject_type="person", subject_code="N07")
    later.add("opsp_registration", psn_no="N07", opsp_dise_code="M1", begndate=date(2026, 10, 1))
    later.add("drug", **{**later.tables["drug"][0], "med_list_codg": "X99", "drug_genname": "新药"})
    later.tables["person"][8]["dead_date"] = date(2026, 10, 5)
    sold = later.tables["drug_trace"][-300]
    later.add("drug_trace", **{**sold, "feedetl_sn": later.tables["fee_line"][-1]["feedetl_sn"]})
    for table in later.tables.values():
        later.random.shuffle(table)
    return later


@pytest.mark.parametrize("seed", [1, 2])
def test_later_rows_change_no_byte(
    seed: int, small_city: Callable[[int], Any], make_snapshot: Callable[[Any], Snapshot], tmp_path: Path
) -> None:
    city = small_city(seed)
    before = _digests(make_snapshot(city.tables), tmp_path / "before")
    after = _digests(make_snapshot(_later(city, seed).tables), tmp_path / "after")
    assert before == after


def test_two_runs_and_other_threads_give_the_same_bytes(
    small_city: Callable[[int], Any], make_snapshot: Callable[[Any], Snapshot], tmp_path: Path
) -> None:
    snapshot = make_snapshot(small_city(3).tables)
    assert _digests(snapshot, tmp_path / "one") == _digests(snapshot, tmp_path / "two", threads=1)
