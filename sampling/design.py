"""A sampling design as data: read, checked, and named by its content."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from records.errors import DesignRefused, NotFound

DEFAULT = Path(__file__).parent / "designs" / "default.toml"
_TEXTS = ("id", "zh", "en", "strata")
_PARTS: dict[str, tuple[str, ...]] = {
    "random": ("minimum", "floor_count", "floor_per_thousand", "floor_share", "size_power", "least_rate"),
    "targeted": ("risk_power",),
    "clue": ("certain",),
}


@dataclass(frozen=True)
class Design:
    """How a quarter is drawn. Counts are prescriptions; shares and rates are fractions.

    ``capacity`` = reviews the panel can do in the quarter over all arms. ``minimum`` = random rows that every
    institution has at least; ``floor_count`` and ``floor_per_thousand`` = wished random rows an institution.
    """

    name: str
    zh: str
    en: str
    capacity: int
    targeted_share: float
    minimum: int
    floor_count: int
    floor_per_thousand: float
    floor_share: float
    size_power: float
    least_rate: float
    risk_power: float

    @property
    def design_id(self) -> str:
        """Name and first 12 hex digits of the SHA-256 of all the draw depends on, capacity included."""
        content = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    @property
    def targeted_capacity(self) -> int:
        """Reviews meant for the targeted arm; also the number of prescriptions flagged by score."""
        return math.floor(self.capacity * self.targeted_share + 1e-9)

    @property
    def random_capacity(self) -> int:
        """Reviews meant for the random arm."""
        return self.capacity - self.targeted_capacity

    def wished(self, size: int) -> int:
        """Random rows wished of an institution with so many prescriptions, before capacity."""
        return min(size, max(self.floor_count, math.ceil(size * self.floor_per_thousand / 1000)))


def load_design(path: Path | None = None, capacity: int | None = None) -> Design:
    """Read a design file (the default one when None); ``capacity`` replaces the file's.

    Raises NotFound when there is no such file, DesignRefused when a line is missing, unknown or out of range.
    """
    path = path or DEFAULT
    if not path.is_file():
        raise NotFound(f"There is no design file {path}: name a TOML file, or leave --design out.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DesignRefused(f"The design {path.name} is not readable TOML: {error}.") from error
    _refuse_unknown(content, path.name)
    if capacity is not None:
        content["capacity"] = capacity
    design = Design(
        name=str(content["id"]),
        zh=str(content["zh"]),
        en=str(content["en"]),
        capacity=_number(content, "capacity", whole=True, least=1),
        targeted_share=_number(content, "targeted_share", most=1),
        minimum=_number(content["random"], "minimum", whole=True),
        floor_count=_number(content["random"], "floor_count", whole=True),
        floor_per_thousand=_number(content["random"], "floor_per_thousand", most=1000),
        floor_share=_number(content["random"], "floor_share", most=1),
        size_power=_number(content["random"], "size_power", most=1),
        least_rate=_number(content["random"], "least_rate", least=1e-6, most=0.5),
        risk_power=_number(content["targeted"], "risk_power", most=10),
    )
    if design.random_capacity < 1:
        raise DesignRefused(f"The design {design.name} leaves nothing to the random arm: lower targeted_share.")
    return design


def _refuse_unknown(content: dict[str, Any], name: str) -> None:
    expected = {*_TEXTS, "capacity", "targeted_share", *_PARTS}
    groups = [(content, expected, "")]
    groups += [(content.get(part, {}), set(keys), f"{part}.") for part, keys in _PARTS.items()]
    for given, wanted, prefix in groups:
        missing, unknown = sorted(wanted - given.keys()), sorted(given.keys() - wanted)
        if missing:
            raise DesignRefused(f"The design {name} lacks {prefix}{missing[0]}: add it.")
        if unknown:
            raise DesignRefused(f"The design {name} has an unknown line {prefix}{unknown[0]}: take it out.")
    if content["strata"] != "institution":
        raise DesignRefused(f"The design {name} must have strata = 'institution'.")
    if content["clue"]["certain"] is not True:
        raise DesignRefused(f"The design {name} must have clue.certain = true.")


def _number(part: dict[str, Any], key: str, *, whole: bool = False, least: float = 0, most: float = math.inf) -> Any:
    value = part[key]
    right_kind = isinstance(value, int) if whole else isinstance(value, int | float)
    if not right_kind or isinstance(value, bool) or not least <= value <= most:
        raise DesignRefused(f"The design's {key} must be a number from {least:g} to {most:g}, not {value!r}.")
    return int(value) if whole else float(value)
