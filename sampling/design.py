"""A sampling design as data: read, checked, and named by its content."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from records.errors import DesignRefused, NotFound
from sampling.design_lines import fields_of

DEFAULT = Path(__file__).parent / "designs" / "default.toml"


@dataclass(frozen=True)
class Design:
    """How a quarter is drawn. Counts are prescriptions (of wards: stays); shares and rates are fractions.

    ``capacity`` = reviews the panel can do in the quarter over all arms. ``minimum`` = random rows that every
    institution has at least; ``floor_count`` and ``floor_per_thousand`` = wished random rows an institution.
    ``band_cuts`` = predicted risks at which an institution is cut into strata. ``rotated`` = classes of
    institutions that are drawn themselves, once in ``every`` quarters, with ``take`` random rows each.
    ``pooled`` = classes whose institutions share one stratum. ``ward_settings`` = settings of which whole stays are
    drawn. ``panel`` = rules of the panel's work that the design replaces, which change nothing of the draw. The
    shipped designs say what each line means.
    """

    name: str
    zh: str
    en: str
    capacity: int
    targeted_share: float
    strata: str
    minimum: int
    floor_count: int
    floor_per_thousand: float
    floor_share: float
    floors_bind: bool
    size_power: float
    least_rate: float
    band_cuts: tuple[float, ...]
    band_split_from: int
    band_least_rows: int
    band_minimum: int
    rotated: tuple[str, ...]
    every: int
    take: int
    overlap: str
    yearly: bool
    pooled: tuple[str, ...]
    pool_by: str
    pool_under: tuple[tuple[str, str], ...]
    ward_settings: tuple[str, ...]
    ward_share: float
    ward_floor_count: int
    ward_floor_per_thousand: float
    risk_power: float
    novelty_share: float
    exploration_share: float
    clue_certain: bool
    panel: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.random_capacity < 1:
            raise DesignRefused(f"The design {self.name} leaves nothing to the random arm: lower targeted_share.")
        if not self.clue_certain:
            raise DesignRefused(f"The design {self.name} must have clue.certain = true.")
        if self.every == 3:
            raise DesignRefused(f"The design {self.name} must have institutions.every = 1, 2 or 4, which divide a year.")
        both = sorted(set(self.rotated) & set(self.pooled))
        if both:
            raise DesignRefused(f"The design {self.name} both rotates and pools class {both[0]}: choose one.")
        if self.novelty_share + self.exploration_share >= 1:
            raise DesignRefused(f"The design {self.name} leaves nothing to risk: lower novelty_share or exploration_share.")

    @property
    def design_id(self) -> str:
        """Name and first 12 hex digits of the SHA-256 of all the draw depends on, capacity included."""
        drawn = {name: value for name, value in asdict(self).items() if name != "panel"}
        content = json.dumps(drawn, sort_keys=True, ensure_ascii=False)
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    @property
    def targeted_capacity(self) -> int:
        """Reviews meant for the targeted arm; also the number of prescriptions flagged by score."""
        return math.floor(self.capacity * self.targeted_share + 1e-9)

    @property
    def random_capacity(self) -> int:
        """Reviews meant for the random arm."""
        return self.capacity - self.targeted_capacity

    def capacity_for(self, random: int) -> int:
        """Smallest capacity that leaves so many reviews to the random arm."""
        guess = math.ceil(random / (1 - self.targeted_share) - 1e-9)
        while guess - math.floor(guess * self.targeted_share + 1e-9) < random:
            guess += 1
        while guess > 1 and guess - 1 - math.floor((guess - 1) * self.targeted_share + 1e-9) >= random:
            guess -= 1
        return guess

    def wished(self, size: int) -> int:
        """Random rows wished of an institution with so many prescriptions, before capacity."""
        return min(size, max(self.floor_count, math.ceil(size * self.floor_per_thousand / 1000)))

    def wished_stays(self, stays: int) -> int:
        """Stays wished of the wards of an institution with so many stays, before capacity."""
        return min(stays, max(self.ward_floor_count, math.ceil(stays * self.ward_floor_per_thousand / 1000)))


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
    if capacity is not None:
        content["capacity"] = capacity
    return Design(**fields_of(content, path.name))
