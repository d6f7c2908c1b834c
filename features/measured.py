"""What each feature was seen to be: ``features/measured.csv``, written by ``make study AREA=features``.

The catalogue says what a feature means; this file says what it looked like on a simulated city, whether it told
subjects apart there and on real orders, and how often models gave it as a reason. It holds counts and quantiles,
never a row of data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from features.catalogue import Catalogue

FILE = Path(__file__).parent / "measured.csv"
COLUMNS = ("grain", "feature", "rows", "missing", "sketch", "q10", "q50", "q90", "city", "orders", "reasons")
_VARIES = {True: "varies", False: "constant"}


class FaultyMeasurement(ValueError):
    """The measurements do not belong to the catalogue; the message names the features."""


@dataclass(frozen=True)
class Measured:
    """One feature of one grain as measured.

    ``rows`` subjects of the simulated city, ``missing`` of them without a value. ``sketch`` is one block a bin
    between the 1st and the 99th percentile, empty when all are missing; ``quantiles`` are q10, q50, q90 of the
    values there are, None when there are none. ``city`` and ``orders``: whether it takes more than one value on the
    simulated city and on the real orders. ``reasons``: for each target whose model may take the feature, the share
    of subjects in whose named reasons it stands, None where the model trained on the city did not take it.
    """

    grain: str
    feature: str
    rows: int
    missing: int
    sketch: str
    quantiles: tuple[float | None, float | None, float | None]
    city: bool
    orders: bool
    reasons: tuple[tuple[str, float | None], ...]

    @property
    def key(self) -> tuple[str, str]:
        """Grain and name, as the catalogue has them."""
        return self.grain, self.feature

    @property
    def missing_share(self) -> float:
        """Share of the city's subjects without a value, 0 to 1; 0 where there is no subject."""
        return self.missing / self.rows if self.rows else 0.0


def as_csv(entries: Iterable[Measured]) -> str:
    """The entries as the file holds them, in the order given; numbers with six digits, so that noise does not show."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for e in entries:
        reasons = " ".join(f"{target}={_number(share)}" for target, share in e.reasons)
        numbers = [_number(value) for value in e.quantiles]
        writer.writerow((*e.key, e.rows, e.missing, e.sketch, *numbers, _VARIES[e.city], _VARIES[e.orders], reasons))
    return text.getvalue()


def load_measured(catalogue: Catalogue, path: Path = FILE) -> dict[tuple[str, str], Measured]:
    """All measurements by grain and feature, in the catalogue's order.

    Raises FaultyMeasurement when a feature of the catalogue was not measured, or one measured is not in it.
    """
    with path.open(encoding="utf-8", newline="") as file:
        entries = [_entry(row) for row in csv.DictReader(file)]
    found = {entry.key: entry for entry in entries}
    wanted = [(feature.grain, feature.name) for feature in catalogue]
    lacking, gone = [key for key in wanted if key not in found], sorted(found.keys() - set(wanted))
    if lacking or gone or len(found) < len(entries):
        raise FaultyMeasurement(
            f"{path.name} lacks {_named(lacking)}, names {_named(gone)} which the catalogue has not, and has "
            f"{len(entries) - len(found)} features twice: run make study AREA=features."
        )
    return {key: found[key] for key in wanted}


def _entry(row: dict[str, str]) -> Measured:
    reasons = [item.partition("=") for item in row["reasons"].split()]
    told = {name: value for value, name in _VARIES.items()}
    return Measured(
        grain=row["grain"],
        feature=row["feature"],
        rows=int(row["rows"]),
        missing=int(row["missing"]),
        sketch=row["sketch"],
        quantiles=(_value(row["q10"]), _value(row["q50"]), _value(row["q90"])),
        city=told[row["city"]],
        orders=told[row["orders"]],
        reasons=tuple((target, _value(share)) for target, _, share in reasons),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _value(text: str) -> float | None:
    return float(text) if text else None


def _named(keys: list[tuple[str, str]]) -> str:
    return ", ".join(".".join(key) for key in keys) or "none"
