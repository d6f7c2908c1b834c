"""Whole queries: WITH, SELECT, joins, unions and VALUES, said in SQLite with the types of their columns."""

from __future__ import annotations

from typing import Any

from records.lite.casts import Said, cast
from records.lite.functions import Functions
from records.lite.scope import Columns, Scope, named
from records.lite.types import BOOL, NULL, Type, Unsaid, common
from records.transpile import write_out_windows

_KEPT = {"with_", "expressions", "distinct", "from_", "joins", "where", "group", "having", "windows", "kind", "hint", "limit"}


class Queries(Functions):
    """Queries over ``tables``; ``same`` are other names of some; ``used`` and ``seen`` are what was read of them."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, Columns] = {}
        self.same: dict[str, str] = {}
        self.used: set[str] = set()
        self.seen: set[tuple[str, str]] = set()
        self._common: list[dict[str, Columns]] = []

    def say_query(
        self, node: Any, scope: Scope | None, wanted: list[Type] | None = None, keep: set[str] | None = None
    ) -> tuple[str, Columns]:
        """A query and its columns; ``wanted`` are the types that they shall have, ``keep`` those that are of use, where
        others can be left out. Raises Unsaid."""
        with_ = node.args.get("with_")
        if with_ is None:
            return self._body(node, scope, wanted, keep)
        if with_.args.get("recursive"):
            raise Unsaid("WITH RECURSIVE")
        made: dict[str, Columns] = {}
        self._common.append(made)
        parts = []
        for entry in with_.expressions:
            if entry.args["alias"].args.get("columns"):
                raise Unsaid(entry.sql()[:200])
            text, columns = self.say_query(entry.this, None)
            made[entry.alias.lower()] = columns
            parts.append(f"{named(entry.alias.lower())} AS ({text})")
        text, columns = self._body(node, scope, wanted, keep)
        self._common.pop()
        return f"WITH {', '.join(parts)} {text}", columns

    def _body(self, node: Any, scope: Scope | None, wanted: list[Type] | None, keep: set[str] | None) -> tuple[str, Columns]:
        if node.key == "union":
            return self._union(node, scope, wanted)
        if node.key == "subquery" and not node.alias:
            return self.say_query(node.this, scope, wanted)
        if node.key == "select":
            return self._select(node, scope, wanted, keep)
        raise Unsaid(node.sql()[:200])

    def _union(self, node: Any, scope: Scope | None, wanted: list[Type] | None) -> tuple[str, Columns]:
        if node.args.get("by_name") or node.args.get("order") or node.args.get("limit"):
            raise Unsaid(node.sql()[:200])
        sides = [node.this, node.expression]
        if wanted is None:
            seen = [list(self.say_query(side, scope)[1].values()) for side in sides]
            wanted = [common(one, other) for one, other in zip(*seen, strict=True)]
        (one, columns), (other, _) = (self.say_query(side, scope, wanted) for side in sides)
        if any(side.args.get("with_") for side in sides) or other.startswith("WITH"):
            raise Unsaid("WITH inside a UNION")
        word = "UNION" if node.args.get("distinct") else "UNION ALL"
        if sides[1].key == "union":
            other = f"SELECT * FROM ({other})"
        return f"{one} {word} {other}", columns

    def _select(self, node: Any, outer: Scope | None, wanted: list[Type] | None, keep: set[str] | None) -> tuple[str, Columns]:
        unknown = {key for key, value in node.args.items() if value} - _KEPT
        if unknown or node.args.get("limit") or node.args.get("kind") or node.args.get("hint"):
            raise Unsaid(f"{unknown}: {node.sql()[:200]}")
        write_out_windows(node)
        scope = Scope(outer, seen=self.seen)
        conditions: list[str] = []
        source = self._from(node, scope, conditions)
        plain = not node.args.get("distinct") and not node.args.get("group")
        said = self._columns(node, scope, keep if plain else None)
        if wanted is not None:
            said = [(name, cast(value, kind)) for (name, value), kind in zip(said, wanted, strict=True)]
        names = [name for name, _ in said]
        if len(set(names)) != len(names):
            raise Unsaid(f"a column stands twice: {names}")
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on"):
            raise Unsaid(node.sql()[:200])
        parts = ["SELECT DISTINCT" if distinct is not None else "SELECT"]
        parts.append(", ".join(f"{value.text} AS {named(name)}" for name, value in said))
        parts += [f"FROM {source}"] if source else []
        if node.args.get("where") is not None:
            conditions.insert(0, self._truth(node.args["where"].this, scope).text)
        parts += [f"WHERE {' AND '.join(conditions)}"] if conditions else []
        parts += self._grouped(node, scope, [value for _, value in said])
        return " ".join(parts), {name: value.type for name, value in said}

    def _columns(self, node: Any, scope: Scope, keep: set[str] | None) -> list[tuple[str, Said]]:
        found: list[tuple[str, Said]] = []
        for item in node.expressions:
            star = item.this if item.key == "column" else item
            if star.key != "star":
                name = item.alias_or_name.lower() if item.key in ("alias", "column") else f"column{len(found)}"
                if keep is None or name in keep:
                    found.append((name, self.say(item, scope)))
                continue
            if star.args.get("except_") or star.args.get("rename"):
                raise Unsaid(item.sql())
            changed = {entry.alias.lower(): entry.this for entry in star.args.get("replace") or ()}
            columns = scope.all_columns(item.table.lower() if item.key == "column" else "")
            if not set(changed) <= {name for _, name in columns}:
                raise Unsaid(item.sql())
            found += [
                (name, self.say(changed[name], scope) if name in changed else scope.column(alias, name))
                for alias, name in columns
                if keep is None or name in keep
            ]
        return found

    def _grouped(self, node: Any, scope: Scope, said: list[Said]) -> list[str]:
        from sqlglot import exp

        group, parts = node.args.get("group"), []
        if group is not None:
            if group.args.get("all"):
                keys = [v.text for item, v in zip(node.expressions, said, strict=True) if not item.find(exp.AggFunc)]
            else:
                keys = [
                    said[int(key.this) - 1].text if key.key == "literal" else self.say(key, scope).text
                    for key in group.expressions
                ]
            # A constant would be taken for a column's number.
            kept = [key for key in keys if not key.isdigit() and key != "NULL" and not key.startswith("'")]
            parts.append(f"GROUP BY {', '.join(kept)}")
        if node.args.get("having") is not None:
            parts.append(f"HAVING {self._truth(node.args['having'].this, scope).text}")
        return parts

    def _from(self, node: Any, scope: Scope, conditions: list[str]) -> str:
        source = node.args.get("from_")
        if source is None:
            return ""
        text = self._source(source.this, scope)
        for join in node.args.get("joins") or ():
            text += self._join(join, scope, conditions)
        return text

    def _join(self, join: Any, scope: Scope, conditions: list[str]) -> str:
        kind, side = (join.args.get("kind") or "").upper(), (join.args.get("side") or "").upper()
        if (kind, side) in (("SEMI", ""), ("ANTI", "")):
            conditions.append(self._membership(join, scope, kind == "ANTI"))
            return ""
        if kind not in ("", "INNER") or side not in ("", "LEFT") or join.args.get("method"):
            raise Unsaid(join.sql()[:200])
        alias = join.alias_or_name.lower()
        text = self._source(join.this, scope)
        using = [name.name.lower() for name in join.args.get("using") or ()]
        if using:
            pairs = [(self._left(scope, alias, name), scope.column(alias, name)) for name in using]
            on = " AND ".join(self._equal(one, other) for one, other in pairs)
            for name, (one, _) in zip(using, pairs, strict=True):
                scope.merged.setdefault(name, one.text.split(".")[0].strip('"'))
                scope.hidden.add((alias, name))
        else:
            on = self._truth(join.args["on"], scope).text
        return f" {'LEFT ' if side else ''}JOIN {text} ON {on}"

    def _left(self, scope: Scope, alias: str, name: str) -> Said:
        """The column that USING names, of the tables before."""
        tables = {a: c for a, c in scope.tables.items() if a != alias}
        before = Scope(None, tables, scope.merged, names=scope.names, seen=scope.seen)
        return before.column("", name)

    def _equal(self, one: Said, other: Said) -> str:
        (a, b), kind = self.alike([one, other])
        if kind.is_wide:
            raise Unsaid(f"{one.text} = {other.text}")
        return f"{a.text} = {b.text}"

    def _membership(self, join: Any, scope: Scope, anti: bool) -> str:
        """A semi or anti join as a set of keys, which SQLite makes once. Its condition has to be of equal keys."""
        alias, inner = join.alias_or_name.lower(), Scope(seen=self.seen)
        text = self._source(join.this, inner)
        pairs: list[tuple[Said, Said]] = []
        for name in join.args.get("using") or ():
            pairs.append((scope.column("", name.name.lower()), inner.column(alias, name.name.lower())))
        on = join.args.get("on")
        for part in () if on is None else on.flatten() if on.key == "and" else [on]:
            bare = part.unnest()
            if bare.key not in ("eq", "nullsafeeq"):
                raise Unsaid(join.sql()[:200])
            mine, others = (bare.expression, bare.this) if bare.this.table.lower() == alias else (bare.this, bare.expression)
            (one, other), kind = self.alike([self.say(mine, scope), self.say(others, inner)])
            if kind.is_wide:
                raise Unsaid(join.sql()[:200])
            if bare.key == "nullsafeeq":
                pairs.append((Said(f"({one.text} IS NULL)", BOOL), Said(f"({other.text} IS NULL)", BOOL)))
                one, other = (Said(f"coalesce({part.text}, 0)", kind) for part in (one, other))
            pairs.append((one, other))
        mine = ", ".join(one.text for one, _ in pairs)
        held = f"({mine}) IN (SELECT {', '.join(other.text for _, other in pairs)} FROM {text})"
        return f"NOT coalesce({held}, 0)" if anti else held

    def _source(self, node: Any, scope: Scope) -> str:
        """A table, a subquery or VALUES as it stands in FROM; its columns join the scope."""
        alias = node.alias_or_name.lower()
        if node.key == "table":
            name, columns = self._table(node)
            scope.add(alias, columns, name if columns is self.tables.get(name) else "")
            return f"{named(name)} AS {named(alias)}"
        if node.key == "subquery" and node.this.key == "values":
            node = node.this if not node.alias else _aliased(node)
        if node.key == "values":
            return self._values(node, scope)
        if node.key == "subquery" and not (node.alias and node.args["alias"].args.get("columns")):
            text, columns = self.say_query(node.this, None)
            scope.add(alias, columns)
            return f"({text}) AS {named(alias)}"
        raise Unsaid(node.sql()[:200])

    def _table(self, node: Any) -> tuple[str, Columns]:
        schema, name = node.db.lower(), node.name.lower()
        if not schema:
            for made in reversed(self._common):
                if name in made:
                    return name, made[name]
        full = self.full_name(node)
        self.used.add(full)
        return full, self.tables[full]

    def full_name(self, node: Any) -> str:
        """A table by the name that it has here. Raises Unsaid for one that is not there."""
        schema, name = node.db.lower(), node.name.lower()
        full = f"{schema}_{name}" if schema else name
        full = self.same.get(full, full)
        if full not in self.tables:
            raise Unsaid(f"no table {full}")
        return full

    def _values(self, node: Any, scope: Scope) -> str:
        rows = [self.say_all(list(row.expressions), Scope()) for row in node.expressions]
        kinds: list[Type] = []
        for column in zip(*rows, strict=True):
            kind = NULL
            for value in column:
                kind = common(kind, value.type)
            kinds.append(kind)
        names = [column.name.lower() for column in node.args["alias"].args["columns"]]
        told = ", ".join(
            "(" + ", ".join(cast(value, kind).text for value, kind in zip(row, kinds, strict=True)) + ")" for row in rows
        )
        scope.add(node.alias.lower(), dict(zip(names, kinds, strict=True)))
        renamed = ", ".join(f"column{place} AS {named(name)}" for place, name in enumerate(names, 1))
        return f"(SELECT {renamed} FROM (VALUES {told})) AS {named(node.alias.lower())}"


def _aliased(node: Any) -> Any:
    """VALUES in brackets with the alias that stands behind these."""
    inner = node.this.copy()
    inner.set("alias", node.args["alias"].copy())
    return inner
