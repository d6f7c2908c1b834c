"""How the panel works, as numbers: read from ``rules.toml``, replaced by a design's ``[panel]`` table."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from records.errors import DesignRefused

FILE = Path(__file__).parent / "rules.toml"


@dataclass(frozen=True)
class PanelRules:
    """Numbers of the panel's work; their meaning and unit stand beside them in ``rules.toml``."""

    double_share: float
    gold_share: float
    repeat_share: float
    repeat_gap: int
    lock_minutes: int
    recuse_consortium: bool
    usual_capacity: int
    fit_worth: float
    due_days: int
    record_days: int
    objection_days: int
    checks_person: int
    checks_practitioner: int
    checks_institution: int

    def text(self) -> str:
        """The rules as JSON, as a quarter keeps them."""
        return json.dumps(asdict(self), sort_keys=True)


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def panel_rules(changes: dict[str, Any] | None = None) -> PanelRules:
    """The file's rules with some replaced. Raises DesignRefused for an unknown name or an impossible value."""
    given = {**_file(), **(changes or {})}
    unknown = sorted(set(given) - set(PanelRules.__dataclass_fields__))
    if unknown:
        raise DesignRefused(
            f"方案[panel]中没有规则“{unknown[0]}” "
            f"The design's [panel] table names '{unknown[0]}', which is no rule of the panel: remove it."
        )
    for name, value in given.items():
        usual = _file()[name]
        if isinstance(usual, bool) != isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise DesignRefused(f"规则{name}不能为“{value}” The rule {name} cannot be '{value}': give a value like {usual}.")
        if name.endswith("_share") and value > 1:
            raise DesignRefused(f"规则{name}是比例，须在0至1之间 The rule {name} is a share: give a fraction from 0 to 1.")
    if not given["usual_capacity"]:
        raise DesignRefused("规则usual_capacity至少为1 The rule usual_capacity must be 1 or more.")
    return PanelRules(**given)


def rules_of(text: str | None) -> PanelRules:
    """The rules that a quarter keeps; the file's for a quarter opened before there were any."""
    return panel_rules(json.loads(text) if text else None)
