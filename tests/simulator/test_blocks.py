"""The city is drawn a block of persons at a time: never more in memory, the same bytes however many threads."""

from __future__ import annotations

import hashlib
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from records.periods import Quarter
from simulator import block as blocks
from simulator.block import draw, draw_all
from simulator.calendar import Calendar
from simulator.catalogue import parameters
from simulator.city import simulate
from simulator.people import people_of
from simulator.places import build_city

QUARTER = Quarter.parse("2026Q3")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(parameters(), "block", 400)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.parquet")
    }


@pytest.mark.usefixtures("small_blocks")
def test_threads_change_no_byte(tmp_path: Path) -> None:
    for threads in (1, 2, 3):
        simulate(2000, 3, QUARTER, 3, False, tmp_path / str(threads), threads=threads)
    assert digests(tmp_path / "1") == digests(tmp_path / "2") == digests(tmp_path / "3")


@pytest.mark.usefixtures("small_blocks")
def test_a_block_can_be_drawn_alone_and_is_the_same(tmp_path: Path) -> None:
    city, calendar = build_city(2000, 3, False), Calendar(QUARTER, 3)
    assert city.blocks == 5
    in_order = {one.number: one.tables["prescription"] for one in draw_all(city, calendar)}
    assert list(in_order) == [0, 1, 2, 3, 4]
    assert draw(city, calendar, 3).tables["prescription"].equals(in_order[3])
    assert not in_order[2].equals(in_order[3])


@pytest.mark.usefixtures("small_blocks")
def test_few_blocks_are_in_memory_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    most, plain = [0], draw

    def counted(*arguments: Any) -> Any:
        made = plain(*arguments)
        alive.add(made)
        most[0] = max(most[0], len(alive))
        return made

    monkeypatch.setattr(blocks, "draw", counted)
    simulate(4000, 3, QUARTER, 0, False, tmp_path / "city", threads=2)
    assert 1 <= most[0] <= 3


@pytest.mark.usefixtures("small_blocks")
def test_files_are_written_block_by_block(tmp_path: Path) -> None:
    simulate(2000, 3, QUARTER, 3, False, tmp_path / "city")
    for name in ("prescription", "fee_line", "settlement", "truth/prescription"):
        file = pq.ParquetFile(tmp_path / "city" / f"{name}.parquet").metadata
        assert file.num_row_groups == 2 * 5, name
    assert pq.ParquetFile(tmp_path / "city" / "person.parquet").metadata.num_row_groups == 5


@pytest.mark.usefixtures("small_blocks")
def test_what_belongs_together_lies_in_one_block(tmp_path: Path) -> None:
    simulate(2000, 3, QUARTER, 0, True, tmp_path / "city")
    folder = tmp_path / "city"
    rx = pq.read_table(folder / "prescription.parquet").to_pandas()
    lines = pq.read_table(folder / "fee_line.parquet").to_pandas()
    assert rx.rxno.is_unique
    assert lines.feedetl_sn.is_unique
    assert set(lines.rxno.dropna()) <= set(rx.rxno)
    assert (lines.mdtrt_id.str[1:11] == lines.setl_id.str[1:11]).all()


@pytest.mark.usefixtures("small_blocks")
def test_everybody_is_in_one_block_and_alive_when_he_comes(tmp_path: Path) -> None:
    city = build_city(2000, 3, True)
    numbers = np.concatenate([people_of(city, number).number for number in range(city.blocks)])
    assert (numbers == np.arange(2000)).all()
    simulate(2000, 3, QUARTER, 0, True, tmp_path / "city")
    person = pq.read_table(tmp_path / "city" / "person.parquet").to_pandas().set_index("psn_no")
    rx = pq.read_table(tmp_path / "city" / "prescription.parquet").to_pandas()
    day, who = rx.prsc_time.dt.date, person.loc[rx.psn_no]
    assert (day.to_numpy() > who.brdy.to_numpy()).all()
    died = who.dead_date.notna().to_numpy()
    assert (day.to_numpy()[died] <= who.dead_date.to_numpy()[died]).all()


def test_a_killed_simulation_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("stopped")

    monkeypatch.setattr(blocks, "draw", broken)
    with pytest.raises(RuntimeError, match="stopped"):
        simulate(1000, 3, QUARTER, 0, False, tmp_path / "city")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(parameters(), "block", 500)
    said: list[str] = []
    simulate(1000, 3, QUARTER, 3, False, tmp_path / "city", report=said.append)
    assert [line for line in said if "block 2 of 2" in line] == ["2026Q2: block 2 of 2", "2026Q3: block 2 of 2"]
    assert said[-1].startswith("城市 city: 1,000 persons")
