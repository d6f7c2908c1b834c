"""Operators, literals and branches of the house's SQL, said in SQLite with DuckDB's types."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from records.lite.casts import NOTHING, Said, call, cast, quoted_text
from records.lite.scope import Scope
from records.lite.types import (
    BIG,
    BOOL,
    DOUBLE,
    INT,
    NULL,
    STRUCT,
    TEXT,
    Type,
    Unsaid,
    added,
    common,
    decimal,
    multiplied,
    of_tree,
)

_COMPARED = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FALSE, _TRUE = Said("0", BOOL, False), Said("1", BOOL, True)


class Operators(ABC):
    """Expressions by their kind; a kind without a method is refused."""

    def say(self, node: Any, scope: Scope) -> Said:
        """An expression. Raises Unsaid for what has no exact counterpart."""
        if node.key in _COMPARED:
            return self._comparison(node, scope)
        method = getattr(self, f"_{node.key}", None)
        if method is None:
            raise Unsaid(f"{type(node).__name__}: {node.sql(dialect='duckdb')[:200]}")
        found: Said = method(node, scope)
        return found

    def say_all(self, nodes: list[Any], scope: Scope) -> list[Said]:
        """Several expressions."""
        return [self.say(node, scope) for node in nodes]

    def alike(self, parts: list[Said]) -> tuple[list[Said], Type]:
        """Values of one column or comparison in their common type."""
        kind = NULL
        for part in parts:
            kind = common(kind, _seen(part))
        return [cast(part, kind) for part in parts], kind

    def _column(self, node: Any, scope: Scope) -> Said:
        if node.args.get("db") or node.this.key == "star":
            raise Unsaid(node.sql())
        return scope.column(node.table.lower(), node.name.lower())

    def _literal(self, node: Any, _: Scope) -> Said:
        if node.is_string:
            return Said(quoted_text(node.this), TEXT, node.this)
        if node.this.isdigit():
            value = int(node.this)
            if value >= 2**63:
                raise Unsaid(node.this)
            return Said(node.this, INT if value < 2**31 else BIG, value)
        whole, dot, part = node.this.partition(".")
        if not dot or not (whole + part).isdigit():
            return Said(repr(float(node.this)), DOUBLE)
        digits = int(whole + part)
        return Said(str(digits), decimal(max(len(whole.lstrip("0") or "0") + len(part), len(part) + 1), len(part)), digits)

    def _null(self, _: Any, __: Scope) -> Said:
        return Said("NULL", NULL, None)

    def _boolean(self, node: Any, _: Scope) -> Said:
        return _TRUE if node.this else _FALSE

    def _paren(self, node: Any, scope: Scope) -> Said:
        inner = self.say(node.this, scope)
        return replace(inner, text=f"({inner.text})") if inner.const is NOTHING else inner

    def _alias(self, node: Any, scope: Scope) -> Said:
        return self.say(node.this, scope)

    def _cast(self, node: Any, scope: Scope) -> Said:
        return cast(self.say(node.this, scope), of_tree(node.to))

    def _trycast(self, node: Any, scope: Scope) -> Said:
        return cast(self.say(node.this, scope), of_tree(node.to), trying=True)

    def _and(self, node: Any, scope: Scope) -> Said:
        parts = []
        for part in node.flatten():
            found = self._truth(part, scope)
            if found.const is False:
                return _FALSE
            if found.const is not True:
                parts.append(found.text)
        return Said(f"({' AND '.join(parts)})", BOOL) if parts else _TRUE

    def _or(self, node: Any, scope: Scope) -> Said:
        return Said(f"({' OR '.join(self._truth(part, scope).text for part in node.flatten())})", BOOL)

    def _not(self, node: Any, scope: Scope) -> Said:
        return Said(f"(NOT {self._truth(node.this, scope).text})", BOOL)

    def _truth(self, node: Any, scope: Scope) -> Said:
        found = self.say(node, scope)
        if found.type not in (BOOL, NULL):
            raise Unsaid(f"{found.type.kind} as a condition: {node.sql()[:200]}")
        return found

    def _comparison(self, node: Any, scope: Scope) -> Said:
        (one, other), kind = self.alike(self.say_all([node.this, node.expression], scope))
        sign = _COMPARED[node.key]
        if kind == TEXT and NOTHING not in (one.const, other.const) and sign == "=":
            return _TRUE if one.const == other.const else _FALSE
        if kind.is_wide:
            return Said(f"({call('x_compare', one.text, other.text)} {sign} 0)", BOOL)
        return Said(f"({one.text} {sign} {other.text})", BOOL)

    def _nullsafeeq(self, node: Any, scope: Scope) -> Said:
        (one, other), _ = self.alike(self.say_all([node.this, node.expression], scope))
        return Said(f"({one.text} IS {other.text})", BOOL)

    def _is(self, node: Any, scope: Scope) -> Said:
        if node.expression.key != "null":
            raise Unsaid(node.sql())
        return Said(f"({self.say(node.this, scope).text} IS NULL)", BOOL)

    def _between(self, node: Any, scope: Scope) -> Said:
        parts, kind = self.alike(self.say_all([node.this, node.args["low"], node.args["high"]], scope))
        if kind.is_wide:
            raise Unsaid(node.sql())
        return Said("({} BETWEEN {} AND {})".format(*(part.text for part in parts)), BOOL)

    def _in(self, node: Any, scope: Scope) -> Said:
        if node.args.get("query"):
            inner, columns = self.say_query(node.args["query"].this, scope)
            one = self.say(node.this, scope)
            if [one.type] != list(columns.values()):
                raise Unsaid(node.sql())
            return Said(f"({one.text} IN ({inner}))", BOOL)
        (one, *others), kind = self.alike(self.say_all([node.this, *node.expressions], scope))
        if kind.is_wide:
            raise Unsaid(node.sql())
        return Said(f"({one.text} IN ({', '.join(part.text for part in others)}))", BOOL)

    def _exists(self, node: Any, scope: Scope) -> Said:
        return Said(f"(EXISTS ({self.say_query(node.this, scope)[0]}))", BOOL)

    def _subquery(self, node: Any, scope: Scope) -> Said:
        inner, columns = self.say_query(node.this, scope)
        ((_, kind),) = columns.items()
        return Said(f"({inner})", kind)

    @abstractmethod
    def say_query(self, node: Any, scope: Scope | None) -> tuple[str, dict[str, Type]]:
        """A query inside an expression, with its columns."""

    def _like(self, node: Any, scope: Scope) -> Said:
        one, other = self.say_all([node.this, node.expression], scope)
        return Said(f"({_text(one)} {'NOT ' if node.args.get('negate') else ''}LIKE {_text(other)})", BOOL)

    def _dpipe(self, node: Any, scope: Scope) -> Said:
        one, other = self.say_all([node.this, node.expression], scope)
        return Said(f"({_text(one)} || {_text(other)})", TEXT)

    def _case(self, node: Any, scope: Scope) -> Said:
        subject = node.args.get("this")
        asked, given = [], []
        for branch in node.args["ifs"]:
            if subject is None:
                asked.append(self._truth(branch.this, scope))
            else:
                (one, other), _ = self.alike(self.say_all([subject, branch.this], scope))
                asked.append(Said(f"({one.text} = {other.text})", BOOL))
            given.append(Said("NULL", NULL, None) if asked[-1].const is False else self.say(branch.args["true"], scope))
        default = self.say(node.args["default"], scope) if node.args.get("default") is not None else Said("NULL", NULL, None)
        kept = [(when, then) for when, then in zip(asked, given, strict=True) if when.const is not False]
        if not kept:
            return default
        (*thens, last), kind = self.alike([*(then for _, then in kept), default])
        arms = " ".join(f"WHEN {when.text} THEN {then.text}" for (when, _), then in zip(kept, thens, strict=True))
        return Said(f"CASE {arms} ELSE {last.text} END", kind)

    def _struct(self, node: Any, scope: Scope) -> Said:
        parts = []
        for entry in node.expressions:
            value = self.say(entry.expression, scope)
            parts += [quoted_text(entry.this.name), _in_json(value)]
        return Said(call("json_object", *parts), STRUCT)

    def _neg(self, node: Any, scope: Scope) -> Said:
        one = self.say(node.this, scope)
        if one.type.is_wide or one.type.kind not in ("int", "decimal", "double"):
            raise Unsaid(node.sql())
        return Said(f"(-{one.text})", one.type)

    def _add(self, node: Any, scope: Scope) -> Said:
        return self._added(node, scope, "+", "x_plus")

    def _sub(self, node: Any, scope: Scope) -> Said:
        one, other = self.say_all([node.this, node.expression], scope)
        if one.type.kind == other.type.kind == "date":
            return Said(f"({one.text} - {other.text})", BIG)
        return self._added(node, scope, "-", "x_minus")

    def _added(self, node: Any, scope: Scope, sign: str, function: str) -> Said:
        one, other = self.say_all([node.this, node.expression], scope)
        kind = added(_seen(one), _seen(other))
        if kind.kind not in ("int", "decimal", "double"):
            raise Unsaid(node.sql())
        held = kind if kind.kind != "decimal" else decimal(38 if kind.is_wide else 18, kind.scale)
        one, other = cast(one, held), cast(other, held)
        if kind == DOUBLE or (kind.kind == "int" and kind.width < 64) or (kind.kind == "decimal" and not kind.is_wide):
            return Said(f"({one.text} {sign} {other.text})", kind)
        return _exactly(function, one, other, kind)

    def _mul(self, node: Any, scope: Scope) -> Said:
        one, other = self.say_all([node.this, node.expression], scope)
        kind = multiplied(_seen(one), _seen(other))
        if kind == DOUBLE:
            return Said(f"({cast(one, DOUBLE).text} * {cast(other, DOUBLE).text})", DOUBLE)
        if kind.kind not in ("int", "decimal"):
            raise Unsaid(node.sql())
        if 1 in (one.const, other.const) and bool not in (type(one.const), type(other.const)):
            return Said(other.text if one.const == 1 else one.text, kind)
        tenfold = _tenfold(one, other)
        if not kind.is_wide and _bound(one) * _bound(other) < 2**63:
            return Said(f"({one.text} * {other.text})", kind, tenfold=tenfold)
        return replace(_exactly("x_times", one, other, kind), tenfold=tenfold)

    def _div(self, node: Any, scope: Scope) -> Said:
        one, other = (cast(part, DOUBLE) for part in self.say_all([node.this, node.expression], scope))
        return Said(call("x_divide", one.text, other.text), DOUBLE)

    def _intdiv(self, node: Any, scope: Scope) -> Said:
        (one, other), kind = self.alike(self.say_all([node.this, node.expression], scope))
        if kind.kind != "int":
            raise Unsaid(node.sql())
        return Said(call("x_whole", one.text, other.text), kind)


def _seen(part: Said) -> Type:
    """The type of a value among others: a written integer is as short as it can be."""
    if isinstance(part.const, int) and not isinstance(part.const, bool) and part.type.kind == "int":
        return Type("int", next(bits for bits in (8, 16, 32, 64) if operator.lt(abs(part.const), 2 ** (bits - 1))))
    return part.type


def _bound(part: Said) -> int:
    """What the integers that stand for a value do not pass."""
    if part.const is not NOTHING:
        return abs(int(part.const))
    return 10**part.type.width if part.type.kind == "decimal" else int(2 ** (part.type.width - 1))


def _tenfold(one: Said, other: Said) -> tuple[str, int] | None:
    """The first of two factors and n, where the second is the integer ten to the n."""
    if other.const is NOTHING or other.type.kind != "int" or str(other.const).strip("0") != "1":
        return None
    return one.text, len(str(other.const)) - 1


def _exactly(function: str, one: Said, other: Said, kind: Type) -> Said:
    """The result of an exact function: an error where its type has 64 bits and they do not hold it."""
    return Said(call(function if kind.is_wide else f"{function}_64", one.text, other.text), kind)


def _text(part: Said) -> str:
    if part.type not in (TEXT, NULL):
        raise Unsaid(f"{part.type.kind} where a text belongs: {part.text[:200]}")
    return part.text


def _in_json(value: Said) -> str:
    """A field of a struct as DuckDB's JSON has it."""
    if value.type.kind == "bool":
        return f"json(CASE {value.text} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
    if value.type.is_wide and value.type.kind == "int":
        return f"json(CAST({value.text} AS TEXT))"
    if value.type.kind in ("int", "text", "null"):
        return value.text
    raise Unsaid(f"a field of the type {value.type.kind}")
