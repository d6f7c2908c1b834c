"""Local rules in SQL: a rule is asked once for each way it may stand, and each finding is kept where that way holds.

A check names its numbers by ``limit_of('rule-id', name, moment)``. A variant of the rule is the same check with
another id in that place, under which its own numbers stand; what it finds is kept when the institution's area, the
person's groups on the day and the day are those of the variant. So no check knows of areas or groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise

from basis.definition import Override, Parameter, Rule
from basis.rulebook import Rulebook
from records.errors import DataFault

#: More scopes of one rule than this are more than anyone can foresee, and each doubles the ways it may stand.
MOST_SCOPES = 6


@dataclass(frozen=True)
class Scope:
    """Where, for whom and (if not None) on which days something holds."""

    area: str = ""
    groups: tuple[str, ...] = ()
    diseases: tuple[str, ...] = ()
    days: tuple[date, date] | None = None

    def sql(self) -> str:
        """A condition on ``found``, ``place`` and ``insured``, never null."""
        parts = []
        if self.area:
            parts.append(f"starts_with(coalesce(place.admdvs, insured.insu_admdvs, ''), {_text(self.area)})")
        if self.groups:
            codes = ", ".join(_text(group) for group in self.groups)
            parts.append(
                "EXISTS (SELECT 1 FROM person_status AS held WHERE held.psn_no = insured.psn_no "
                f"AND held.psn_idet_type IN ({codes}) AND held.begndate <= found.fee_ocur_time::DATE "
                "AND coalesce(held.enddate, DATE '9999-12-31') >= found.fee_ocur_time::DATE)"
            )
        if self.diseases:
            starts = "|".join(re.escape(prefix) for prefix in self.diseases)
            with_one = (
                f"JOIN diagnosis AS named USING (mdtrt_id) WHERE regexp_matches(named.diag_code, {_text(f'^({starts})')})"
            )
            either = [
                f"(found.{key} IS NOT NULL AND found.{key}::VARCHAR IN (SELECT visit.{key} FROM {table} AS visit {with_one}))"
                for key, table in (("rxno", "prescription"), ("setl_id", "settlement"))
            ]
            parts.append(f"({' OR '.join(either)})")
        if self.days is not None:
            first, last = self.days
            parts.append(f"found.fee_ocur_time >= TIMESTAMP '{first}' AND found.fee_ocur_time < TIMESTAMP '{last}'")
        return " AND ".join(parts) or "TRUE"


@dataclass(frozen=True)
class Variant:
    """One way in which a rule may stand: its text, the id its numbers go by, and when its findings are kept.

    ``numbers`` are (parameter, windows in which a more local one stands instead). ``applied`` are the overrides.
    """

    rule: Rule
    key: str
    sql: str
    condition: str
    numbers: tuple[tuple[Parameter, tuple[tuple[date, date], ...]], ...]
    applied: tuple[Override, ...] = ()

    def basis(self, day: date) -> str:
        """The clause of the rule, and those of what is local and in force on a day, once each."""
        local = [o.clause for o in self.applied if o.valid_from <= day < o.valid_to]
        numbers = [p for p, _ in self.numbers if (p.area or p.groups) and p.valid_from <= day < p.valid_to]
        return "；".join(dict.fromkeys([self.rule.clause, *local, *[p.clause for p in numbers]]))


def variants_of(book: Rulebook, rule_id: str) -> list[Variant]:
    """All ways in which a rule may stand under a rulebook. Raises DataFault for more scopes than can be foreseen."""
    layers = [rule for rule in book.rules if rule.rule_id == rule_id]
    exempt = [o for o in book.overrides if rule_id in o.overrides and o.exempt]
    free = [f"NOT ({_scope(o, (o.valid_from, o.valid_to)).sql()})" for o in exempt]
    found: list[Variant] = []
    for number, rule in enumerate(layers):
        above = [Scope(r.area, r.groups, days=(r.valid_from, r.valid_to)) for r in layers[:number]]
        standing = [Scope(rule.area, rule.groups).sql(), *[f"NOT ({scope.sql()})" for scope in above], *free]
        local = [o for o in book.overrides if rule_id in o.overrides and not o.exempt]
        named = ({_scope(o) for o in local} | _own_scopes(rule)) - {Scope()}
        scopes = sorted(named, key=lambda scope: (scope.area, scope.groups, scope.diseases))
        if len(scopes) > MOST_SCOPES:
            raise DataFault(f"The rule {rule_id} has {len(scopes)} local scopes: join them into at most {MOST_SCOPES}.")
        for chosen in _compatible(scopes):
            others = [scope for scope in scopes if scope not in chosen]
            holds = [scope.sql() for scope in chosen] + [f"NOT ({scope.sql()})" for scope in others]
            key = f"{rule_id}#{len(found)}" if found or chosen else rule_id
            sql = rule.sql if key == rule_id else _renamed(rule.sql, rule_id, key)
            condition = " AND ".join(part for part in (*standing, *holds) if part != "TRUE")
            applied = tuple(o for o in local if _scope(o) in (Scope(), *chosen))
            found.append(Variant(rule, key, sql, condition, _numbers(rule, chosen, applied), applied))
    return found


def limits_sql(variants: Iterable[Variant]) -> str:
    """The macro ``limit_of(rule, name, moment)``: the largest number in force then, null without one."""
    cases = ["NULL::DOUBLE", "NULL::DOUBLE"]
    for variant in variants:
        for number, stronger in variant.numbers:
            windows = [f"NOT ({_within(first, last)})" for first, last in stronger]
            holds = " AND ".join([_within(number.valid_from, number.valid_to), *windows])
            cases.append(
                f"CASE WHEN of_rule = {_text(variant.key)} AND of_name = {_text(number.name)} AND {holds} "
                f"THEN {float(number.value)!r}::DOUBLE END"
            )
    return f"CREATE OR REPLACE TEMP MACRO limit_of(of_rule, of_name, on_day) AS greatest({', '.join(cases)})"


def _scope(override: Override, days: tuple[date, date] | None = None) -> Scope:
    return Scope(override.area, override.groups, override.diseases, days)


def _own_scopes(rule: Rule) -> set[Scope]:
    return {Scope(p.area, p.groups) for p in rule.parameters if p.area or p.groups}


def _compatible(scopes: list[Scope]) -> list[tuple[Scope, ...]]:
    """Sets of scopes that can hold at once: areas of which each lies in the next; the empty set first."""
    sets = [chosen for size in range(len(scopes) + 1) for chosen in combinations(scopes, size)]
    return [chosen for chosen in sets if _nested(sorted({scope.area for scope in chosen}, key=len))]


def _nested(areas: list[str]) -> bool:
    return all(longer.startswith(shorter) for shorter, longer in pairwise(areas))


def _numbers(
    rule: Rule, chosen: tuple[Scope, ...], applied: tuple[Override, ...]
) -> tuple[tuple[Parameter, tuple[tuple[date, date], ...]], ...]:
    """Numbers in force, each with the windows in which a more local one of its name stands instead."""
    held = [p for p in rule.parameters if Scope(p.area, p.groups) in (Scope(), *chosen)]
    ranked: dict[tuple[bool, bool, int], list[Parameter]] = {}
    for p in held:
        ranked.setdefault((False, bool(p.groups), len(p.area)), []).append(p)
    for override in applied:
        ranked.setdefault((True, bool(override.groups or override.diseases), len(override.area)), []).extend(
            override.parameters
        )
    stronger: dict[str, tuple[tuple[date, date], ...]] = {}
    found = []
    for rank in sorted(ranked, reverse=True):
        found += [(p, stronger.get(p.name, ())) for p in ranked[rank]]
        for p in ranked[rank]:
            stronger[p.name] = (*stronger.get(p.name, ()), (p.valid_from, p.valid_to))
    return tuple(found)


def _renamed(sql: str, rule_id: str, key: str) -> str:
    return re.sub(rf"(limit_of\s*\(\s*)'{re.escape(rule_id)}'", rf"\g<1>'{key}'", sql)


def _within(first: date, last: date) -> str:
    return f"on_day >= TIMESTAMP '{first}' AND on_day < TIMESTAMP '{last}'"


def _text(value: str) -> str:
    """A text of the rulebook as SQL has it: a macro takes no parameters."""
    return "'" + value.replace("'", "''") + "'"
