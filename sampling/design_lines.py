"""Every line of a design file as data: where it stands, what it may be, and what it is when it is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from records.errors import DesignRefused

NEEDED = object()


@dataclass(frozen=True)
class Line:
    """One line of a design file.

    ``kind``: whole, number, flag, text, numbers (rising), texts, or pairs (a table of text to text). ``default`` =
    what stands for a line left out; NEEDED = it may not be. ``choices`` = the only texts that are taken.
    """

    section: str
    key: str
    field: str
    kind: str
    least: float = 0
    most: float = math.inf
    default: Any = NEEDED
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.section}.{self.key}" if self.section else self.key


LINES = (
    Line("", "id", "name", "text"),
    Line("", "zh", "zh", "text"),
    Line("", "en", "en", "text"),
    Line("", "capacity", "capacity", "whole", least=1),
    Line("", "targeted_share", "targeted_share", "number", most=1),
    Line("", "strata", "strata", "text", choices=("institution",)),
    Line("random", "minimum", "minimum", "whole"),
    Line("random", "floor_count", "floor_count", "whole"),
    Line("random", "floor_per_thousand", "floor_per_thousand", "number", most=1000),
    Line("random", "floor_share", "floor_share", "number", most=1),
    Line("random", "floors_bind", "floors_bind", "flag", default=False),
    Line("random", "size_power", "size_power", "number", most=1),
    Line("random", "least_rate", "least_rate", "number", least=1e-6, most=0.5),
    Line("bands", "cuts", "band_cuts", "numbers", most=1, default=()),
    Line("bands", "split_from", "band_split_from", "whole", default=200),
    Line("bands", "least_rows", "band_least_rows", "whole", least=1, default=30),
    Line("bands", "minimum", "band_minimum", "whole", least=1, default=2),
    Line("institutions", "rotated", "rotated", "texts", default=()),
    Line("institutions", "every", "every", "whole", least=1, most=4, default=4),
    Line("institutions", "take", "take", "whole", least=1, default=5),
    Line("institutions", "overlap", "overlap", "text", default="avoid", choices=("avoid", "free", "keep")),
    Line("institutions", "yearly", "yearly", "flag", default=True),
    Line("pool", "classes", "pooled", "texts", default=()),
    Line("pool", "by", "pool_by", "text", default="consortium_code", choices=("consortium_code", "admdvs")),
    Line("pool", "under", "pool_under", "pairs", default=()),
    Line("wards", "settings", "ward_settings", "texts", default=()),
    Line("wards", "share", "ward_share", "number", most=1, default=0.25),
    Line("wards", "floor_count", "ward_floor_count", "whole", default=30),
    Line("wards", "floor_per_thousand", "ward_floor_per_thousand", "number", most=1000, default=10.0),
    Line("targeted", "risk_power", "risk_power", "number", most=10),
    Line("targeted", "novelty_share", "novelty_share", "number", most=0.5, default=0.0),
    Line("targeted", "exploration_share", "exploration_share", "number", most=0.5, default=0.0),
    Line("clue", "certain", "clue_certain", "flag"),
)


def fields_of(content: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Values by field of a design file's content. Raises DesignRefused for a line missing, unknown or out of range."""
    sections = {line.section for line in LINES if line.section}
    for section in ("", *sorted(sections)):
        given = content if not section else content.get(section, {})
        if not isinstance(given, Mapping):
            raise DesignRefused(f"The design {file} must have [{section}] as a section.")
        known = {line.key for line in LINES if line.section == section} | ({*sections, "panel"} if not section else set())
        unknown = sorted(given.keys() - known)
        if unknown:
            name = f"{section}.{unknown[0]}" if section else unknown[0]
            raise DesignRefused(f"The design {file} has an unknown line {name}: take it out.")
    panel = content.get("panel", {})
    if not isinstance(panel, Mapping):
        raise DesignRefused(f"The design {file} must have [panel] as a section.")
    # What may stand there is the panel's to say (``panel.rules``).
    return {**{line.field: _value(content, line, file) for line in LINES}, "panel": dict(panel)}


def _value(content: Mapping[str, Any], line: Line, file: str) -> Any:
    part = content.get(line.section, {}) if line.section else content
    if line.key not in part:
        if line.default is NEEDED:
            raise DesignRefused(f"The design {file} lacks {line.name}: add it.")
        return line.default
    given = part[line.key]
    match line.kind:
        case "whole" | "number":
            return _number(given, line)
        case "flag":
            _demand(isinstance(given, bool), line, "true or false", given)
            return given
        case "text":
            _demand(isinstance(given, str) and given != "", line, "a text", given)
            _demand(not line.choices or given in line.choices, line, " or ".join(line.choices), given)
            return given
        case "numbers":
            _demand(isinstance(given, list), line, "a list of numbers", given)
            values = tuple(_number(value, line) for value in given)
            _demand(list(values) == sorted(set(values)), line, "a list of rising numbers", given)
            return values
        case "texts":
            _demand(isinstance(given, list) and all(isinstance(v, str) and v for v in given), line, "a list of texts", given)
            return tuple(sorted(set(given)))
        case _:
            right = isinstance(given, Mapping) and all(isinstance(value, str) and value for value in given.values())
            _demand(right, line, "a section of texts", given)
            return tuple(sorted((str(key), str(value)) for key, value in given.items()))


def _number(given: Any, line: Line) -> int | float:
    right = isinstance(given, int) if line.kind == "whole" else isinstance(given, int | float)
    bounds = f"a{' whole' if line.kind == 'whole' else ''} number from {line.least:g} to {line.most:g}"
    _demand(right and not isinstance(given, bool) and line.least <= given <= line.most, line, bounds, given)
    return int(given) if line.kind == "whole" else float(given)


def _demand(right: bool, line: Line, wanted: str, given: Any) -> None:
    if not right:
        raise DesignRefused(f"The design's {line.name} must be {wanted}, not {given!r}.")
