"""``rxpanel check`` from the command line: exit codes, what it leaves, and that a check replaces the one before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import pytest

Rxpanel = Callable[..., CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path, command: Rxpanel) -> Path:
    out = tmp_path / "data"
    command("simulate", "--persons", "200", "--seed", "3", "--months", "0", "--out", out)
    return out


def test_a_check_says_what_it_found_and_replaces_an_earlier_one(folder: Path, tmp_path: Path, command: Rxpanel) -> None:
    asked = ("check", "--data", folder, "--quarter", "2026Q3", "--work", tmp_path / "work")
    (folder / "control_totals.csv").write_text("table,fixmedins_code,measure,value\nsettlement,,rows,7\n", encoding="utf-8")
    blocked = command(*asked, check=False)
    found = tmp_path / "work" / "2026Q3"
    assert blocked.returncode == 3
    assert "control total" in blocked.stderr.splitlines()[-1]
    assert "读取 reading settlement" in blocked.stderr
    assert list((found / "failed").glob("control_totals_*.html"))

    (found / "failed" / "earlier.html").touch()
    (folder / "control_totals.csv").unlink()
    passed = command(*asked)
    assert passed.stdout.splitlines()[0].startswith("表 table")
    assert not (found / "failed" / "earlier.html").exists()
    assert not list((tmp_path / "work" / "scratch").glob("check-*"))
    report = json.loads((found / "gate_report.json").read_text(encoding="utf-8"))
    for table, counts in report["tables"].items():
        kept = pd.read_parquet(found / "quarantine" / f"{table}.parquet")
        assert counts["rows_in"] == counts["accepted"] + len(kept)
        assert counts["rows_in"] == len(pd.read_parquet(folder / f"{table}.parquet"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "person.parquet").unlink(), "The data has no table person"),
        (lambda folder: (folder / "person.parquet").write_bytes(b""), "person.parquet"),
        (lambda folder: shutil.copy(folder / "drug.parquet", folder / "person.parquet"), "person.parquet"),
        (lambda folder: (folder / "person.csv").write_text("x"), "more than once"),
        (shutil.rmtree, "There is no data folder"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    folder: Path, tmp_path: Path, command: Rxpanel, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(folder)
    refused = command("check", "--data", folder, "--quarter", "2026Q3", "--work", tmp_path / "work", check=False)
    assert refused.returncode == 3
    sentence = refused.stderr.strip().splitlines()[-1]
    assert said in sentence
    assert not (tmp_path / "work" / "2026Q3").exists()


def test_a_work_folder_that_cannot_be_one_is_said_before_the_work(tmp_path: Path, command: Rxpanel) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "2026Q3").touch()
    for work in (tmp_path / "file", tmp_path / "file" / "x", tmp_path / "work"):
        refused = command("check", "--data", tmp_path, "--quarter", "2026Q3", "--work", work, check=False)
        assert refused.returncode == 2
        assert len(refused.stderr.strip().splitlines()) == 1


def test_a_quarter_that_the_data_do_not_hold_is_refused_and_leaves_no_run(
    folder: Path, tmp_path: Path, command: Rxpanel
) -> None:
    """A slip in --quarter must not become the newest quarter of the work folder, with nothing in it."""
    done = command("run", "--data", folder, "--quarter", "2027Q1", "--work", tmp_path / "work", check=False)
    assert done.returncode == 3
    assert "Nothing of 2027Q1 is in the data, which reach from 2026-07-01 to 2026-09-30" in done.stderr
    assert not (tmp_path / "work" / "2027Q1").exists()
