"""Readers: a raw folder or database in, one all-text table per supplied table out."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from records.contract import Contract, Table
from records.encoding import detect, transcode
from records.errors import DataFault, MissingTable, UnreadableFile
from records.output import sha256

if TYPE_CHECKING:
    import duckdb

_FORMS = (".parquet", ".csv", ".csv.gz")
_UNPARSED = """CREATE TABLE raw.unparsed
    (table_name VARCHAR, file VARCHAR, line_no BIGINT, text VARCHAR, error VARCHAR)"""


@dataclass
class TableSource:
    """Where a table came from and what of it the contract knows."""

    files: list[str]
    rows: int = 0
    unparsed: int = 0
    columns_present: list[str] = field(default_factory=list)
    columns_extra: list[str] = field(default_factory=list)
    aliases_used: dict[str, str] = field(default_factory=dict)
    encoding: str = "parquet"


@dataclass
class SourceReport:
    """What was read: the supplied tables, what was never opened, and each file's SHA-256."""

    tables: dict[str, TableSource] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def count_rows(con: duckdb.DuckDBPyConnection, place: str) -> int:
    """Rows of a table or view."""
    counted = con.execute(f"SELECT count(*) FROM {place}").fetchall()
    return int(counted[0][0])


def read_source(con: duckdb.DuckDBPyConnection, source: Path | str, contract: Contract) -> SourceReport:
    """Read every supplied table of the contract into schema ``raw``.

    Each ``raw.<table>`` has the contract's columns that were supplied, all VARCHAR, and ``_row`` (1..n in
    the order of the files) and ``_file``. Records that do not parse are in ``raw.unparsed``.
    Raises MissingTable, UnreadableFile or DataFault, each one sentence.
    """
    con.sql("CREATE SCHEMA IF NOT EXISTS raw")
    con.sql(_UNPARSED)
    if "://" in str(source):
        from records.databases import read_database

        report = read_database(con, str(source), contract)
    else:
        report = _read_folder(con, Path(source), contract)
    missing = [table.name for table in contract if table.needed and table.name not in report.tables]
    if missing:
        raise MissingTable(
            f"The data has no table {', '.join(missing)}: add {missing[0]}.csv or {missing[0]}.parquet "
            "(with its header row alone where it may be empty)."
        )
    return report


def read_tables(con: duckdb.DuckDBPyConnection, folder: Path, contract: Contract, names: Sequence[str]) -> SourceReport:
    """Read only the named tables of a folder, those that are there, into schema ``raw``."""
    con.sql("CREATE SCHEMA IF NOT EXISTS raw")
    con.sql(_UNPARSED)
    return _read_folder(con, folder, contract, names)


def _read_folder(con: duckdb.DuckDBPyConnection, folder: Path, contract: Contract, names: Sequence[str] = ()) -> SourceReport:
    if not folder.is_dir():
        raise MissingTable(f"There is no data folder {folder}: name one with --data.")
    report = SourceReport()
    opened: set[Path] = set()
    for table in contract:
        if names and table.name not in names:
            continue
        files = _files(folder, table.name)
        if not files:
            continue
        opened.update(files)
        report.tables[table.name] = _read_table(con, table, files)
        for path in files:
            report.hashes[path.relative_to(folder).as_posix()] = sha256(path)
    parents = {path.parent for path in opened}
    report.ignored = sorted(
        entry.name + ("/" if entry.is_dir() else "")
        for entry in folder.iterdir()
        if entry not in opened and entry not in parents
    )
    return report


def _files(folder: Path, name: str) -> list[Path]:
    found = [folder / (name + form) for form in _FORMS if (folder / (name + form)).is_file()]
    parts = sorted((folder / name).glob("*.parquet")) if (folder / name).is_dir() else []
    if len(found) + bool(parts) > 1:
        raise DataFault(f"Table {name} is there more than once ({found[0].name}, ...): keep one form of it.")
    return found or parts


def _read_table(con: duckdb.DuckDBPyConnection, table: Table, files: list[Path]) -> TableSource:
    source = TableSource(files=[path.name for path in files])
    if files[0].suffix == ".parquet":
        _read_parquet(con, table, files, source)
    else:
        _read_csv(con, table, files[0], source)
    source.rows = count_rows(con, f"raw.{table.name}") + source.unparsed
    return source


