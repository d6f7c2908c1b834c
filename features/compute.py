"""Features of one grain, as of the end of the connection's quarter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from features.carried import without_months
from features.catalogue import KEYS, ROW_KEYS, Feature, load_catalogue
from features.staging import build
from records.engine import Connection, as_written, tables_of
from records.output import write_parts
from records.source import parquet

if TYPE_CHECKING:
    from records.snapshot import Snapshot

#: Rows of a grain that are joined and sorted at once when they go to a file.
ROWS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class SwitchedOff:
    """A feature without data to rest on: its column is null throughout."""

    feature: str
    needs: str
    why_zh: str
    why_en: str


@dataclass(frozen=True)
class ComputeReport:
    """What was computed: rows, features in column order, those switched off, seconds a file of stages."""

    grain: str
    rows: int
    features: tuple[str, ...]
    switched_off: tuple[SwitchedOff, ...]
    seconds: dict[str, float] = field(default_factory=dict, compare=False)


def compute(con: Connection, snapshot: Snapshot, grain: str, folder: Path | None = None) -> ComputeReport:
    """Make ``features_<grain>``: key, ``as_of`` (TIMESTAMP), then the catalogue's features.

    Grain: one row a key; prescription = the frame, else whoever has an accepted prescription, fee line or
    settlement in the quarter. ``con`` comes from ``records.asof`` and is of either engine; nothing later than its
    as-of moment is seen. A feature whose data are absent is null throughout and reported. Features of group
    ``findings`` need the table ``findings`` on the connection; compute again after it changed. It is a table, or
    with ``folder`` on DuckDB a view of ``folder/features_<grain>.parquet``, in the order of the key and packed
    as an output is, so that a city's features need not fit in memory. Raises KeyError for an unknown grain.
    """
    features = load_catalogue().of(grain)
    without_months(con)
    off = _switched_off(con, snapshot, features)
    absent = {entry.feature for entry in off}
    wanted = [feature for feature in features if feature.name not in absent]
    stages = frozenset().union(*(feature.stages for feature in wanted))
    seconds = build(con, {f"rows_{grain}", "moment", *stages})
    started = perf_counter()
    name = f"features_{grain}"
    with as_written(con):
        if folder is not None and not hasattr(con, "tables_of"):
            place = folder / f"{name}.parquet"
            rows = write_parts(con, _in_order(con, grain, features, absent), place)  # type: ignore[arg-type]
            con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {parquet(place)}")
        else:
            con.execute(
                f"CREATE OR REPLACE TABLE {name} AS {_statement(grain, features, absent)}\nORDER BY base.{ROW_KEYS[grain]}"
            )
            rows = con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
    seconds[name] = round(perf_counter() - started, 3)
    return ComputeReport(grain, rows, tuple(feature.name for feature in features), tuple(off), seconds)


def _in_order(con: Connection, grain: str, features: Sequence[Feature], absent: set[str]) -> list[str]:
    """Statements that give a grain's rows in the order of the key, so many at once as memory holds with ease."""
    short = ROW_KEYS[grain]
    ends = con.execute(
        f"SELECT {short} FROM (SELECT {short}, row_number() OVER (ORDER BY {short}) AS place FROM stage.rows_{grain}) "
        f"WHERE place % {ROWS_AT_ONCE} = 0 ORDER BY {short}"
    ).fetchall()
    bounds = [None, *[end[0] for end in ends], None]
    statements = []
    for after, last in pairwise(bounds):
        within = ([f"{short} > {after}"] if after is not None else []) + ([f"{short} <= {last}"] if last is not None else [])
        where = f" WHERE {' AND '.join(within)}" if within else ""
        statements.append(f"{_statement(grain, features, absent, where)}\nORDER BY base.{short}")
    return statements


