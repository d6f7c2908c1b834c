"""The rules as data: read, checked, versioned. A rule without source, validity, checker or specification is refused."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from records.contract import load_contract
from records.errors import DataFault, NotFound

_HERE = Path(__file__).parent
RESULTS, AMOUNTS = ("definite", "suspicious"), ("whole_line", "above_limit", "none")
SUBJECTS = ("prescription", "person", "practitioner", "institution")
_TEXTS = ("zh", "en", "clause", "source", "checked_by", "evidence_zh", "evidence_en")


@dataclass(frozen=True)
class Parameter:
    """A dated number of a rule, [valid_from, valid_to), with the clause it rests on."""

    name: str
    value: float
    valid_from: date
    valid_to: date
    clause: str


@dataclass(frozen=True)
class Rule:
    """One rule: what it says, on what it rests, and the check that decides it."""

    rule_id: str
    zh: str
    en: str
    item_codes: str
    fund_codes: str
    result_type: str
    stage: str
    subject: str
    population: str
    check: str
    needs: tuple[str, ...]
    amount: str
    clause: str
    source: str
    valid_from: date
    valid_to: date
    checked_by: str
    evidence_zh: str
    evidence_en: str
    national_no: int | None = None
    gz_code: str | None = None
    parameters: tuple[Parameter, ...] = ()
    sql: str = field(default="", repr=False)


@dataclass(frozen=True)
class Rulebook:
    """All rules in force, by id; ``version`` changes with any word of any of them."""

    rules: tuple[Rule, ...]

    @property
    def version(self) -> str:
        """First 12 hex digits of the SHA-256 of all rules, checks included."""
        content = json.dumps([asdict(rule) for rule in self.rules], sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def rule(self, rule_id: str) -> Rule:
        """A rule by its id. Raises NotFound."""
        for rule in self.rules:
            if rule.rule_id == rule_id:
                return rule
        raise NotFound(f"There is no rule '{rule_id}': see 'rxpanel basis list'.")


def read_rule(path: Path) -> Rule:
    """Read a rule file. Raises DataFault, one sentence, for a rule that must not count."""
    try:
        entry: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise DataFault(f"{path.name} is not a readable rule file: {error}.") from error
    parameters = tuple(_parameter(path, p) for p in entry.pop("parameter", []))
    try:
        entry["needs"] = tuple(entry["needs"])
        rule = Rule(**entry, parameters=parameters)
    except (KeyError, TypeError) as error:
        raise DataFault(f"{path.name} lacks or does not know a line of a rule: {error}.") from error
    _refuse_unfounded(rule, path)
    check = next((p for p in (path.parent / f"{rule.check}.sql", _HERE / "checks" / f"{rule.check}.sql") if p.exists()), None)
    if check is None:
        raise DataFault(f"{path.name} names the check {rule.check}, which does not exist.")
    return Rule(**{**asdict(rule), "parameters": parameters, "needs": rule.needs, "sql": check.read_text(encoding="utf-8")})


def _parameter(path: Path, entry: dict[str, Any]) -> Parameter:
    try:
        parameter = Parameter(**entry)
    except TypeError as error:
        raise DataFault(f"{path.name} has a parameter without value, dates or clause: {error}.") from error
    first, last = (date.fromisoformat(str(day)) for day in (parameter.valid_from, parameter.valid_to))
    if not parameter.clause or last <= first:
        raise DataFault(f"{path.name}: parameter {parameter.name} needs a clause and a validity that ends after it begins.")
    return Parameter(parameter.name, parameter.value, first, last, parameter.clause)


def _refuse_unfounded(rule: Rule, path: Path) -> None:
    for name in _TEXTS:
        if not getattr(rule, name):
            raise DataFault(f"{path.name} has no {name}: a rule without it does not count.")
    if rule.valid_to <= rule.valid_from:
        raise DataFault(f"{path.name} ends before it begins.")
    for value, allowed in ((rule.result_type, RESULTS), (rule.amount, AMOUNTS), (rule.subject, SUBJECTS)):
        if value not in allowed:
            raise DataFault(f"{path.name}: '{value}' is none of {', '.join(allowed)}.")
    for need in rule.needs:
        if not all(load_contract().has(name) for name in need.split("|")):
            raise DataFault(f"{path.name} needs {need}, which the contract does not have.")
    specs = (path.parent / f"{rule.rule_id}.txt", _HERE / "specs" / f"{rule.rule_id}.txt")
    if not any(spec.exists() for spec in specs):
        raise DataFault(f"{path.name} has no drawn-table specification {rule.rule_id}.txt.")


def load_rulebook(overrides: Path | None = None) -> Rulebook:
    """The shipped rules; a rule file of the same id in ``overrides`` wins without editing the shipped one."""
    rules = {path.stem: read_rule(path) for path in sorted((_HERE / "rules").glob("*.toml"))}
    if overrides is not None:
        for path in sorted(overrides.glob("*.toml")):
            rule = read_rule(path)
            rules[rule.rule_id] = rule
    return Rulebook(tuple(rules[name] for name in sorted(rules)))
