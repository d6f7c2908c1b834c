"""Reading rule files: what must not count is refused in one sentence."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import MISSING, fields
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

from basis.check_sql import read_check, refuse_numbers_unasked
from basis.definition import Override, Parameter, Rule
from records.contract import load_contract
from records.errors import DataFault

_HERE = Path(__file__).parent
#: No number of a rule (days, times, yuan, grams, per cent) is larger.
MOST_VALUE = 1_000_000_000
RESULTS, AMOUNTS = ("definite", "suspicious"), ("whole_line", "above_limit", "none")
SUBJECTS = ("prescription", "person", "practitioner", "institution")
_TEXTS = ("zh", "en", "clause", "source", "checked_by", "evidence_zh", "evidence_en")
_OF_OVERRIDE = ("override_id", "zh", "en", "clause", "source", "checked_by")


def read_rule(path: Path) -> Rule:
    """Read a rule file. Raises DataFault, one sentence, for a rule that must not count."""
    entry = _entry(path)
    parameters = tuple(_parameter(path, p) for p in entry.pop("parameter", []))
    _refuse_lines(Rule, entry, path)
    try:
        if isinstance(entry["needs"], str):
            entry["needs"] = [entry["needs"]]
        entry["needs"] = tuple(entry["needs"])
        entry["groups"] = tuple(entry.get("groups", ()))
        rule = Rule(**entry, parameters=parameters)
    except (KeyError, TypeError) as error:
        raise DataFault(f"{path.name} lacks or does not know a line of a rule: {error}.") from error
    _refuse_unfounded(rule, path)
    check = next((p for p in (path.parent / f"{rule.check}.sql", _HERE / "checks" / f"{rule.check}.sql") if p.exists()), None)
    if check is None:
        raise DataFault(f"{path.name} names the check {rule.check}, which does not exist.")
    shipped = check.parent == _HERE / "checks"
    shallow = {part.name: getattr(rule, part.name) for part in fields(rule)}
    rule = Rule(**{**shallow, "sql": check.read_text(encoding="utf-8") if shipped else read_check(check)})
    refuse_numbers_unasked(rule, path)
    return rule


def is_override(path: Path) -> bool:
    """Whether a file changes a rule in part and does not restate it."""
    return "overrides" in _entry(path)


def read_override(path: Path) -> Override:
    """Read a partial override. Raises DataFault, one sentence, for one that must not count.

    A parameter without dates or clause of its own has those of the override.
    """
    entry = _entry(path)
    _refuse_lines(Override, {name: value for name, value in entry.items() if name != "parameter"}, path)
    inherited: dict[str, Any] = {name: entry[name] for name in ("valid_from", "valid_to", "clause") if name in entry}
    parameters = tuple(_parameter(path, {**inherited, **p}) for p in entry.pop("parameter", []))
    try:
        changed = entry["overrides"]
        entry["overrides"] = (changed,) if isinstance(changed, str) else tuple(changed)
        for name in ("groups", "diseases"):
            entry[name] = tuple(entry.get(name, ()))
        override = Override(**entry, parameters=parameters)
    except TypeError as error:
        raise DataFault(f"{path.name} lacks or does not know a line of an override: {error}.") from error
    _refuse_texts(override, _OF_OVERRIDE, path)
    _refuse_name(override.override_id, path)
    _refuse_twice(parameters, path)
    _refuse_dates(override, path)
    _refuse_scope(override, path)
    if not override.overrides or not all(isinstance(name, str) and name for name in override.overrides):
        raise DataFault(f"{path.name}: overrides names the rules that it changes, in quotes.")
    if not all(re.fullmatch(r"[A-Z][0-9A-Z.+*]*", str(prefix)) for prefix in override.diseases):
        raise DataFault(f'{path.name}: diseases are beginnings of ICD-10 codes, such as "C" or "E11".')
    if bool(parameters) == override.exempt:
        raise DataFault(f"{path.name} needs either parameters or 'exempt = true'.")
    if any(p.area or p.groups for p in parameters):
        raise DataFault(f"{path.name}: area and groups belong to the override, not to its parameters.")
    _refuse_untested(override.override_id, path)
    return override


def _entry(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise DataFault(f"{path.name} is not a readable rule file: {error}.") from error


def _parameter(path: Path, entry: dict[str, Any]) -> Parameter:
    needed = {part.name for part in fields(Parameter) if part.default is MISSING}
    if needed - entry.keys() or entry.keys() - {part.name for part in fields(Parameter)}:
        raise DataFault(f"{path.name} has a parameter without value, dates or clause, or with an unknown line.")
    try:
        first, last = (date.fromisoformat(str(entry[name])) for name in ("valid_from", "valid_to"))
    except ValueError as error:
        raise DataFault(f"{path.name}: parameter {entry['name']} has a date that is none: {error}.") from error
    value = entry["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataFault(f"{path.name}: parameter {entry['name']} needs a number as its value.")
    if not 0 <= value <= MOST_VALUE:
        raise DataFault(f"{path.name}: parameter {entry['name']} is {value:g}: a number of a rule lies in 0 to {MOST_VALUE:,}.")
    if not re.fullmatch(r"\w+", str(entry["name"])):
        raise DataFault(f"{path.name}: parameter '{entry['name']}' is no name: use letters, digits and _.")
    if not entry["clause"] or last <= first:
        raise DataFault(f"{path.name}: parameter {entry['name']} needs a clause and a validity that ends after it begins.")
    groups = tuple(entry.get("groups", ()))
    parameter = Parameter(entry["name"], value, first, last, entry["clause"], entry.get("area", ""), groups)
    _refuse_scope(parameter, path)
    return parameter


def _refuse_lines(kind: type[Rule | Override], entry: dict[str, Any], path: Path) -> None:
    """Refuse a file that lacks a line of what it defines, or has one that means nothing."""
    known = {part.name: part.default is MISSING and part.default_factory is MISSING for part in fields(kind)}
    lacking = [name for name, needed in known.items() if needed and name not in entry]
    if lacking:
        raise DataFault(f"{path.name} has no {', '.join(lacking)}: a rule without it does not count.")
    unknown = sorted(entry.keys() - known.keys())
    if unknown:
        raise DataFault(f"{path.name} does not know the line {unknown[0]}: take it away or spell it as another file does.")


def _refuse_unfounded(rule: Rule, path: Path) -> None:
    _refuse_texts(rule, _TEXTS, path)
    _refuse_name(rule.rule_id, path)
    _refuse_name(rule.check, path)
    for name in ("item_codes", "fund_codes", "stage", "population"):
        if not isinstance(getattr(rule, name), str):
            raise DataFault(f"{path.name}: {name} is a text, in quotes.")
    if not (rule.national_no is None or isinstance(rule.national_no, int)):
        raise DataFault(f"{path.name}: national_no is a number, without quotes.")
    _refuse_twice(rule.parameters, path)
    _refuse_dates(rule, path)
    _refuse_scope(rule, path)
    for value, allowed in ((rule.result_type, RESULTS), (rule.amount, AMOUNTS), (rule.subject, SUBJECTS)):
        if value not in allowed:
            raise DataFault(f"{path.name}: '{value}' is none of {', '.join(allowed)}.")
    for need in rule.needs:
        if not all(load_contract().has(name) for name in need.split("|")):
            raise DataFault(f"{path.name} needs {need}, which the contract does not have.")
    _refuse_untested(rule.rule_id, path)


def _refuse_texts(read: Rule | Override, names: tuple[str, ...], path: Path) -> None:
    for name in names:
        value = getattr(read, name)
        if not isinstance(value, str) or not value.strip():
            raise DataFault(f"{path.name} has no {name}: a rule without it does not count.")


def _refuse_name(name: object, path: Path) -> None:
    """Ids and checks are names of files as well."""
    if not isinstance(name, str) or not re.fullmatch(r"[\w-]{1,80}", name):
        raise DataFault(f"{path.name}: '{name}' is no name of a rule, override or check: use letters, digits, - and _.")


def _refuse_twice(parameters: tuple[Parameter, ...], path: Path) -> None:
    """Of two numbers of one name, place and group in force on one day nobody could say which stands."""
    for one, other in combinations(parameters, 2):
        same = (one.name, one.area, set(one.groups)) == (other.name, other.area, set(other.groups))
        if same and one.valid_from < other.valid_to and other.valid_from < one.valid_to:
            day = max(one.valid_from, other.valid_from)
            raise DataFault(f"{path.name}: {one.name} has two values on {day}: let one end before the other begins.")


def _refuse_dates(read: Rule | Override, path: Path) -> None:
    if not all(type(day) is date for day in (read.valid_from, read.valid_to)):
        raise DataFault(f"{path.name} has a validity that is no date: write valid_from and valid_to as 2026-01-31.")
    if read.valid_to <= read.valid_from:
        raise DataFault(f"{path.name} ends before it begins.")


def _refuse_scope(read: Rule | Override | Parameter, path: Path) -> None:
    if not re.fullmatch(r"\d{0,6}", str(read.area)):
        raise DataFault(f"{path.name}: area '{read.area}' is not the beginning of a six-digit area code.")
    if not all(isinstance(group, str) and re.fullmatch(r"\w{1,6}", group) for group in read.groups):
        raise DataFault(f"{path.name}: groups are codes of person_status.psn_idet_type, in quotes.")


def _refuse_untested(name: str, path: Path) -> None:
    specs = [spec for spec in (path.parent / f"{name}.txt", _HERE / "specs" / f"{name}.txt") if spec.exists()]
    if not specs:
        raise DataFault(f"{path.name} has no drawn-table specification {name}.txt.")
    try:
        scenarios = specs[0].read_text(encoding="utf-8").split("## ")[1:]
    except UnicodeDecodeError as error:
        raise DataFault(f"{specs[0].name} cannot be read: save it as UTF-8.") from error
    if len(scenarios) < 2 or not all(re.search(r"^=>", scenario, re.MULTILINE) for scenario in scenarios):
        raise DataFault(f"{specs[0].name} needs at least a violation and a just-not, each ending with '=>'.")
