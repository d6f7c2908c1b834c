"""Snapshots for the tests of the features: made-up small cities and the real orders of mimic_demo."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from records.contract import load_contract
from records.readers import SourceReport, TableSource, read_source
from records.snapshot import Snapshot, write_snapshot

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def accept_all(con: duckdb.DuckDBPyConnection, report: SourceReport) -> None:
    """Schema ``accepted`` from ``raw`` without a gate: typed, what does not convert becomes null."""
    con.execute("CREATE SCHEMA accepted")
    for table in load_contract():
        supplied = report.tables[table.name].columns_present if table.name in report.tables else []
        cells = []
        for column in table.columns:
            value = f"nullif(trim({column.name}), '')" if column.name in supplied else "NULL"
            cells.append(f"TRY_CAST({value} AS {column.duckdb_type}) AS {column.name}")
        source = f" FROM raw.{table.name}" if table.name in report.tables else " LIMIT 0"
        con.execute(f"CREATE TABLE accepted.{table.name} AS SELECT {', '.join(cells)}{source}")


def snapshot_of_folder(folder: Path, root: Path) -> Snapshot:
    con = duckdb.connect()
    report = read_source(con, folder, load_contract())
    accept_all(con, report)
    return write_snapshot(con, load_contract(), root, report)


def snapshot_of_tables(tables: Tables, root: Path) -> Snapshot:
    """A snapshot of rows written in a test; columns not named there are null, tables not named are absent."""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA raw")
    report = SourceReport()
    for name, rows in tables.items():
        table = load_contract()[name]
        present = [c.name for c in table.columns if any(c.name in row for row in rows)] or [c.name for c in table.columns]
        texts = {c: [None if row.get(c) is None else str(row[c]) for row in rows] for c in present}
        given = pa.table(texts, schema=pa.schema([(c, pa.string()) for c in present]))
        con.register("given", given)
        con.execute(f"CREATE TABLE raw.{name} AS SELECT * FROM given")
        con.unregister("given")
        report.tables[name] = TableSource([], len(rows), columns_present=present)
    accept_all(con, report)
    return write_snapshot(con, load_contract(), root, report)


@pytest.fixture(scope="session")
def make_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Tables], Snapshot]:
    return lambda tables: snapshot_of_tables(tables, tmp_path_factory.mktemp("snapshots"))


@pytest.fixture(scope="session")
def folder_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Snapshot]:
    return lambda folder: snapshot_of_folder(folder, tmp_path_factory.mktemp("snapshots"))


def _beside(name: str) -> Any:
    """A helper module of this folder; tests are no package, so it is loaded by its file."""
    spec = importlib.util.spec_from_file_location(f"features_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def small_city() -> Callable[[int], Any]:
    """A lived-in small city from a seed; its ``tables`` go into ``make_snapshot``."""

    def build(seed: int) -> Any:
        city = _beside("city").City(seed)
        _beside("city_life").live(city)
        return city

    return build


@pytest.fixture(scope="session")
def with_later_rows() -> Callable[[Any, int], Any]:
    """The same city with rows after the quarter, and its tables shuffled."""
    return _beside("later").later
