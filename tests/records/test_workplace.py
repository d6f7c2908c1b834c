"""The work folder: what a killed run left behind goes with the next lock, and nobody else's files do."""

from __future__ import annotations

from pathlib import Path

import pytest

from records.errors import NotFound, StoreLocked, WrongUse
from records.workplace import Workplace


def test_the_next_lock_sweeps_what_a_killed_run_left(tmp_path: Path) -> None:
    workplace = Workplace(tmp_path)
    left = [
        "features-2026Q3-77/features_person.parquet",
        "spill/duckdb_temp_storage-0.tmp",
        "spark/tables-ab12/net/part-0.parquet",
    ]
    kept = ["run-2026Q3/quarantine/fee_line.csv", "spark/spark.log"]
    for name in [*left, *kept]:
        (workplace.scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (workplace.scratch / name).write_text("x")
    with workplace.lock():
        assert [name for name in left if (workplace.scratch / name).exists()] == []
        assert [name for name in kept if not (workplace.scratch / name).exists()] == []


def test_who_is_refused_the_lock_sweeps_nothing(tmp_path: Path) -> None:
    workplace = Workplace(tmp_path)
    with workplace.lock():
        (workplace.scratch / "features-2026Q3-1").mkdir(parents=True)
        with pytest.raises(StoreLocked), Workplace(tmp_path).lock():
            raise AssertionError
        assert (workplace.scratch / "features-2026Q3-1").is_dir()


def test_a_folder_that_may_not_be_written_is_said_before_anything_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workplace(tmp_path).must_be_writable()
    with pytest.raises(NotFound, match="no work folder"):
        Workplace(tmp_path / "nowhere").must_be_writable()
    # Whoever may do everything is refused nothing by the machine itself.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(WrongUse, match="may not be written"):
        Workplace(tmp_path).must_be_writable()
