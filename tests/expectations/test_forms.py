"""One city in every form it can be handed over in: whatever the form, the same rows, the same snapshot."""

from __future__ import annotations

import csv
import gzip
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations.gate import sort_tables
from records.asof import connect
from records.contract import load_contract
from records.errors import ServiceUnavailable, WrongUse
from records.periods import Quarter
from records.readers import read_source
from records.snapshot import write_snapshot
from simulator.city import simulate

QUARTER = Quarter.parse("2026Q3")


def digest(source: Path | str, place: Path) -> str:
    """The snapshot's digest of what the gate accepts of a source."""
    con, contract = connect(), load_contract()
    report = read_source(con, source, contract)
    sort_tables(con, report, contract, QUARTER, place / "out")
    return write_snapshot(con, contract, place / "snapshots", report).digest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated city with everything that is wrong in one."""
    place = tmp_path_factory.mktemp("city") / "data"
    simulate(400, 11, QUARTER, 3, False, place)
    return place


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return digest(folder, tmp_path_factory.mktemp("expected"))


def tables(folder: Path) -> list[str]:
    return [path.stem for path in sorted(folder.glob("*.parquet")) if path.stem in load_contract().tables]


def rows_of(folder: Path, name: str) -> tuple[list[str], list[list[str]]]:
    """A table as texts; missing values are empty."""
    con = duckdb.connect()
    found = con.execute(f"SELECT COLUMNS(*)::VARCHAR FROM '{folder / name}.parquet'")
    header = [entry[0] for entry in found.description or []]
    return header, [["" if value is None else value for value in row] for row in found.fetchall()]


def write_csv(path: Path, header: list[str], rows: list[list[str]], *, quoting: int = csv.QUOTE_MINIMAL) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=quoting)
        writer.writerow(header)
        writer.writerows(rows)


def shuffled_csv(folder: Path, out: Path) -> None:
    for number, name in enumerate(tables(folder)):
        header, rows = rows_of(folder, name)
        order = random.Random(number).sample(range(len(header)), len(header))
        random.Random(number).shuffle(rows)
        mixed = [[row[index] for index in order] + ["beyond"] for row in rows]
        write_csv(out / f"{name}.csv", [header[index] for index in order] + ["mine"], mixed, quoting=csv.QUOTE_ALL)


def gb18030_gz(folder: Path, out: Path) -> None:
    for name in tables(folder):
        header, rows = rows_of(folder, name)
        write_csv(out / "plain", header, rows)
        (out / f"{name}.csv.gz").write_bytes(gzip.compress((out / "plain").read_bytes().decode().encode("gb18030"), 1))
    (out / "plain").unlink()


def parts_of_other_types(folder: Path, out: Path) -> None:
    """Parquet in three parts a table, the second all texts, the third with the columns backwards."""
    con = duckdb.connect()
    for name in tables(folder):
        (out / name).mkdir()
        place = f"(SELECT *, row_number() OVER () AS n FROM '{folder / name}.parquet')"
        columns = [entry[0] for entry in con.execute(f"DESCRIBE SELECT * FROM '{folder / name}.parquet'").fetchall()]
        texts = ", ".join(f"{column}::VARCHAR AS {column}" for column in columns)
        for number, chosen in enumerate((", ".join(columns), texts, ", ".join(reversed(columns)))):
            con.execute(f"COPY (SELECT {chosen} FROM {place} WHERE n % 3 = {number}) TO '{out / name / f'{number}.parquet'}'")


def short_binary_numbers(folder: Path, out: Path) -> None:
    """Parquet with money, prices and weights as binary numbers of 32 bits."""
    con = duckdb.connect()
    for name in tables(folder):
        described = con.execute(f"DESCRIBE SELECT * FROM '{folder / name}.parquet'").fetchall()
        cells = ", ".join(f"{c}::FLOAT AS {c}" if kind.startswith("DECIMAL") else c for c, kind, *_ in described)
        con.execute(f"COPY (SELECT {cells} FROM '{folder / name}.parquet') TO '{out / name}.parquet'")


def parts_of_every_form(folder: Path, out: Path) -> None:
    """Four parts a table: plain CSV, GB18030 with CRLF, gzipped with a BOM, Parquet. A hidden file is no part."""
    con = duckdb.connect()
    for name in tables(folder):
        (out / name).mkdir()
        header, rows = rows_of(folder, name)
        for number in range(3):
            write_csv(out / name / f"{number}.csv", header, rows[number::4])
        text = (out / name / "1.csv").read_bytes().decode()
        (out / name / "1.csv").write_bytes(text.encode("gb18030"))
        (out / name / "2.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + (out / name / "2.csv").read_bytes(), 1))
        (out / name / "2.csv").unlink()
        write_csv(out / "part", header, rows[3::4])
        con.execute(f"COPY (FROM read_csv('{out / 'part'}', all_varchar=true)) TO '{out / name / '3.parquet'}'")
        (out / name / "_SUCCESS").touch()
        (out / name / ".0.csv.crc").write_bytes(b"x")
    (out / "part").unlink()


def instants_with_a_zone(folder: Path, out: Path) -> None:
    """Parquet as Spark writes it: times as instants, whole numbers wide, text in dictionaries."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'Asia/Shanghai'")
    for name in tables(folder):
        described = con.execute(f"DESCRIBE SELECT * FROM '{folder / name}.parquet'").fetchall()
        wider = {"TIMESTAMP": "TIMESTAMPTZ", "SMALLINT": "BIGINT", "TINYINT": "BIGINT", "DATE": "TIMESTAMP"}
        cells = ", ".join(f"{column}::{wider.get(kind, kind)} AS {column}" for column, kind, *_ in described)
        con.execute(f"COPY (SELECT {cells} FROM '{folder / name}.parquet') TO '{out / name}.parquet'")