def _statement(grain: str, features: Iterable[Feature], absent: set[str], where: str = "") -> str:
    key, short = KEYS[grain], ROW_KEYS[grain]
    columns = []
    stages: set[str] = set()
    for feature in features:
        if feature.name in absent:
            columns.append(f"CAST(NULL AS {feature.sql_type}) AS {feature.name}")
            continue
        stages |= feature.stages
        columns.append(f"CAST({feature.expression} AS {feature.sql_type}) AS {feature.name}")
    joined = "".join(
        f"\nLEFT JOIN (SELECT * FROM stage.{name}{where}) AS {name} ON {name}.{short} = base.{short}" for name in sorted(stages)
    )
    chosen = ",\n    ".join([f"base.{key}", "moment.as_of", *columns])
    base = f"(SELECT * FROM stage.rows_{grain}{where}) AS base"
    return f"SELECT {chosen}\nFROM {base} CROSS JOIN stage.moment AS moment{joined}"


def _switched_off(con: Connection, snapshot: Snapshot, features: Iterable[Feature]) -> list[SwitchedOff]:
    known = known_needs(con, snapshot)
    off = []
    for feature in features:
        need = next((need for need in feature.needs if not any(known[choice] for choice in need.split("|"))), None)
        if need is not None:
            either = need.replace("|", " / ")
            off.append(
                SwitchedOff(
                    feature.name,
                    need,
                    f"数据中没有 {either}，特征“{feature.zh}”未启用",
                    f"no {either} in the data, so the feature “{feature.en}” is off",
                )
            )
    return off


def known_needs(con: Connection, snapshot: Snapshot) -> dict[str, bool]:
    """For every table or column that a feature needs, whether it held anything before the as-of moment.

    That of earlier months counts (``carried.known``). Asked once a connection and kept in ``stage.known``; findings
    can come later.
    """
    if "known" not in tables_of(con, "stage"):
        import pyarrow as pa

        con.execute("CREATE SCHEMA IF NOT EXISTS stage")
        needs = sorted({choice for feature in load_catalogue() for need in feature.needs for choice in need.split("|")})
        carried = {row[0] for row in con.execute("SELECT need FROM carried.known").fetchall()}
        answers = [need in carried or (need != "findings" and _known(con, snapshot, need)) for need in needs]
        con.register("given_known", pa.table({"need": needs, "known": answers}))
        con.execute("CREATE TABLE stage.known AS SELECT need, known FROM given_known")
        con.unregister("given_known")
    known = dict(con.execute("SELECT need, known FROM stage.known").fetchall())
    return {**known, "findings": "findings" in tables_of(con, "main")}


def _known(con: Connection, snapshot: Snapshot, what: str) -> bool:
    """Whether a table or column held anything before the as-of moment.

    Only what is visible counts: a column that is first filled later must not switch a feature on. Tables that are
    visible through others are looked at by a few rows first, because the answer is nearly always yes.
    """
    if not snapshot.has(what):
        return False
    table, _, column = what.partition(".")
    condition = f"{column} IS NOT NULL" if column else "TRUE"
    glance = _GLANCES.get(table)
    if glance and con.execute(glance.format(condition=condition)).fetchall():
        return True
    return bool(con.execute(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1").fetchall())


_SOME_LINES = "(SELECT setl_id FROM whole.fee_line WHERE {condition} AND fee_ocur_time < (SELECT as_of FROM period) LIMIT 1000)"
_GLANCES = {
    "fee_line": f"SELECT 1 FROM settlement s SEMI JOIN {_SOME_LINES} f ON f.setl_id = s.setl_id LIMIT 1",
    "diagnosis": "SELECT 1 FROM prescription p SEMI JOIN (SELECT mdtrt_id FROM whole.diagnosis WHERE {condition} LIMIT 1000) d "
    "ON d.mdtrt_id = p.mdtrt_id LIMIT 1",
    "drug_trace": "SELECT 1 FROM net n SEMI JOIN (SELECT f.fee_row FROM whole.fee_line f SEMI JOIN (SELECT feedetl_sn "
    "FROM whole.drug_trace WHERE {condition} AND sel_retn_time < (SELECT as_of FROM period) LIMIT 1000) t "
    "ON t.feedetl_sn = f.feedetl_sn) l ON l.fee_row = n.fee_row LIMIT 1",
}
