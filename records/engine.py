"""What the rooms above ask of a data engine: DuckDB gives it as it is, ``records.spark`` gives it on a cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from records.errors import WrongUse

Mapped = Callable[[Iterator[Any]], Iterator[Any]]


class Rows(Protocol):
    """The result of a statement."""

    def fetchall(self) -> list[Any]:
        """All rows as tuples."""


class Connection(Protocol):
    """A connection that takes DuckDB's SQL: DuckDB's own, or Spark's, which transpiles it."""

    def execute(self, query: str, parameters: Any = None) -> Rows:
        """Run one or more statements; rows come from the last one."""

    def register(self, view_name: str, python_object: Any) -> Any:
        """Make an Arrow table readable under a name."""

    def unregister(self, view_name: str) -> Any:
        """Forget such a name."""


@dataclass(frozen=True)
class SparkPlace:
    """Where Spark runs and what of the machine it may use there.

    ``scratch`` holds the stages while a quarter is computed; a cluster's executors must see it under the same
    path (a shared file system). ``memory_limit`` is the driver's, which on one machine is all there is.
    ``settings`` are further settings of Spark, by name.
    """

    master: str
    threads: int
    memory_limit: str
    scratch: Path
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether Spark runs inside this machine's one process."""
        return self.master.startswith("local")


#: More than any machine has: a thousand terabytes are a slip of the hand.
_MOST_MEGABYTES = 10**9
_UNITS = {"MB": 1, "GB": 1000, "TB": 1_000_000, "MIB": 1, "GIB": 1024, "TIB": 1024 * 1024}


def megabytes(limit: str) -> int:
    """A memory limit such as 4GB in megabytes. Raises WrongUse for one that is none; at least one megabyte is some."""
    written = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Z]+)", limit.strip().upper(), re.ASCII)
    amount = float(written[1]) * _UNITS.get(written[2], 0) if written else 0.0
    if not 1 <= amount <= _MOST_MEGABYTES:
        raise WrongUse(f"'{limit}' is no amount of memory: write it like 8GB.")
    return int(amount)


def tables_of(con: Connection, schema: str) -> set[str]:
    """Names of the tables and views of a schema."""
    own = getattr(con, "tables_of", None)
    if own is not None:
        return set(own(schema))
    found = con.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = $schema", {"schema": schema})
    return {row[0] for row in found.fetchall()}


@contextmanager
def as_written(con: Connection) -> Iterator[None]:
    """Statements in the block are joined in the order in which they are written, the right side held in memory.

    DuckDB guesses rows behind a filter; where fact tables meet, a wrong guess holds the larger side and takes ten
    times as long. Such SQL is written with the larger side on the left. Spark plans by itself.
    """
    if hasattr(con, "tables_of"):
        yield
        return
    con.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
    try:
        yield
    finally:
        con.execute("RESET disabled_optimizers")


def split_name(name: str) -> tuple[str, str]:
    """Schema and table of a name; what has no schema stands in ``main``."""
    schema, _, table = name.rpartition(".")
    return schema or "main", table


def fill(con: Connection, table: str, queries: Sequence[tuple[str, Mapping[str, Any]]], function: Mapped) -> None:
    """Add to a table what a function makes of the rows of some queries, all of one form.

    The function takes and gives Arrow batches and sees any part of the rows in any order; on Spark it runs in
    the workers, so it is a plain function of installed modules and of values that can be sent to them.
    """
    own = getattr(con, "fill", None)
    if own is not None:
        own(table, queries, function)
        return
    import pyarrow as pa

    for query, parameters in queries:
        found = con.sql(query, params=parameters).to_arrow_reader()  # type: ignore[attr-defined]
        made = list(function(iter(found)))
        if sum(batch.num_rows for batch in made):
            con.register("made_rows", pa.Table.from_batches(made))
            con.execute(f"INSERT INTO {table} SELECT * FROM made_rows")
            con.unregister("made_rows")
