"""The rules as data: read, checked, versioned. A rule without source, validity, checker or specification is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from itertools import combinations, product
from pathlib import Path

from basis.definition import Override, Parameter, Rule
from basis.rule_files import AMOUNTS, RESULTS, SUBJECTS, is_override, read_override, read_rule
from basis.tables import Table, load_tables
from records.errors import DataFault, NotFound

__all__ = [
    "AMOUNTS", "RESULTS", "SUBJECTS", "Override", "Parameter", "Rule", "Rulebook", "load_rulebook", "read_override",
    "read_rule",
]  # fmt: skip

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Rulebook:
    """All rules, by id and the one that stands first before others of its id; ``version`` changes with any word.

    ``overrides`` change rules in part. ``tables`` are the knowledge tables (None: those shipped).
    """

    rules: tuple[Rule, ...]
    overrides: tuple[Override, ...] = ()
    tables: tuple[Table, ...] | None = None

    @property
    def version(self) -> str:
        """First 12 hex digits of the SHA-256 of all rules, overrides, checks and knowledge tables."""
        parts = [*map(asdict, self.rules), *map(asdict, self.overrides), *map(asdict, self.knowledge)]
        content = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def knowledge(self) -> tuple[Table, ...]:
        """The knowledge tables that checks read."""
        return load_tables() if self.tables is None else self.tables

    def rule(self, rule_id: str) -> Rule:
        """A rule by its id; of several the one that stands first. Raises NotFound."""
        for rule in self.rules:
            if rule.rule_id == rule_id:
                return rule
        raise NotFound(f"There is no rule '{rule_id}': see 'rxpanel basis list'.")

    def only(self, rule_id: str) -> Rulebook:
        """The rulebook of one rule: all rules of that id, their overrides, the same tables. Raises NotFound."""
        self.rule(rule_id)
        kept = tuple(rule for rule in self.rules if rule.rule_id == rule_id)
        return Rulebook(kept, tuple(o for o in self.overrides if rule_id in o.overrides), self.tables)

    def version_of(self, rule_id: str) -> str:
        """Version of one rule: of its text, check, parameters and overrides, whatever the others are."""
        return Rulebook(self.only(rule_id).rules, self.only(rule_id).overrides, ()).version


def load_rulebook(overrides: Path | None = None, tables: Path | None = None) -> Rulebook:
    """The shipped rules and knowledge tables, and a folder of local ones that win without editing the shipped ones.

    A whole rule of the same id stands before the shipped one on the days, in the area and for the groups that it
    names; a partial override changes what stands. Raises DataFault for a file that must not count.
    """
    shipped = [read_rule(path) for path in sorted((_HERE / "rules").glob("*.toml"))]
    local: list[Rule] = []
    partial: list[Override] = []
    for path in sorted(overrides.glob("*.toml")) if overrides is not None else []:
        if is_override(path):
            partial.append(read_override(path))
        else:
            local.append(read_rule(path))
    shipped = [rule for rule in shipped if not any(_replaced(rule, mine) for mine in local)]
    rules = sorted([*local, *shipped], key=_precedence)
    known = {rule.rule_id: {p.name for rule in rules for p in rule.parameters} for rule in rules}
    for override in partial:
        for rule_id in override.overrides:
            if rule_id not in known:
                raise DataFault(f"Override {override.override_id} changes the rule {rule_id}, which does not exist.")
            unknown = sorted({p.name for p in override.parameters} - known[rule_id])
            if unknown:
                raise DataFault(f"Override {override.override_id} sets {unknown[0]}, which {rule_id} does not have.")
    _refuse_contradictions(partial)
    return Rulebook(tuple(rules), tuple(sorted(partial, key=lambda o: o.override_id)), load_tables(tables))


def _refuse_contradictions(overrides: list[Override]) -> None:
    """Raise DataFault for overrides that set one number of a rule differently in the same scope on the same day."""
    for one, other in combinations(overrides, 2):
        rules = sorted(set(one.overrides) & set(other.overrides))
        scopes = [(o.area, set(o.groups), set(o.diseases)) for o in (one, other)]
        if not rules or scopes[0] != scopes[1]:
            continue
        for mine, theirs in product(one.parameters, other.parameters):
            meet = mine.valid_from < theirs.valid_to and theirs.valid_from < mine.valid_to
            if meet and mine.name == theirs.name and mine.value != theirs.value:
                raise DataFault(
                    f"Overrides {one.override_id} and {other.override_id} set {mine.name} of {rules[0]} differently on "
                    f"{max(mine.valid_from, theirs.valid_from)}: let one end before the other begins."
                )


def _replaced(rule: Rule, local: Rule) -> bool:
    """Whether nothing is left of a rule: the local one has its id and scope and all of its days."""
    same = (rule.rule_id, rule.area, rule.groups) == (local.rule_id, local.area, local.groups)
    return same and local.valid_from <= rule.valid_from and local.valid_to >= rule.valid_to


def _precedence(rule: Rule) -> tuple[str, bool, int]:
    """Order of rules of one id: for named groups first, then the narrower area; local ones were put first."""
    return rule.rule_id, not rule.groups, -len(rule.area)
