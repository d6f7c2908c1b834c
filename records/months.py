"""A snapshot by months: what each month holds, told by a digest, and which facts reach over a month's end.

A past month can be computed once and kept only where nothing of another month belongs to it. What does belong
together over a month's end (a prescription settled in the next month, a refund that came later, a line or a
return recorded afterwards) is the *crossing*: closed, so that no settlement or prescription outside it shares
anything with another month. Both are properties of the snapshot alone and stand in its folder ``months``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.contract import load_contract
from records.output import write_json, write_parquet
from records.snapshot import ROWS, Snapshot, create_whole, whole_rows
from records.source import parquet, quoted

if TYPE_CHECKING:
    import duckdb

_SQL = Path(__file__).parent / "sql"
_STEPS = ("months", "crossing_grow", "crossing", "month_digests")
#: Tables of the crossing, with the order of their rows.
_CROSSING = {
    "settlement": "setl_row",
    "prescription": "rx_row",
    "fee_line": "fee_row",
    "prescription_line": "rxno, rx_line_no",
    "drug_trace": "ALL",
    "diagnosis": "ALL",
}


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month [begin, as_of) of a snapshot.

    Settlements belong to the month of their time, fee lines and trace codes to their settlement's, prescriptions
    and their lines to the prescription's. ``digest`` changes with anything that a later month could need of it.
    ``first_line`` and ``last_line`` bound the times of its fee lines; None without any.
    """

    begin: datetime
    digest: str
    first_line: datetime | None
    last_line: datetime | None

    @property
    def as_of(self) -> datetime:
        """First moment after the month."""
        return self.begin.replace(year=self.begin.year + self.begin.month // 12, month=self.begin.month % 12 + 1)

    def __str__(self) -> str:
        return f"{self.begin:%Y-%m}"


@dataclass(frozen=True)
class Survey:
    """The months of a snapshot, oldest first, and the folder that holds its crossing."""

    months: tuple[Month, ...]
    folder: Path

    def before(self, moment: datetime) -> list[Month]:
        """Months that were over at a moment."""
        return [month for month in self.months if month.as_of <= moment]

    def file(self, table: str) -> Path:
        """The crossing's rows of a table."""
        return self.folder / f"{table}.parquet"


def survey_of(snapshot: Snapshot, threads: int = 2, memory_limit: str = "4GB", scratch: Path | None = None) -> Survey:
    """The survey of a snapshot; made when it is first asked for, and kept beside the snapshot's files."""
    folder = snapshot.path / "months"
    described = folder / "months.json"
    if not described.exists() or json.loads(described.read_text(encoding="utf-8"))["recipe"] != _recipe():
        _make(snapshot, folder, threads, memory_limit, scratch)
    entries = json.loads(described.read_text(encoding="utf-8"))["months"]
    return Survey(tuple(_month(entry) for entry in entries), folder)


def _recipe() -> str:
    """A digest of the SQL that makes a survey: one that another version made does not count."""
    texts = [(_SQL / f"{name}.sql").read_text(encoding="utf-8") for name in _STEPS]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _month(entry: dict[str, Any]) -> Month:
    def moment(text: str | None) -> datetime | None:
        return None if text is None else datetime.fromisoformat(text)

    begin = moment(entry["begin"])
    assert begin is not None
    return Month(begin, entry["digest"], moment(entry["first_line"]), moment(entry["last_line"]))


def _make(snapshot: Snapshot, folder: Path, threads: int, memory_limit: str, scratch: Path | None) -> None:
    from records.asof import connect

    draft = folder.with_name(f".{folder.name}-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    con = connect(threads, memory_limit, scratch)
    create_whole(con, snapshot)
    con.execute((_SQL / "months.sql").read_text(encoding="utf-8"))
    _close(con)
    con.execute((_SQL / "crossing.sql").read_text(encoding="utf-8"))
    for table, order in _CROSSING.items():
        write_parquet(con, f"SELECT * FROM crossing.{table}", draft / f"{table}.parquet", [order])
    write_json(draft / "months.json", {"recipe": _recipe(), "months": _digests(con)})
    con.close()
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def _close(con: duckdb.DuckDBPyConnection) -> None:
    """Add to the crossing whatever shares a settlement or a prescription with it, until nothing more does."""
    grow = (_SQL / "crossing_grow.sql").read_text(encoding="utf-8")
    before = -1
    while before != (size := _size(con)):
        before = size
        con.execute(grow)


def _size(con: duckdb.DuckDBPyConnection) -> int:
    counted = con.execute("SELECT (SELECT count(*) FROM crossing_setl) + (SELECT count(*) FROM crossing_rx)").fetchall()
    return int(counted[0][0])


def _digests(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    def hashed(table: str, alias: str, *more: str) -> str:
        names = [f"{alias}.{quoted(column.name)}" for column in load_contract()[table].columns]
        return f"hash({', '.join([*names, *more])})"

    sql = (_SQL / "month_digests.sql").read_text(encoding="utf-8")
    for name, text in {
        "$settlement": hashed("settlement", "t", "i.admdvs"),
        "$prescription": hashed("prescription", "t", "p.gend", "p.brdy"),
        "$fee_line": hashed("fee_line", "t"),
        "$written_line": hashed("prescription_line", "t"),
        "$trace": hashed("drug_trace", "t"),
        "$diagnosis": hashed("diagnosis", "t"),
        "$drug": hashed("drug", "t"),
        "$service_item": hashed("service_item", "t"),
    }.items():
        sql = sql.replace(name, text)
    con.execute(sql)
    rows = con.execute("SELECT begin, digest, first_line, last_line FROM month_digest ORDER BY begin").fetchall()
    return [
        {
            "begin": begin.isoformat(),
            "digest": digest,
            "first_line": None if first is None else first.isoformat(),
            "last_line": None if last is None else last.isoformat(),
        }
        for begin, digest, first, last in rows
    ]


def only_month(snapshot: Snapshot, month: Month) -> dict[str, str]:
    """Queries for ``create_whole`` that see one month by itself, without what other months add to it."""
    lines = f"fee_ocur_time BETWEEN {_at(month.first_line)} AND {_at(month.last_line)}" if month.first_line else "FALSE"
    within = f"BETWEEN {_at(month.begin)} AND {_at(month.as_of)} - INTERVAL 1 MICROSECOND"
    return {
        "settlement": f"SELECT * FROM ({whole_rows(snapshot, 'settlement')}) WHERE setl_time {within}",
        "prescription": f"SELECT * FROM ({whole_rows(snapshot, 'prescription')}) WHERE prsc_time {within}",
        "fee_line": f"SELECT * FROM ({whole_rows(snapshot, 'fee_line')}) WHERE {lines}",
    }


def only_open(snapshot: Snapshot, survey: Survey, begin: datetime) -> dict[str, str]:
    """Queries for ``create_whole`` that see what happened from ``begin`` on, and the crossing of before."""
    firsts = [month.first_line for month in survey.months if month.begin >= begin and month.first_line]
    floor = min(firsts, default=begin)
    queries = {}
    for table, column, since in (
        ("settlement", "setl_time", begin),
        ("prescription", "prsc_time", begin),
        ("fee_line", "fee_ocur_time", floor),
    ):
        rows = whole_rows(snapshot, table)
        own = f"SELECT * FROM ({rows}) WHERE {column} >= {_at(since)}"
        names = ", ".join(quoted(c.name) for c in load_contract()[table].columns)
        short = {"settlement": "setl_row", "prescription": "rx_row", "fee_line": "fee_row"}[table]
        older = f"SELECT {names}, {short} FROM {parquet(survey.file(table))} WHERE {column} < {_at(since)}"
        queries[table] = f"{own} UNION ALL {older}"
    return queries


def only_cut(survey: Survey, begin: datetime) -> dict[str, str]:
    """Queries for ``create_whole`` that see the crossing of before ``begin`` as each of its months saw it by itself."""
    month = _at(begin)

    def rows(table: str, change: str = "", where: str = "TRUE") -> str:
        short = {"settlement": ", setl_row", "prescription": ", rx_row", "fee_line": ", fee_row"}.get(table, "")
        names = ", ".join(quoted(c.name) for c in load_contract()[table].columns)
        kept = f"SELECT * {change} FROM {parquet(survey.file(table))} WHERE {where}"
        return f"SELECT {names}{short} FROM ({kept})"

    return {
        "settlement": rows(
            "settlement",
            "REPLACE (CASE WHEN orig_month = month THEN orig_setl_id ELSE orig_setl_id || '@' END AS orig_setl_id)",
            f"month < {month}",
        ),
        "prescription": rows("prescription", where=f"month < {month}"),
        "fee_line": rows(
            "fee_line",
            "REPLACE (CASE WHEN rx_month <> month THEN rxno || '@' ELSE rxno END AS rxno)",
            f"month < {month} AND fee_ocur_time < month + INTERVAL 1 MONTH",
        ),
        "prescription_line": rows("prescription_line", where=f"month < {month}"),
        "drug_trace": rows("drug_trace", where=f"month < {month} AND sel_retn_time < month + INTERVAL 1 MONTH"),
        "diagnosis": rows("diagnosis"),
    }


def only_persons(snapshot: Snapshot, con: duckdb.DuckDBPyConnection, persons: Sequence[str], folder: Path) -> dict[str, str]:
    """Queries for ``create_whole`` that see the prescriptions of some persons, and whatever was settled on them.

    The rows are written to ``folder``, which the caller removes; ``con`` is any connection.
    """
    import pyarrow as pa

    folder.mkdir(parents=True)
    con.register("given_persons", pa.table({"psn_no": pa.array(sorted(persons), pa.string())}))
    rows = {table: whole_rows(snapshot, table) for table in ("prescription", "fee_line", "settlement")}
    files = {table: folder / f"{table}.parquet" for table in rows}
    written = {table: f"SELECT * FROM {parquet(path)}" for table, path in files.items()}
    paid = f"SELECT DISTINCT f.setl_id FROM ({rows['fee_line']}) f SEMI JOIN ({written['prescription']}) r ON r.rxno = f.rxno"
    queries = {
        "prescription": f"SELECT r.* FROM ({rows['prescription']}) r SEMI JOIN given_persons p ON p.psn_no = r.psn_no",
        "settlement": f"WITH paid AS MATERIALIZED ({paid}) SELECT s.* FROM ({rows['settlement']}) s "
        "WHERE s.setl_id IN (SELECT setl_id FROM paid) OR s.orig_setl_id IN (SELECT setl_id FROM paid)",
        "fee_line": f"SELECT f.* FROM ({rows['fee_line']}) f SEMI JOIN ({written['settlement']}) s ON s.setl_id = f.setl_id",
    }
    for table, query in queries.items():
        write_parquet(con, query, files[table], [ROWS[table][1]])
    con.unregister("given_persons")
    return written


def _at(moment: datetime | None) -> str:
    return f"TIMESTAMP '{moment}'"