@pytest.mark.parametrize(
    "form", [shuffled_csv, gb18030_gz, parts_of_other_types, parts_of_every_form, instants_with_a_zone, short_binary_numbers]
)
def test_every_form_of_a_folder_gives_the_same_snapshot(
    folder: Path, expected: str, tmp_path: Path, form: Callable[[Path, Path], None]
) -> None:
    out = tmp_path / "data"
    out.mkdir()
    form(folder, out)
    assert digest(out, tmp_path) == expected


def test_a_duckdb_file_gives_the_same_snapshot(folder: Path, expected: str, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "agency.duckdb")) as con:
        for name in tables(folder):
            con.execute(f"CREATE TABLE {name} AS FROM '{folder / name}.parquet'")
    assert digest(f"duckdb://{tmp_path / 'agency.duckdb'}", tmp_path) == expected


def test_a_sqlite_file_gives_the_same_snapshot(folder: Path, expected: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "agency.db") as link:
        for name in tables(folder):
            header, rows = rows_of(folder, name)
            link.execute(f"CREATE TABLE {name} ({', '.join(header)})")
            link.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(header))})", rows)
    assert digest(f"sqlite://{tmp_path / 'agency.db'}", tmp_path) == expected


@pytest.mark.postgres
def test_postgresql_gives_the_same_snapshot(folder: Path, expected: str, tmp_path: Path, postgres: str) -> None:
    import psycopg

    kinds = {"TIMESTAMP": "timestamp", "DOUBLE": "double precision", "TINYINT": "smallint", "VARCHAR": "text"}
    con = duckdb.connect()
    with psycopg.connect(postgres) as link:
        link.execute("CREATE SCHEMA extract")
        link.execute("SET search_path = extract")
        link.execute("CREATE TABLE staff (n int)")
        for name in tables(folder):
            place = f"'{folder / name}.parquet'"
            described = con.execute(f"DESCRIBE SELECT * FROM {place}").fetchall()
            flags = {column: "boolean" for column, kind, *_ in described if kind == "TINYINT" and column.endswith("_flag")}
            columns = ", ".join(f'"{column}" {flags.get(column, kinds.get(kind, kind))}' for column, kind, *_ in described)
            link.execute(f"CREATE TABLE {name} ({columns})")
            con.execute(f"COPY (FROM {place}) TO '{tmp_path / 'part.csv'}' (FORMAT csv, HEADER)")
            with link.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv, HEADER)") as stream:
                stream.write((tmp_path / "part.csv").read_bytes())
    joint = "&" if "?" in postgres else "?"
    try:
        assert digest(f"{postgres}{joint}options=-csearch_path%3Dextract", tmp_path) == expected
    finally:
        with psycopg.connect(postgres) as link:
            link.execute("DROP SCHEMA extract CASCADE")


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("oracle://h/x", WrongUse),
        ("postgresql://nobody@127.0.0.1:1/x", ServiceUnavailable),
        ("sqlite:///nowhere/at/all.db", ServiceUnavailable),
        ("duckdb:///nowhere/at/all.db", ServiceUnavailable),
    ],
)
def test_an_address_that_does_not_open_is_one_sentence(address: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as said:
        read_source(connect(), address, load_contract())
    assert "\n" not in str(said.value)
    assert "nobody" not in str(said.value)


def test_a_value_of_other_bytes_costs_its_row_and_not_the_source(folder: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "agency.db") as link:
        for name in tables(folder):
            header, rows = rows_of(folder, name)
            link.execute(f"CREATE TABLE {name} ({', '.join(header)})")
            link.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(header))})", rows)
        link.execute("UPDATE person SET insu_admdvs = CAST(x'bde1' AS TEXT) WHERE psn_no = (SELECT min(psn_no) FROM person)")
    con, contract = connect(), load_contract()
    read_source(con, f"sqlite://{tmp_path / 'agency.db'}", contract)
    damaged = con.execute("SELECT count(*) FROM raw.person WHERE contains(insu_admdvs, chr(65533))").fetchall()
    assert damaged == [(1,)]
