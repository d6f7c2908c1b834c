"""Nothing later than the as-of moment is seen: later rows of any kind leave every byte as it was."""

from __future__ import annotations

from collections.abc import Callable
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


@pytest.mark.parametrize("seed", [1, 2])
def test_later_rows_change_no_byte(
    seed: int,
    small_city: Callable[[int], Any],
    with_later_rows: Callable[[Any, int], Any],
    make_snapshot: Callable[[Any], Snapshot],
    tmp_path: Path,
) -> None:
    city = small_city(seed)
    before = _digests(make_snapshot(city.tables), tmp_path / "before")
    after = _digests(make_snapshot(with_later_rows(city, seed).tables), tmp_path / "after")
    assert before == after


def test_two_runs_and_other_threads_give_the_same_bytes(
    small_city: Callable[[int], Any], make_snapshot: Callable[[Any], Snapshot], tmp_path: Path
) -> None:
    snapshot = make_snapshot(small_city(3).tables)
    assert _digests(snapshot, tmp_path / "one") == _digests(snapshot, tmp_path / "two", threads=1)