def match_columns(table: Table, header: Sequence[str], where: str, source: TableSource) -> dict[str, str]:
    """Map a file's column names to the contract's; fills ``source``.

    Raises UnreadableFile when none is known, DataFault when one comes twice or a needed one is absent.
    """
    mapping: dict[str, str] = {}
    for name in header:
        standard = table.standard_name(name)
        if standard is None or (standard in mapping.values() and name != standard):
            source.columns_extra.append(name)
            continue
        if standard in mapping.values():
            earlier = next(key for key, value in mapping.items() if value == standard)
            if earlier == name:
                raise DataFault(f"{where} names the column {standard} twice: keep one of them.")
            source.columns_extra.append(earlier)
            del mapping[earlier]
        mapping[name] = standard
        if name != standard:
            source.aliases_used[name] = standard
    if not mapping:
        raise UnreadableFile(f"{where} holds no column of table {table.name}: it seems to be another file.")
    needed = [c.name for c in table.columns if not c.nullable and c.name not in mapping.values()]
    if needed:
        raise DataFault(f"{where} lacks the needed column {', '.join(needed)}: add it and run again.")
    source.columns_present = [c.name for c in table.columns if c.name in mapping.values()]
    source.aliases_used = {k: v for k, v in source.aliases_used.items() if k in mapping}
    return mapping


def _read_parquet(con: duckdb.DuckDBPyConnection, table: Table, files: list[Path], source: TableSource) -> None:
    import duckdb

    names = [str(path) for path in files]
    try:
        relation = con.read_parquet(names, union_by_name=True)
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        header = list(types)
        mapping = match_columns(table, header, source.files[0], source)
        columns = [_as_text(name, types[name], standard) for name, standard in mapping.items()]
        con.execute(
            f"CREATE TABLE raw.{table.name} AS SELECT row_number() OVER () AS _row, "
            f"parse_filename(_source_file) AS _file, {', '.join(columns)} "
            "FROM read_parquet($files, union_by_name=true, filename='_source_file')",
            {"files": names},
        )
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise UnreadableFile(
            f"{source.files[0]} cannot be read as Parquet: it is truncated or damaged; send it again."
        ) from error


def _as_text(name: str, kind: str, standard: str) -> str:
    value = quoted(name)
    if kind == "BOOLEAN":
        value += "::TINYINT"
    elif kind.startswith("TIMESTAMP"):
        value = f"strftime({value}::TIMESTAMP, '%Y-%m-%d %H:%M:%S')"
    elif kind == "BLOB":
        value = f"decode({value})"
    return f"{value}::VARCHAR AS {quoted(standard)}"


def _read_csv(con: duckdb.DuckDBPyConnection, table: Table, path: Path, source: TableSource) -> None:
    encoding = detect(path)
    source.encoding = encoding.name + (" with BOM" if encoding.bom else "")
    with tempfile.TemporaryDirectory(prefix="rxpanel-") as scratch:
        plain = path
        if not encoding.plain:
            plain = Path(scratch) / "plain.csv"
            transcode(path, encoding, plain)
        header = _header(plain, path.name)
        mapping = match_columns(table, header, path.name, source)
        _load_csv(con, table, plain, path.name, (header, mapping), source)


def _header(plain: Path, name: str) -> list[str]:
    with plain.open(encoding="utf-8", newline="") as content:
        try:
            header = next(csv.reader(content), [])
        except csv.Error as error:
            raise UnreadableFile(f"{name} is not a CSV file: its header row cannot be read.") from error
    header = [column.strip() for column in header]
    if len(set(header)) != len(header):
        raise DataFault(f"{name} has two columns of one name in its header: rename or remove one.")
    return header


def _load_csv(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    plain: Path,
    name: str,
    columns: tuple[list[str], dict[str, str]],
    source: TableSource,
) -> None:
    import duckdb

    header, mapping = columns
    # Positional names: whatever a header holds (blanks, quotes, nothing at all), SQL never sees it.
    positions = {f"c{index}": "VARCHAR" for index in range(len(header))}
    chosen = [f"c{header.index(given)} AS {quoted(standard)}" for given, standard in mapping.items()]
    try:
        con.execute(
            f"CREATE TABLE raw.{table.name} AS SELECT row_number() OVER () AS _row, $name AS _file, "
            f"{', '.join(chosen)} FROM read_csv($path, columns=$columns, auto_detect=false, header=true, "
            "delim=',', quote='\"', escape='\"', store_rejects=true, rejects_table='rejects', "
            "rejects_scan='reject_scans', rejects_limit=0, null_padding=false, strict_mode=true)",
            {"name": name, "path": str(plain), "columns": positions},
        )
        con.execute(
            "INSERT INTO raw.unparsed SELECT $table, $name, line, any_value(csv_line), min(error_message) "
            "FROM rejects GROUP BY line",
            {"table": table.name, "name": name},
        )
        counted = con.execute("SELECT count(*) FROM raw.unparsed WHERE table_name = $table", {"table": table.name}).fetchall()
    except duckdb.Error as error:
        raise UnreadableFile(f"{name} cannot be read as CSV: check its quotes and line ends.") from error
    finally:
        con.execute("DROP TABLE IF EXISTS rejects")
        con.execute("DROP TABLE IF EXISTS reject_scans")
    source.unparsed = int(counted[0][0])
