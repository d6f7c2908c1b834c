"""What a rule, a dated parameter and a local override are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Parameter:
    """A dated number of a rule, [valid_from, valid_to), with the clause it rests on.

    ``area`` (first digits of an area code; empty: everywhere) and ``groups`` (codes of ``person_status``; empty:
    everybody) say where and for whom it stands instead of the number without them.
    """

    name: str
    value: float
    valid_from: date
    valid_to: date
    clause: str
    area: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule: what it says, on what it rests, and the check that decides it.

    ``area`` and ``groups`` as of a parameter: a rule with them stands before one of the same id without them,
    where and for whom they hold. ``alone`` says whether one person's own records decide it; by default those of a
    prescription or a person do.
    """

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
    area: str = ""
    groups: tuple[str, ...] = ()
    alone: bool | None = None


@dataclass(frozen=True)
class Override:
    """A local change of one rule that does not restate it: other numbers, or nobody of a scope is found.

    Scope: institutions whose area code begins with ``area`` (of what has no institution, persons insured there),
    persons whose ``person_status`` on the day is one of ``groups``, visits with a diagnosis that begins with one of
    ``diseases`` (ICD-10), days [valid_from, valid_to). Empty means all. ``overrides`` are the rules that it changes.
    """

    override_id: str
    overrides: tuple[str, ...]
    zh: str
    en: str
    clause: str
    source: str
    checked_by: str
    valid_from: date
    valid_to: date
    area: str = ""
    groups: tuple[str, ...] = ()
    diseases: tuple[str, ...] = ()
    exempt: bool = False
    parameters: tuple[Parameter, ...] = ()
