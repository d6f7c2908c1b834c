"""The assessment scheme of a pooling area: weights, thresholds, caps, periods, each with clause and dates."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from records.errors import NotFound, WrongUse

DEFAULT = Path(__file__).parent / "schemes" / "default.toml"


@dataclass(frozen=True)
class RateLine:
    """A deduction by rate: points_per_percent for each percent that the limit passes the allowed rate."""

    id: str
    zh: str
    en: str
    classes: tuple[int, ...]
    allowed_rate: Fraction
    points_per_percent: Fraction
    cap: Fraction
    limit: str
    clause: str
    source: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class Recovery:
    """Whether a line paid by this method is recovered, and up to which amount (stake, or the line's amount)."""

    method: str
    recover: bool
    up_to: str
    clause: str
    source: str


@dataclass(frozen=True)
class AppealPeriod:
    """A period for statements, in working days from recorded service."""

    id: str
    zh: str
    en: str
    working_days: int
    clause: str


@dataclass(frozen=True)
class ClearingTerms:
    """Parameters of the annual clearing. Shares are fractions; ``tiers``: (up to share of base, part kept)."""

    share_reading: str
    spending_scope: str
    deposit_share: Fraction
    tiers: tuple[tuple[Fraction, Fraction], ...]
    deposit_full_from: Fraction
    deposit_none_below: Fraction
    clause: str
    deposit_clause: str


@dataclass(frozen=True)
class Scheme:
    """A scheme file. ``version`` = its name and the first 12 hex digits of the file's SHA-256."""

    id: str
    zh: str
    en: str
    version: str
    valid_from: date
    valid_to: date
    clause: str
    standard_points: Fraction
    minimum_coverage: Fraction
    minimum_comparables: int
    small_count: int
    confidence: float
    cannot_judge_clause: str
    lines: tuple[RateLine, ...]
    grades: tuple[tuple[str, Fraction], ...]
    recovery: Mapping[str, Recovery]
    appeals: tuple[AppealPeriod, ...]
    clearing: ClearingTerms

    def grade(self, score: Fraction) -> str:
        """Grade of a score."""
        return next(grade for grade, least in self.grades if score >= least)

    def lines_of(self, begin: date, end: date) -> tuple[RateLine, ...]:
        """Lines valid over the whole of [begin, end). Raises WrongUse when the scheme itself is not."""
        if begin < self.valid_from or end > self.valid_to:
            raise WrongUse(
                f"The scheme {self.id} is valid from {self.valid_from} to {self.valid_to}: name another with --scheme."
            )
        return tuple(line for line in self.lines if line.valid_from <= begin and end <= line.valid_to)


def load_scheme(path: Path | None = None) -> Scheme:
    """Read a scheme file (the example when None). Raises NotFound without a file, WrongUse for a file that is
    incomplete, contradictory, or has a line without clause, source or dates."""
    path = path or DEFAULT
    if not path.is_file():
        raise NotFound(f"There is no scheme file {path}: name a TOML file, or leave --scheme out.")
    content = path.read_bytes()
    try:
        scheme = _scheme(tomllib.loads(content.decode()), hashlib.sha256(content).hexdigest()[:12])
    except KeyError as error:
        raise WrongUse(f"The scheme {path.name} lacks {error.args[0]}: add it.") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise WrongUse(f"The scheme {path.name} cannot be read: {error}.") from error
    _check(scheme)
    return scheme


def _scheme(data: dict[str, Any], digest: str) -> Scheme:
    for name, part in _cited(data):
        for key in ("clause", "source"):
            if not str(part[key]).strip():
                raise KeyError(f"{name}.{key}")
        if not part["valid_from"] < part["valid_to"]:
            raise ValueError(f"{name} ends before it begins")
    review = data["review"]
    return Scheme(
        id=data["id"],
        zh=data["zh"],
        en=data["en"],
        version=f"{data['id']}-{digest}",
        valid_from=data["valid_from"],
        valid_to=data["valid_to"],
        clause=data["clause"],
        standard_points=exact(review["standard_points"]),
        minimum_coverage=exact(review["minimum_coverage"]),
        minimum_comparables=int(review["minimum_comparables"]),
        small_count=int(review["small_count"]),
        confidence=float(review["confidence"]),
        cannot_judge_clause=data["cannot_judge"]["clause"],
        lines=tuple(_line(line) for line in data["line"]),
        grades=tuple((row["grade"], exact(row["from"])) for row in data["grade"]),
        recovery={row["method"]: _recovery(row) for row in data["recovery"]},
        appeals=tuple(
            AppealPeriod(row["id"], row["zh"], row["en"], int(row["working_days"]), row["clause"]) for row in data["appeal"]
        ),
        clearing=_clearing(data["clearing"]),
    )


def _cited(data: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every part that must carry clause, source and dates."""
    parts = [("scheme", data)]
    parts += [(name, data[name]) for name in ("review", "cannot_judge", "clearing")]
    parts.append(("clearing.deposit", data["clearing"]["deposit"]))
    for name, key in (("line", "id"), ("recovery", "method"), ("appeal", "id")):
        parts += [(f"{name} {row[key]}", row) for row in data[name]]
    return parts


def _line(row: dict[str, Any]) -> RateLine:
    return RateLine(
        row["id"],
        row["zh"],
        row["en"],
        tuple(int(value) for value in row["classes"]),
        exact(row["allowed_rate"]),
        exact(row["points_per_percent"]),
        exact(row["cap"]),
        row["limit"],
        row["clause"],
        row["source"],
        row["valid_from"],
        row["valid_to"],
    )


def _recovery(row: dict[str, Any]) -> Recovery:
    return Recovery(row["method"], bool(row["recover"]), row["up_to"], row["clause"], row["source"])


def _clearing(row: dict[str, Any]) -> ClearingTerms:
    deposit = row["deposit"]
    return ClearingTerms(
        row["share_reading"],
        row["spending_scope"],
        exact(row["deposit_share"]),
        tuple((exact(tier["up_to"]), exact(tier["kept"])) for tier in row["tier"]),
        exact(deposit["full_from"]),
        exact(deposit["none_below"]),
        row["clause"],
        deposit["clause"],
    )


def exact(number: float | int) -> Fraction:
    """A number as written in the file, without the rounding of binary fractions."""
    return Fraction(str(number))


def _check(scheme: Scheme) -> None:
    """Raises WrongUse for what contradicts itself."""
    least = [value for _, value in scheme.grades]
    tiers = [share for share, _ in scheme.clearing.tiers]
    names = [line.id for line in scheme.lines]
    choices = (
        (scheme.clearing.share_reading, ("fund_share", "literal"), "clearing.share_reading"),
        (scheme.clearing.spending_scope, ("all", "without_special"), "clearing.spending_scope"),
        *((line.limit, ("low", "point"), f"limit of line {line.id}") for line in scheme.lines),
        *((rule.up_to, ("stake", "amount"), f"up_to of {rule.method}") for rule in scheme.recovery.values()),
    )
    for value, allowed, name in choices:
        if value not in allowed:
            raise WrongUse(f"The scheme's {name} must be {' or '.join(allowed)}, not {value}.")
    if least != sorted(least, reverse=True) or not least or least[-1] != 0:
        raise WrongUse("The scheme's grades must fall from the best to one that begins at 0.")
    if tiers != sorted(tiers):
        raise WrongUse("The scheme's surplus tiers must rise.")
    if len(set(names)) != len(names):
        raise WrongUse("The scheme names a line twice.")
    if "unknown" not in scheme.recovery:
        raise WrongUse("The scheme lacks the recovery method 'unknown': add it.")
    if not 0 <= scheme.clearing.deposit_share <= Fraction(5, 100):
        raise WrongUse("The scheme's deposit must be at most 5 percent of payment.")
