"""Readers: a folder or database in, two views of each supplied table out.

``native.<table>`` has the contract's columns that were supplied, in the type they came in; ``raw.<table>`` the
same as text. Both have ``_row`` (1..n in the order of the files) and ``_file``. Nothing is copied into memory:
Parquet is read where it lies, everything else through a scratch file.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from records.contract import Contract, Table
from records.encoding import detect
from records.errors import DataFault, MissingTable, NeedsMore, UnreadableFile, WrongUse
from records.native import settled, text_of
from records.output import sha256
from records.source import TEXT, SourceReport, TableSource, count_rows, exactly, literal, match_columns, parquet, quoted
from records.text import Plain, prepare

if TYPE_CHECKING:
    import duckdb

__all__ = ["SourceReport", "TableSource", "count_rows", "quoted", "read_source", "read_tables"]

Say = Callable[[str], None]
_FORMS = (".parquet", ".csv", ".csv.gz")
_UNPARSED = """CREATE TABLE raw.unparsed
    (table_name VARCHAR, file VARCHAR, line_no BIGINT, text VARCHAR, error VARCHAR)"""


def _silent(words: str) -> None:
    """Tell nobody."""


def read_source(con: duckdb.DuckDBPyConnection, source: Path | str, contract: Contract, say: Say = _silent) -> SourceReport:
    """Read every supplied table of the contract into schemas ``native`` and ``raw``.

    Records that do not parse are in ``raw.unparsed``. ``say`` hears what is being read.
    Raises MissingTable, UnreadableFile, DataFault or ServiceUnavailable, each one sentence.
    """
    if not str(source).strip():
        raise WrongUse("There is no data to read: name a folder or a database with --data.")
    scratch = _begin(con)
    if "://" in str(source):
        from records.databases import read_database

        report = read_database(con, str(source), contract, scratch, say)
    else:
        report = _read_folder(con, Path(source), contract, scratch, say)
    missing = [table.name for table in contract if table.needed and table.name not in report.tables]
    if missing:
        raise MissingTable(
            f"The data has no table {', '.join(missing)}: add {missing[0]}.csv or {missing[0]}.parquet "
            "(with its header row alone where it may be empty)."
        )
    return report


def read_tables(con: duckdb.DuckDBPyConnection, folder: Path, contract: Contract, names: Sequence[str]) -> SourceReport:
    """Read only the named tables of a folder, those that are there, each value at once: no gate will."""
    report = _read_folder(con, folder, contract, _begin(con), _silent, names)
    for name, source in report.tables.items():
        with reading(source.files[0]):
            con.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM native.{name}").fetchall()
    return report


def _begin(con: duckdb.DuckDBPyConnection) -> Path:
    """Make the schemas, and a scratch folder that goes when the connection goes."""
    con.execute("CREATE SCHEMA native")
    con.execute("CREATE SCHEMA raw")
    con.execute(_UNPARSED)
    spill = Path(str(con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0] or ""))
    scratch = Path(tempfile.mkdtemp(prefix="rxpanel-tables-", dir=spill if spill.is_absolute() and spill.is_dir() else None))
    weakref.finalize(con, shutil.rmtree, scratch, ignore_errors=True)
    return scratch


def _read_folder(
    con: duckdb.DuckDBPyConnection, folder: Path, contract: Contract, scratch: Path, say: Say, names: Sequence[str] = ()
) -> SourceReport:
    if not is_folder(folder):
        raise MissingTable(f"There is no data folder {folder}: name one with --data.")
    report = SourceReport(folder=folder)
    opened: set[Path] = set()
    for table in contract:
        if names and table.name not in names:
            continue
        files = _files(folder, table.name)
        if not files:
            continue
        say(f"读取 reading {table.name}")
        opened.update(files)
        report.tables[table.name] = _read_table(con, table, files, scratch)
        for path in files:
            report.hashes[path.relative_to(folder).as_posix()] = sha256(path)
    report.ignored = _left_alone(folder, opened)
    return report


def is_folder(folder: Path) -> bool:
    """Whether there is such a folder and it may be read. Raises DataFault where it may not."""
    try:
        there = folder.is_dir()
        if there:
            next(folder.iterdir(), None)
        return there
    except OSError as error:
        raise DataFault(f"The data folder cannot be read ({error.strerror}): check its name and permissions.") from error


def _left_alone(folder: Path, opened: set[Path]) -> list[str]:
    """What lies in the folder, or in the folder of a table, and was not opened; markers of other tools apart."""
    parents = {path.parent for path in opened} - {folder}
    found = [entry for entry in folder.iterdir() if entry not in opened and entry not in parents]
    found += [e for parent in parents for e in parent.iterdir() if e not in opened and not e.name.startswith((".", "_"))]
    names = [entry.relative_to(folder).as_posix() + ("/" if entry.is_dir() else "") for entry in found]
    # A name that is no UTF-8 (out of an old archive, say) is told as well as it can be.
    return sorted(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name in names)


def _files(folder: Path, name: str) -> list[Path]:
    found = sorted(p for p in folder.glob(f"{name}.*") if p.name.removeprefix(name).lower() in _FORMS and p.is_file())
    inside = sorted((folder / name).iterdir()) if (folder / name).is_dir() else []
    parts = [p for p in inside if p.name.lower().endswith(_FORMS) and not p.name.startswith((".", "_")) and p.is_file()]
    if len(found) + bool(parts) > 1:
        raise DataFault(f"Table {name} is there more than once ({found[0].name}, ...): keep one form of it.")
    return found or parts


def _read_table(con: duckdb.DuckDBPyConnection, table: Table, files: list[Path], scratch: Path) -> TableSource:
    source = TableSource(files=[path.name for path in files])
    read, encodings = [], []
    for number, path in enumerate(files):
        if path.suffix.lower() == ".parquet":
            read.append(path)
            continue
        part = TableSource([path.name])
        read.append(_as_parquet(con, table, path, scratch / f"{table.name}-{number}", part))
        encodings.append(part.encoding)
        source.bom |= part.bom
        source.line_ends = max(source.line_ends, part.line_ends, key=("LF", "CR", "CRLF").index)
        _join_columns(table, source, part)
    if encodings:
        source.encoding = ", ".join(dict.fromkeys(encodings))
        source.unparsed = count_rows(con, f"raw.unparsed WHERE table_name = '{table.name}'")
    view_files(con, table, read, source)
    return source


def view_files(con: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path], source: TableSource) -> None:
    """Create the views of a table over Parquet files. Raises UnreadableFile for a damaged one."""
    parts: list[tuple[Path, int, dict[str, tuple[str, str]]]] = []
    for path, name in zip(files, source.files, strict=True):
        with reading(name):
            described = con.execute(f"DESCRIBE SELECT * FROM {parquet(path)}").fetchall()
            types = {str(row[0]): str(row[1]) for row in described}
            counted = con.execute("SELECT sum(num_rows) FROM parquet_file_metadata($path)", {"path": exactly(path)}).fetchall()
        part = TableSource([name])
        mapping = match_columns(table, list(types), name, part)
        columns = {standard: settled(quoted(given), types[given]) for given, standard in mapping.items()}
        parts.append((path, int(counted[0][0] or 0), columns))
        _join_columns(table, source, part)
    source.kinds = {
        name: kinds.pop() if len(kinds) == 1 else TEXT
        for name in source.columns_present
        if (kinds := {columns[name][1] for _, _, columns in parts if name in columns})
    }
    with reading(source.files[0]):
        _create_views(con, table, parts, source)
        source.rows = count_rows(con, f"native.{table.name}") + source.unparsed


@contextmanager
def reading(name: str) -> Iterator[None]:
    """What DuckDB says of a file while it is read, as the one sentence that helps.

    Parquet is decoded where it is used, so damage may show late. Raises UnreadableFile, or NeedsMore when memory or
    disk ran out; a mistake in a query of ours stays what it is.
    """
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise NeedsMore(
            f"Reading {name} needs more memory than it may take: give a larger --memory-limit, or see whether it is damaged."
        ) from error
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.ConstraintException):
        raise
    except (duckdb.Error, UnicodeDecodeError) as error:
        if "No space left" in str(error):
            raise NeedsMore(f"The disk is full while reading {name}: free some space under the work folder.") from error
        raise UnreadableFile(f"{name} cannot be read as Parquet: it is truncated or damaged; send it again.") from error


def _join_columns(table: Table, source: TableSource, part: TableSource) -> None:
    present = {*source.columns_present, *part.columns_present}
    source.columns_present = [column.name for column in table.columns if column.name in present]
    source.columns_extra += [name for name in part.columns_extra if name not in source.columns_extra]
    source.aliases_used |= part.aliases_used


def _create_views(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    parts: Sequence[tuple[Path, int, dict[str, tuple[str, str]]]],
    source: TableSource,
) -> None:
    selects, begin = [], 1
    for (path, rows, columns), name in zip(parts, source.files, strict=True):
        cells = []
        for column in source.columns_present:
            value, kind = columns.get(column, ("NULL", source.kinds[column]))
            if kind != source.kinds[column]:
                value = text_of(f"({value})", kind)
            cells.append(f"{value} AS {quoted(column)}" if value != "NULL" else f"NULL::{kind} AS {quoted(column)}")
        selects.append(
            f"SELECT file_row_number + {begin} AS _row, {literal(name)} AS _file, {', '.join(cells)} "
            f"FROM {parquet(path, 'file_row_number=true')}"
        )
        begin += rows
    con.execute(f"CREATE VIEW native.{table.name} AS {' UNION ALL '.join(selects)}")
    texts = ", ".join(f"{text_of(quoted(name), kind)} AS {quoted(name)}" for name, kind in source.kinds.items())
    con.execute(f"CREATE VIEW raw.{table.name} AS SELECT _row, _file, {texts} FROM native.{table.name}")


def _as_parquet(con: duckdb.DuckDBPyConnection, table: Table, path: Path, scratch: Path, source: TableSource) -> Path:
    """Turn a CSV file into a scratch Parquet file of texts; what does not parse goes to ``raw.unparsed``."""
    import duckdb

    encoding = detect(path)
    plain = prepare(path, encoding, scratch.with_suffix(".csv"))
    source.encoding, source.bom, source.line_ends = encoding.name, encoding.bom, plain.line_ends
    target = scratch.with_suffix(".parquet")
    try:
        mapping = match_columns(table, plain.header, path.name, source)
        load_csv(con, table, plain, mapping, (target, path.name))
    except duckdb.Error as error:
        raise UnreadableFile(f"{path.name} cannot be read as CSV: check its quotes and line ends.") from error
    finally:
        scratch.with_suffix(".csv").unlink(missing_ok=True)
    return target


def load_csv(con: duckdb.DuckDBPyConnection, table: Table, plain: Plain, mapping: dict[str, str], to: tuple[Path, str]) -> None:
    """Copy the known columns of a prepared CSV file into Parquet; its name is told of what does not parse."""
    target, name = to
    # Positional names: whatever a header holds (blanks, quotes, nothing at all), SQL never sees it.
    positions = {f"c{index}": TEXT for index in range(len(plain.header))}
    chosen = [f"c{plain.header.index(given)} AS {quoted(standard)}" for given, standard in mapping.items()]
    try:
        con.execute(
            f"COPY (SELECT {', '.join(chosen)} FROM read_csv($path, columns=$columns, auto_detect=false, header=true, "
            "hive_partitioning=false, delim=',', quote='\"', escape='\"', store_rejects=true, rejects_table='rejects', "
            "rejects_scan='reject_scans', rejects_limit=0, null_padding=false, strict_mode=true)) "
            f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)",
            {"path": exactly(plain.path), "columns": positions},
        )
        con.execute(
            "INSERT INTO raw.unparsed SELECT $table, $name, line, trim(any_value(csv_line), chr(10) || chr(13)), "
            "min(error_message) FROM rejects GROUP BY line",
            {"table": table.name, "name": name},
        )
        if plain.unparsed:
            con.execute(
                "INSERT INTO raw.unparsed SELECT $table, $name, unnest($lines), unnest($texts), unnest($errors)",
                {"table": table.name, "name": name}
                | dict(zip(("lines", "texts", "errors"), map(list, zip(*plain.unparsed, strict=True)), strict=True)),
            )
    finally:
        con.execute("DROP TABLE IF EXISTS rejects")
        con.execute("DROP TABLE IF EXISTS reject_scans")
