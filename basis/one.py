"""One prescription alone: the rules that the person's own records decide, by the same definitions, planned once.

What a quarter's run asks of tables is asked here of one person's rows, in SQLite (``records.single``). Rules that need other
persons' records (a trace code settled for somebody else) are left out, and so are knowledge points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from basis.find import COLUMNS, finding, query_of, span_of
from basis.rulebook import Rule, Rulebook
from basis.variants import limits_sql, variants_of
from records.periods import Quarter
from records.single import Given, OnePerson

_NAMES = [column.split(" ")[0] for column in COLUMNS.split(", ") if not column.startswith("2)")]


def is_alone(rule: Rule) -> bool:
    """Whether one person's own records decide a rule."""
    if rule.alone is not None:
        return rule.alone
    return rule.subject in ("prescription", "person")


class Desk:
    """A checker of single prescriptions; making one plans all its rules, each check then takes milliseconds.

    ``supplied(name)`` says whether the source has a table or column at all (``Snapshot.has``): rules whose needs it
    lacks are off, as in a run. Raises records.lite.types.Unsaid for a rule whose SQL SQLite cannot be given with the same
    meaning. Not to be shared between threads.
    """

    def __init__(self, book: Rulebook, quarter: Quarter, supplied: Callable[[str], bool] | None = None) -> None:
        self._version = book.version
        ids = [rule_id for rule_id in dict.fromkeys(r.rule_id for r in book.rules) if _decides(book.rule(rule_id), supplied)]
        self.rule_ids = tuple(ids)
        variants = [variant for rule_id in ids for variant in variants_of(book, rule_id)]
        self._variants = {variant.key: variant for variant in variants}
        knowledge = [(table.name, table.columns, table.rows) for table in book.knowledge]
        queries = [(query_of(variant), span_of(variant, quarter.begin, quarter.as_of)) for variant in variants]
        self._person = OnePerson(quarter, knowledge, limits_sql(variants), queries)

    def check(self, rxno: str, given: Given) -> list[dict[str, Any]]:
        """Findings on a prescription and on its person, with the contract's columns, by rule and fee line.

        ``given`` has the prescription, its lines as they are (or would be) settled, and whatever of the person's
        history there is, by the contract's tables; also the drugs, doctors and institutions that they name.
        """
        mine = [row for row in self._person.ask(given) if row["rxno"] in (None, rxno)]
        made = [dict(zip(_NAMES, self._finding(row), strict=True)) for row in mine]
        return sorted(made, key=lambda row: (row["rule_id"], row["feedetl_sn"] or "", row["vola_evid"]))

    def _finding(self, row: dict[str, Any]) -> tuple[Any, ...]:
        variant = self._variants[row["variant"]]
        return finding(variant, row, variant.basis(row["fee_ocur_time"].date()), self._version)


def _decides(rule: Rule, supplied: Callable[[str], bool] | None) -> bool:
    there = supplied is None or all(any(supplied(name) for name in need.split("|")) for need in rule.needs)
    return is_alone(rule) and there
