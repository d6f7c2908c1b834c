"""One SQL for two engines: what is written for DuckDB, said so that Spark gives the same rows.

Differences that the transpiler's own dialects leave open are settled here: division is of doubles, a day less
a day is a number of days, medians are values that occur, named windows are written out. Spark runs with ANSI
behaviour on, as DuckDB has it: a number too large or a text that is no number is an error and no null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

Parameters = Mapping[str, Any] | Sequence[Any] | None


def statements(sql: str) -> list[Any]:
    """The statements of a DuckDB script as syntax trees."""
    import sqlglot

    return [found for found in sqlglot.parse(sql, read="duckdb") if found is not None and found.key != "semicolon"]


def spark_sql(tree: Any) -> str:
    """A rewritten tree as Spark SQL; every name quoted, so that no word of either dialect stands in the way."""
    return str(tree.sql(dialect=_dialect(), identify=True, comments=False))


def bound(tree: Any, parameters: Parameters) -> Any:
    """The tree with ``$name`` or ``?`` replaced by literals."""
    from sqlglot import exp

    if not parameters:
        return tree
    positions = iter(parameters if isinstance(parameters, Sequence) else ())
    named = parameters if isinstance(parameters, Mapping) else {}

    def value_of(node: Any) -> Any:
        if isinstance(node, exp.Parameter):
            return literal(named[node.this.name])
        if isinstance(node, exp.Placeholder):
            return literal(named[node.this] if node.this else next(positions))
        return node

    return tree.transform(value_of)


def literal(value: Any) -> Any:
    """A Python value as a typed literal."""
    from sqlglot import exp

    if value is None or isinstance(value, str | bool | int):
        return exp.convert(value)
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "TIMESTAMP")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    if isinstance(value, Decimal):
        return exp.cast(exp.Literal.string(format(value, "f")), "DECIMAL(38, 10)")
    return exp.cast(exp.Literal.string(repr(float(value))), "DOUBLE")


def rewritten(tree: Any, macros: Mapping[str, Any]) -> Any:
    """The tree in words that both engines have: macros put in their place, stars and windows written out."""
    from sqlglot import exp

    if macros:
        tree = tree.transform(lambda node: _macro(node, macros))
    for select in tree.find_all(exp.Select):
        write_out_windows(select)
    # From the leaves up, because what is replaced may hold more to replace.
    for node in reversed(list(tree.walk())):
        said = _portable(node)
        if said is not node:
            tree = said if node is tree else tree
            node.replace(said)
    return tree


def _macro(node: Any, macros: Mapping[str, Any]) -> Any:
    """A call of a macro replaced by its body with the arguments in their places."""
    from sqlglot import exp

    if not isinstance(node, exp.Anonymous) or node.name.lower() not in macros:
        return node
    names, body = macros[node.name.lower()]
    given = dict(zip(names, node.expressions, strict=True))

    def place(part: Any) -> Any:
        known = isinstance(part, exp.Column) and not part.table and part.name in given
        return given[part.name].copy() if known else part

    return exp.paren(body.copy().transform(place)) if not isinstance(body, exp.Subquery) else body.copy().transform(place)


def write_out_windows(select: Any) -> None:
    """Named windows become windows in place, in ``select`` itself: Spark cannot extend a named one."""
    from sqlglot import exp

    named = {window.name: window for window in select.args.get("windows") or []}
    if not named:
        return
    for window in list(select.find_all(exp.Window)):
        base = window.args.get("alias")
        name = base.name if base is not None else ""
        if name not in named or window in named.values():
            continue
        for part in ("partition_by", "order", "spec"):
            if not window.args.get(part) and named[name].args.get(part):
                copied = named[name].args[part]
                window.set(part, [e.copy() for e in copied] if isinstance(copied, list) else copied.copy())
        window.set("alias", None)
    select.set("windows", None)


def _portable(node: Any) -> Any:
    """What stands for a node in Spark: the node itself, or another made of copies of its parts."""
    from sqlglot import exp

    if isinstance(node, exp.Select):
        return _replaced_star(node)
    if isinstance(node, exp.Sub) and (_is_day(node.right) or (_is_day(node.left) and not node.right.is_number)):
        return exp.DateDiff(this=node.left.copy(), expression=node.right.copy(), unit=exp.var("DAY"))
    if isinstance(node, exp.Div):
        parts = [exp.cast(part.copy(), "DOUBLE") for part in (node.left, node.right)]
        return exp.Anonymous(this="try_divide", expressions=parts)
    if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.PercentileDisc):
        parts = [node.this.this.copy(), node.expression.expressions[0].this.copy()]
        return exp.Anonymous(this="percentile_disc_of", expressions=parts)
    return node


def _replaced_star(select: Any) -> Any:
    """``* REPLACE (x AS y)`` as ``* EXCEPT (y), x AS y``: the same columns, the replaced ones last."""
    from sqlglot import exp

    made: list[Any] = []
    for item in select.expressions:
        star = item.this if isinstance(item, exp.Column) else item
        if not isinstance(star, exp.Star) or not star.args.get("replace"):
            made.append(item)
            continue
        replaced = star.args["replace"]
        star.set("except_", [exp.to_identifier(entry.alias) for entry in replaced])
        star.set("replace", None)
        made += [item, *[entry.copy() for entry in replaced]]
    select.set("expressions", made)
    return select


def _is_day(node: Any) -> bool:
    """Whether an expression is plainly a DATE: a cast to it."""
    from sqlglot import exp

    bare = node.unnest()
    return isinstance(bare, exp.Cast) and bare.to.this == exp.DataType.Type.DATE


@cache
def _dialect() -> Any:
    """Spark as sqlglot has it, with the few words it lacks."""
    from sqlglot import exp
    from sqlglot.dialects.spark import Spark

    class Engine(Spark):  # type: ignore[misc]
        class Generator(Spark.Generator):  # type: ignore[misc]
            TYPE_MAPPING = {  # noqa: RUF012
                **Spark.Generator.TYPE_MAPPING,
                exp.DataType.Type.INT128: "DECIMAL(38, 0)",
                exp.DataType.Type.TIMESTAMP: "TIMESTAMP_NTZ",
            }

            def anonymous_sql(self, expression: Any) -> str:
                if expression.name == "percentile_disc_of":
                    share, value = (self.sql(part) for part in expression.expressions)
                    return f"percentile_disc({share}) WITHIN GROUP (ORDER BY {value})"
                return str(super().anonymous_sql(expression))

            def datediff_sql(self, expression: Any) -> str:
                return f"datediff({self.sql(expression, 'this')}, {self.sql(expression, 'expression')})"

    return Engine
