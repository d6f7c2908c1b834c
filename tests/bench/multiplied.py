"""A large folder for the benchmarks: a simulated city written many times over, each time with people of its own."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb

from records.contract import Column, Table, load_contract
from tests.bench.measure import timed

#: Copies share institutions, practitioners and what hangs on them in rounds, so that these grow more slowly.
ROUNDS = 50
_PERSONAL = {"psn_no", "setl_id", "orig_setl_id", "mdtrt_id", "rxno", "feedetl_sn", "drug_trac_codg", "clue_id", "subject_code"}
_PLACES = {"fixmedins_code", "dr_codg", "bilg_dr_codg"}
_ONCE = {"drug", "service_item"}
_BY_ROUND = {"institution", "practitioner", "vbp_agreement", "nego_stocking"}


def city(work: Path, persons: int, months: int = 0) -> Path:
    """A simulated folder to multiply."""
    out = work / f"city-{persons}-{months}"
    if not out.exists():
        timed(
            ["pipelines.main", "simulate", "--persons", str(persons), "--seed", "5", "--months", str(months), "--out", out],
            work,
        )
    return out


def rows_of(folder: Path, table: str) -> int:
    """Rows of a table of a folder."""
    return int(duckdb.sql(f"SELECT count(*) FROM '{folder / table}.parquet'").fetchall()[0][0])


def copies_for(folder: Path, prescriptions: int, lines: int) -> int:
    """How often a city must be written to have so many prescriptions and so many fee lines."""
    return math.ceil(max(prescriptions / rows_of(folder, "prescription"), lines / rows_of(folder, "fee_line")))


def multiply(folder: Path, copies: int, out: Path) -> Path:
    """Write a city ``copies`` times into one folder, key by key distinct, a copy after the other."""
    out.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("SET memory_limit = '4GB'; SET threads = 2; SET preserve_insertion_order = true")
    for table in load_contract():
        source = folder / f"{table.name}.parquet"
        if source.exists():
            times = 1 if table.name in _ONCE else min(copies, ROUNDS) if table.name in _BY_ROUND else copies
            _write(con, table, source, times, out / f"{table.name}.parquet")
    return out


def _write(con: duckdb.DuckDBPyConnection, table: Table, source: Path, times: int, target: Path) -> None:
    there = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM '{source}'").fetchall()}
    cells = ", ".join(_cell(column) for column in table.columns if column.name in there)
    con.execute(
        f"COPY (SELECT {cells} FROM range({times}) copies(k), '{source}' t) TO '{target}' "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880)"
    )


def _cell(column: Column) -> str:
    """A key of this copy; the rest as it is."""
    if column.name in _PERSONAL:
        return f"t.{column.name} || '-' || k AS {column.name}"
    if column.name in _PLACES:
        # Codes keep their length; the two digits were zero.
        return (
            f"left(t.{column.name}, 8) || lpad((k % {ROUNDS})::VARCHAR, 2, '0') || substr(t.{column.name}, 11) AS {column.name}"
        )
    return f"t.{column.name}"
