"""Writing: same rows, same bytes; nothing half-written; no formula leaves the house."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.masking import mask_name, pseudonym
from records.output import ROWS_IN_GROUP, beside, csv_text, sha256, write_csv, write_parquet
from records.words import translator


def test_the_same_rows_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    con = duckdb.connect()
    rows = ROWS_IN_GROUP + 17
    forward = f"SELECT i, (i % 7)::DECIMAL(16, 2) AS amount FROM range({rows}) t(i)"
    backward = f"SELECT * FROM ({forward}) ORDER BY i DESC"
    assert write_parquet(con, forward, tmp_path / "a.parquet", ["i"]) == rows
    write_parquet(con, backward, tmp_path / "b.parquet", ["i"])
    assert sha256(tmp_path / "a.parquet") == sha256(tmp_path / "b.parquet")


def test_an_empty_query_gives_a_typed_file(tmp_path: Path) -> None:
    write_parquet(duckdb.connect(), "SELECT 1::TINYINT AS flag WHERE false", tmp_path / "a.parquet")
    assert str(pd.read_parquet(tmp_path / "a.parquet").dtypes["flag"]) == "int8"


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail() -> None:
        with beside(target) as draft:
            draft.write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert target.read_text() == "old"


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00")), min_size=1))
def test_no_cell_begins_like_a_formula(cells: list[str]) -> None:
    text = csv_text([f"c{n}" for n in range(len(cells))], [cells])
    read = list(csv.reader(io.StringIO(text, newline="")))[1]
    for before, after in zip(cells, read, strict=True):
        assert not after.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert after.removeprefix("'") == before.removeprefix("'")


def test_an_export_can_be_read_back(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"code": ["H1", None], "n": [1, 2]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "code,n\nH1,1\n,2\n"
    assert pd.read_csv(tmp_path / "a.csv")["n"].tolist() == [1, 2]


def test_masks_hide_and_stay_stable() -> None:
    assert mask_name("王小明") == "王＊＊"
    assert mask_name(None) == ""
    assert pseudonym("P1", "salt") == pseudonym("P1", "salt") != pseudonym("P1", "other")


def test_english_is_the_message_itself() -> None:
    assert translator("records", "en")("Queue") == "Queue"
