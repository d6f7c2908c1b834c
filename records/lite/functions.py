"""Functions, aggregates and windows of the house's SQL, said in SQLite with DuckDB's types."""

from __future__ import annotations

from typing import Any

from records.lite.casts import Said, call, cast
from records.lite.operators import Operators, _text
from records.lite.scope import Scope
from records.lite.types import BIG, BOOL, DATE, DOUBLE, HUGE, STRUCT, TEXT, TIME, Type, Unsaid, decimal

_HOUR, _MINUTE, _SECOND = 3_600_000_000, 60_000_000, 1_000_000


class Functions(Operators):
    """Calls by their name; a name without a method is refused."""

    def __init__(self) -> None:
        self.macros: dict[str, tuple[list[str], Any]] = {}

    def _anonymous(self, node: Any, scope: Scope) -> Said:
        name = node.name.lower()
        if name == "to_json":
            (one,) = self.say_all(node.expressions, scope)
            if one.type == STRUCT:
                return Said(one.text, TEXT)
        if name not in self.macros:
            raise Unsaid(node.sql()[:200])
        names, body = self.macros[name]
        places = dict(zip(names, self.say_all(node.expressions, scope), strict=True))
        return self.say(body, Scope(places=places))

    def _coalesce(self, node: Any, scope: Scope) -> Said:
        parts, kind = self.alike(self.say_all([node.this, *node.expressions], scope))
        return Said(call("coalesce", *(part.text for part in parts)), kind)

    def _nullif(self, node: Any, scope: Scope) -> Said:
        (one, other), kind = self.alike(self.say_all([node.this, node.expression], scope))
        if kind.is_wide:
            raise Unsaid(node.sql())
        return Said(call("nullif", one.text, other.text), kind)

    def _greatest(self, node: Any, scope: Scope) -> Said:
        return self._extreme(node, scope, "x_greatest")

    def _least(self, node: Any, scope: Scope) -> Said:
        return self._extreme(node, scope, "x_least")

    def _extreme(self, node: Any, scope: Scope, function: str) -> Said:
        parts, kind = self.alike(self.say_all([node.this, *node.expressions], scope))
        kept = [part for part in parts if not part.is_null]
        if len(kept) < 2:
            return kept[0] if kept else Said("NULL", kind, None)
        return Said(call(f"{function}_wide" if kind.is_wide else function, *(part.text for part in kept)), kind)

    def _abs(self, node: Any, scope: Scope) -> Said:
        one = self.say(node.this, scope)
        if one.type.is_wide:
            return Said(call("x_abs", one.text), one.type)
        return Said(call("abs", one.text), one.type)

    def _floor(self, node: Any, scope: Scope) -> Said:
        return self._whole(node, scope, "x_floor")

    def _ceil(self, node: Any, scope: Scope) -> Said:
        return self._whole(node, scope, "x_ceil")

    def _whole(self, node: Any, scope: Scope, function: str) -> Said:
        one = self.say(node.this, scope)
        if one.type.kind == "decimal":
            return Said(call(function, one.text, one.type.scale), decimal(one.type.width, 0))
        return Said(call(f"{function}_double", cast(one, DOUBLE).text), DOUBLE)

    def _round(self, node: Any, scope: Scope) -> Said:
        one = self.say(node.this, scope)
        places = int(node.args["decimals"].this) if node.args.get("decimals") is not None else 0
        if one.type.kind == "decimal":
            if places > one.type.scale:
                raise Unsaid(node.sql())
            to = decimal(one.type.width, places)
            return Said(call("x_rescale", one.text, places - one.type.scale, to.width + 1), to)
        return Said(call("x_round", cast(one, DOUBLE).text, places), DOUBLE)

    def _lower(self, node: Any, scope: Scope) -> Said:
        return Said(call("x_lower", _text(self.say(node.this, scope))), TEXT)

    def _trim(self, node: Any, scope: Scope) -> Said:
        if node.args.get("expression") is not None or node.args.get("position"):
            raise Unsaid(node.sql())
        return Said(call("trim", _text(self.say(node.this, scope))), TEXT)

    def _length(self, node: Any, scope: Scope) -> Said:
        return Said(call("length", _text(self.say(node.this, scope))), BIG)

    def _replace(self, node: Any, scope: Scope) -> Said:
        parts = self.say_all([node.this, node.expression, node.args["replacement"]], scope)
        return Said(call("replace", *map(_text, parts)), TEXT)

    def _translate(self, node: Any, scope: Scope) -> Said:
        one, chars, others = self.say_all([node.this, node.args["from_"], node.args["to"]], scope)
        if others.const != "":
            raise Unsaid(node.sql())
        return Said(call("x_without", _text(one), _text(chars)), TEXT)

    def _substring(self, node: Any, scope: Scope) -> Said:
        parts = self.say_all([node.this, node.args["start"], node.args["length"]], scope)
        if not all(isinstance(part.const, int) and part.const > 0 for part in parts[1:]):
            raise Unsaid(node.sql())
        return Said(call("substr", _text(parts[0]), parts[1].text, parts[2].text), TEXT)

    def _startswith(self, node: Any, scope: Scope) -> Said:
        one, start = map(_text, self.say_all([node.this, node.expression], scope))
        return Said(f"(substr({one}, 1, length({start})) = {start})", BOOL)

    def _contains(self, node: Any, scope: Scope) -> Said:
        one, part = map(_text, self.say_all([node.this, node.expression], scope))
        return Said(f"(instr({one}, {part}) > 0)", BOOL)

    def _strposition(self, node: Any, scope: Scope) -> Said:
        one, part = map(_text, self.say_all([node.this, node.args["substr"]], scope))
        return Said(call("instr", one, part), BIG)

    def _regexplike(self, node: Any, scope: Scope) -> Said:
        from records.lite.values import matches

        one, pattern = self.say_all([node.this, node.expression], scope)
        if isinstance(pattern.const, str):
            matches("", pattern.const)
        return Said(call("x_matches", _text(one), _text(pattern)), BOOL)

    def _hour(self, node: Any, scope: Scope) -> Said:
        return self._clock(node, scope, _HOUR, 24)

    def _minute(self, node: Any, scope: Scope) -> Said:
        return self._clock(node, scope, _MINUTE, 60)

    def _second(self, node: Any, scope: Scope) -> Said:
        return self._clock(node, scope, _SECOND, 60)

    def _clock(self, node: Any, scope: Scope, unit: int, size: int) -> Said:
        one = self.say(node.this, scope)
        if one.type != TIME:
            raise Unsaid(node.sql())
        return Said(call("x_clock", one.text, unit, size), BIG)

    def _year(self, node: Any, scope: Scope) -> Said:
        one = self.say(node.this, scope)
        if one.type.kind not in ("date", "time"):
            raise Unsaid(node.sql())
        return Said(call("x_year", cast(one, DATE).text), BIG)

    def _count(self, node: Any, scope: Scope) -> Said:
        if node.this.key == "star":
            return Said("count(*)", BIG)
        if node.this.key == "distinct":
            (one,) = self.say_all(node.this.expressions, scope)
            return Said(f"count(DISTINCT {one.text})", BIG)
        return Said(call("count", self.say(node.this, scope).text), BIG)

    def _sum_type(self, one: Said, node: Any) -> Type:
        kinds = {"int": HUGE, "double": DOUBLE, "decimal": decimal(38, one.type.scale)}
        if one.type.kind not in kinds:
            raise Unsaid(node.sql())
        return kinds[one.type.kind]

    def _sum(self, node: Any, scope: Scope) -> Said:
        one = self.say(node.this, scope)
        return Said(call("sum", _narrowed(one)), self._sum_type(one, node))

    def _max(self, node: Any, scope: Scope) -> Said:
        return self._aggregate(node, scope, "max")

    def _min(self, node: Any, scope: Scope) -> Said:
        return self._aggregate(node, scope, "min")

    def _aggregate(self, node: Any, scope: Scope, function: str) -> Said:
        if node.expressions:
            raise Unsaid(node.sql())
        one = self.say(node.this, scope)
        return Said(call(function, _narrowed(one)), one.type)

    def _logicalor(self, node: Any, scope: Scope) -> Said:
        return Said(call("max", self._truth(node.this, scope).text), BOOL)

    def _logicaland(self, node: Any, scope: Scope) -> Said:
        return Said(call("min", self._truth(node.this, scope).text), BOOL)

    def _groupconcat(self, node: Any, scope: Scope) -> Said:
        inner = node.this
        if inner.key != "order" or len(inner.expressions) != 1 or inner.expressions[0].args.get("desc"):
            raise Unsaid(node.sql())
        one, key = self.say_all([inner.this, inner.expressions[0].this], scope)
        separator = self.say(node.args["separator"], scope)
        if key.type.kind not in ("text", "int") or key.type.is_wide:
            raise Unsaid(node.sql())
        return Said(call("x_joined", _text(one), _text(separator), key.text), TEXT)

    def _filter(self, node: Any, scope: Scope) -> Said:
        one, only = self.say(node.this, scope), self._truth(node.expression.this, scope)
        return Said(f"{one.text} FILTER (WHERE {only.text})", one.type)

    def _rownumber(self, _: Any, __: Scope) -> Said:
        return Said("row_number()", BIG)

    def _lag(self, node: Any, scope: Scope) -> Said:
        offset = self.say(node.args["offset"], scope) if node.args.get("offset") is not None else Said("1", BIG, 1)
        if node.args.get("default") is not None or not isinstance(offset.const, int):
            raise Unsaid(node.sql())
        one = self.say(node.this, scope)
        return Said(call("lag", one.text, offset.text), one.type)

    def _window(self, node: Any, scope: Scope) -> Said:
        if node.args.get("alias") is not None or node.this.key in (
            "ignorenulls",
            "respectnulls",
            "groupconcat",
            "count_distinct",
        ):
            raise Unsaid(node.sql())
        one = self.say(node.this, scope)
        parts = []
        if node.args.get("partition_by"):
            parts.append("PARTITION BY " + ", ".join(p.text for p in self.say_all(node.args["partition_by"], scope)))
        if node.args.get("order") is not None:
            parts.append(self.say_order(node.args["order"], scope))
        if node.args.get("spec") is not None:
            parts.append(_frame(node.args["spec"]))
        return Said(f"{one.text} OVER ({' '.join(parts)})", one.type)

    def say_order(self, node: Any, scope: Scope) -> str:
        """An ORDER BY; nulls where DuckDB has them, last unless it is said otherwise."""
        parts = []
        for entry in node.expressions:
            one = self.say(entry.this, scope)
            parts.append(
                f"{_narrowed(one)}{' DESC' if entry.args.get('desc') else ''} "
                f"NULLS {'FIRST' if entry.args.get('nulls_first') else 'LAST'}"
            )
        return "ORDER BY " + ", ".join(parts)


def _narrowed(one: Said) -> str:
    """A value that SQLite can order and add: what passes 64 bits is an error."""
    return call("x_fit", one.text, 64) if one.type.is_wide else one.text


def _frame(spec: Any) -> str:
    """A frame of rows, as it is written. Frames of ranges are not foreseen."""
    said = spec.sql()
    if spec.args.get("kind") != "ROWS" or spec.args.get("exclude"):
        raise Unsaid(said)
    return str(said)
