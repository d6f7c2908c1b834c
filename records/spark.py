"""DuckDB's SQL on Spark: tables are Parquet folders in a scratch folder, views are Spark's own."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from records import transpile
from records.engine import Mapped, SparkPlace, split_name
from records.spark_session import start


class SparkRows:
    """The result of a statement: nothing runs before the rows are asked for."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame

    def fetchall(self) -> list[Any]:
        """All rows as tuples."""
        return [] if self.frame is None else [tuple(row) for row in self.frame.collect()]


class SparkConnection:
    """A connection in the sense of ``records.engine``. Close it to give its scratch space back."""

    def __init__(self, place: SparkPlace) -> None:
        self.spark = start(place).newSession()
        self.folder = place.scratch / f"tables-{uuid.uuid4().hex[:12]}"
        self.folder.mkdir(parents=True)
        self._views: dict[tuple[str, str], str] = {}
        self._macros: dict[str, Any] = {}
        self._single: dict[tuple[str, str], dict[str, Any]] = {}
        self._written: dict[tuple[str, str], Path] = {}

    def execute(self, query: str, parameters: Any = None) -> SparkRows:
        """Run statements written for DuckDB; rows come from the last one."""
        from sqlglot import exp

        result = SparkRows(None)
        for tree in transpile.statements(query):
            tree = transpile.bound(tree, parameters)
            if isinstance(tree, exp.Create):
                self._create(tree)
            elif isinstance(tree, exp.Drop):
                self._drop(tree)
            elif isinstance(tree, exp.Insert):
                self.append(tree.this.sql(), self.frame(tree.expression))
            else:
                result = SparkRows(self.frame(tree))
        return result

    def frame(self, query: Any, parameters: Any = None) -> Any:
        """A query, as text or tree, as a Spark data frame."""
        return self.spark.sql(self._text(query, parameters))

    def _text(self, query: Any, parameters: Any = None) -> str:
        """A query, as text or tree, in Spark's words."""
        from sqlglot import exp

        tree = transpile.bound(transpile.statements(query)[0] if isinstance(query, str) else query, parameters)
        tree = transpile.rewritten(tree, self._macros)
        single = tree.find(exp.Subquery) is not None and bool(self._single)
        tree = tree.transform(self._constant) if single else tree
        for table in tree.find_all(exp.Table):
            view = self._views.get((table.db or "main", table.name))
            if table.db and view is not None:
                if not table.alias:
                    table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
                table.set("db", None)
                table.set("this", exp.to_identifier(view))
        return transpile.spark_sql(tree)

    def _constant(self, node: Any) -> Any:
        """``(SELECT x FROM period)`` as the value: one job less for every place where it stands."""
        from sqlglot import exp

        select = node.this if isinstance(node, exp.Subquery) else None
        if not isinstance(select, exp.Select) or len(select.expressions) != 1 or select.args.get("where"):
            return node
        source = select.args.get("from_") or select.args.get("from")
        table, column = source.this if source is not None else None, select.expressions[0]
        if not isinstance(table, exp.Table) or not isinstance(column, exp.Column) or select.args.get("joins"):
            return node
        row = self._single.get((table.db or "main", table.name))
        return node if row is None else transpile.literal(row[column.name])

    def _create(self, tree: Any) -> None:
        from sqlglot import exp

        if tree.kind == "SCHEMA":
            return
        if tree.kind in ("MACRO", "FUNCTION"):
            called = tree.this
            self._macros[called.this.name.lower()] = ([part.name for part in called.expressions], tree.expression)
            return
        if isinstance(tree.this, exp.Schema):
            columns = ", ".join(transpile.spark_sql(column) for column in tree.this.expressions)
            self.put(tree.this.this.sql(), self.spark.createDataFrame([], columns.replace("`", "")))
        elif tree.kind == "VIEW":
            self._name(tree.this.sql(), self.frame(tree.expression))
        else:
            name, frame = tree.this.sql(), self.frame(_unordered(tree.expression))
            if self._is_single(tree.expression):
                self._put_single(name, frame)
            else:
                self.put(name, frame)

    def _put_single(self, name: str, frame: Any) -> None:
        """A table of one row is kept as its values: others join it without reading anything."""
        rows = frame.collect()
        self._single[self._name(name, self.spark.createDataFrame(rows, frame.schema))] = rows[0].asDict()

    def _is_single(self, select: Any) -> bool:
        """Whether a query gives one row and always will: literals, or columns of one table of that kind."""
        from sqlglot import exp

        if not isinstance(select, exp.Select) or any(select.args.get(part) for part in ("where", "joins", "group")):
            return False
        source = select.args.get("from_") or select.args.get("from")
        table = source.this if source is not None else None
        return table is None or (isinstance(table, exp.Table) and (table.db or "main", table.name) in self._single)

    def _drop(self, tree: Any) -> None:
        for table in tree.args.get("tables") or [tree.this]:
            if tree.kind == "SCHEMA":
                for key in [key for key in self._views if key[0] == table.db]:
                    self._forget(key)
            else:
                self._forget((table.db or "main", table.name))

    def _forget(self, key: tuple[str, str]) -> None:
        view = self._views.pop(key, None)
        if view is not None:
            self.spark.catalog.dropTempView(view)
        self._single.pop(key, None)
        written = self._written.pop(key, None)
        if written is not None:
            shutil.rmtree(written, ignore_errors=True)

    def _name(self, name: str, frame: Any) -> tuple[str, str]:
        key = split_name(name)
        view = key[1] if key[0] == "main" else "__".join(key)
        frame.createOrReplaceTempView(view)
        self._views[key] = view
        return key

    def put(self, name: str, frame: Any) -> None:
        """Write a frame as a table. Later statements read the files, not the way they were made."""
        place = self.folder / f"{name}-{uuid.uuid4().hex[:8]}"
        frame.write.parquet(str(place))
        written = self.spark.read.schema(frame.schema).parquet(str(place))
        before = self._written.get(split_name(name))
        key = self._name(name, written)
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)
        self._written[key] = place

    def append(self, name: str, frame: Any) -> None:
        """Add rows to a table, by position."""
        self.put(name, self.frame(f"SELECT * FROM {name}").union(frame))

    def tables_of(self, schema: str) -> set[str]:
        """Tables and views of a schema."""
        return {table for found, table in self._views if found == schema}

    def written(self, schema: str) -> dict[str, Path]:
        """The Parquet folder of every table of a schema."""
        return {table: place for (found, table), place in self._written.items() if found == schema}

    def register(self, view_name: str, python_object: Any) -> None:
        """Make an Arrow table readable under a name."""
        self._name(view_name, self.spark.createDataFrame(python_object))

    def unregister(self, view_name: str) -> None:
        """Forget such a name."""
        self._forget(split_name(view_name))

    def view_of_file(self, name: str, path: Path, key: tuple[str, str] | None = None) -> None:
        """A view of a Parquet file, typed as the file says itself; nothing is read yet.

        With ``key`` (a column and a further name) the column also stands under that name: where DuckDB has short
        keys, Spark has the keys themselves.
        """
        import pyarrow.parquet as pq
        from pyspark.sql.pandas.types import from_arrow_schema

        schema = from_arrow_schema(pq.read_schema(path), prefer_timestamp_ntz=True)
        frame = self.spark.read.schema(schema).parquet(str(path))
        self._name(name, frame.withColumn(key[1], frame[key[0]]) if key else frame)

    def fill(self, table: str, queries: Sequence[tuple[str, Any]], function: Mapped) -> None:
        """``records.engine.fill`` for Spark: one job over all queries, the function in the workers."""
        schema = self.frame(f"SELECT * FROM {table}").schema
        texts = [self._text(query, parameters) for query, parameters in queries]
        if texts:
            # A task a partition of every query would start a worker for a handful of rows each.
            few = self.spark.sql(_together(texts)).coalesce(4 * self.spark.sparkContext.defaultParallelism)
            self.append(table, few.mapInArrow(function, schema))

    def close(self) -> None:
        """Drop every table and its files. The Spark session of the process stays for the next connection."""
        for key in list(self._views):
            self._forget(key)
        shutil.rmtree(self.folder, ignore_errors=True)


def _together(texts: Sequence[str]) -> str:
    """Queries as one statement, in their order: Spark then names the columns of their common tables apart once.

    Frames united one after the other are analysed anew each time, which for eighty took a minute. Halved and halved
    again, so that the depth does not grow with their number.
    """
    if len(texts) == 1:
        return f"SELECT * FROM ({texts[0]})"
    half = len(texts) // 2
    return f"SELECT * FROM ({_together(texts[:half])} UNION ALL {_together(texts[half:])})"


def _unordered(select: Any) -> Any:
    """A table has no order of its own: whoever writes or reads it says which."""
    plain = select.copy()
    if not plain.args.get("limit"):
        plain.set("order", None)
    return plain
