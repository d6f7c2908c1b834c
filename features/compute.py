"""Features of one grain, as of the end of the connection's quarter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from features.catalogue import KEYS, Feature, load_catalogue
from features.staging import build
from records.engine import Connection, tables_of

if TYPE_CHECKING:
    from records.snapshot import Snapshot


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


def compute(con: Connection, snapshot: Snapshot, grain: str) -> ComputeReport:
    """Create table ``features_<grain>``: key, ``as_of`` (TIMESTAMP), then the catalogue's features.

    Grain: one row a key, ordered by it; prescription = the frame, else whoever has an accepted prescription,
    fee line or settlement in the quarter. ``con`` comes from ``records.asof`` and is of either engine; nothing
    later than its as-of moment is seen. A feature whose data are absent is null throughout and reported. Features
    of group ``findings`` need the table ``findings`` on the connection; compute again after it changed.
    Raises KeyError for an unknown grain.
    """
    features = load_catalogue().of(grain)
    off = _switched_off(con, snapshot, features)
    absent = {entry.feature for entry in off}
    wanted = [feature for feature in features if feature.name not in absent]
    stages = frozenset().union(*(feature.stages for feature in wanted))
    seconds = build(con, {f"rows_{grain}", "moment", *stages})
    con.execute(f"CREATE OR REPLACE TABLE features_{grain} AS {_statement(grain, features, absent)}")
    counted = con.execute(f"SELECT count(*) FROM features_{grain}").fetchall()
    names = tuple(feature.name for feature in features)
    return ComputeReport(grain, counted[0][0], names, tuple(off), seconds)


def _statement(grain: str, features: Iterable[Feature], absent: set[str]) -> str:
    key = KEYS[grain]
    columns = []
    stages: set[str] = set()
    for feature in features:
        if feature.name in absent:
            columns.append(f"CAST(NULL AS {feature.sql_type}) AS {feature.name}")
            continue
        stages |= feature.stages
        columns.append(f"CAST({feature.expression} AS {feature.sql_type}) AS {feature.name}")
    joined = "".join(f"\nLEFT JOIN stage.{name} AS {name} ON {name}.{key} = base.{key}" for name in sorted(stages))
    chosen = ",\n    ".join([f"base.{key}", "moment.as_of", *columns])
    return f"SELECT {chosen}\nFROM stage.rows_{grain} AS base CROSS JOIN stage.moment AS moment{joined}\nORDER BY base.{key}"


def _switched_off(con: Connection, snapshot: Snapshot, features: Iterable[Feature]) -> list[SwitchedOff]:
    known: dict[str, bool] = {}
    off = []
    for feature in features:
        for need in feature.needs:
            if need not in known:
                known[need] = any(_known(con, snapshot, choice) for choice in need.split("|"))
            if not known[need]:
                either = need.replace("|", " / ")
                off.append(
                    SwitchedOff(
                        feature.name,
                        need,
                        f"数据中没有 {either}，特征“{feature.zh}”未启用",
                        f"no {either} in the data, so the feature “{feature.en}” is off",
                    )
                )
                break
    return off


def _known(con: Connection, snapshot: Snapshot, what: str) -> bool:
    """Whether a table or column held anything before the as-of moment.

    Only what is visible counts: a column that is first filled later must not switch a feature on.
    """
    if what == "findings":
        return "findings" in tables_of(con, "main")
    if not snapshot.has(what):
        return False
    table, _, column = what.partition(".")
    condition = f"WHERE {column} IS NOT NULL " if column else ""
    return bool(con.execute(f"SELECT 1 FROM {table} {condition}LIMIT 1").fetchall())
