"""Estimates of an institution and of the city. Rates come from the random arm alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assessment.cells import Cell, Judged, Key, cells_of, is_simple, joined, units_of, weighted_mean
from assessment.estimators import Interval, Stratum, rate, stratified_mean, stratum_of_stays, total
from assessment.inputs import AssessmentInput
from assessment.losses import LossLine
from assessment.money import yuan
from assessment.outcomes import Outcome
from records.errors import DataFault
from sampling.sizes import deviate

if TYPE_CHECKING:
    import pandas as pd

UNREASONABLE = (1, 2, 3)
COLUMNS = (
    "fixmedins_code",
    "n_frame",
    "n_random",
    "n_targeted",
    "n_unjudged",
    "unreasonable_rate",
    "rate_low90",
    "rate_high90",
    "method",
    "loss_found",
    "loss_point",
    "loss_low90",
    "loss_high90",
)


@dataclass(frozen=True)
class Reviewed:
    """What was reviewed of one institution. ``frames``: what the frame holds by quarter and stratum.

    ``stays``: the stay of each sampled prescription that was drawn by stay.
    """

    code: str
    frames: dict[Key, Cell]
    outcomes: tuple[Outcome, ...]
    losses: tuple[LossLine, ...]
    stays: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_frame(self) -> int:
        """Prescriptions in the frame."""
        return sum(cell.rows for cell in self.frames.values())

    @property
    def random(self) -> list[Outcome]:
        """The random arm: what every rate rests on."""
        return [outcome for outcome in self.outcomes if outcome.arm == "random"]

    @property
    def final(self) -> list[Outcome]:
        """Random rows with a final verdict, those that cannot be judged included."""
        return [outcome for outcome in self.random if outcome.closed]

    @property
    def coverage(self) -> float | None:
        """Share of the random arm with a final verdict; None without a random arm."""
        return len(self.final) / len(self.random) if self.random else None

    @property
    def unjudgeable(self) -> int:
        """Random rows that cannot be judged from the records."""
        return sum(outcome.unjudgeable for outcome in self.random)

    def judged(self, value: Callable[[Outcome], float]) -> dict[Key, Judged]:
        """Every cell with a value of its judged random rows, by stay where stays were drawn."""
        units: dict[Key, dict[str, list[float]]] = {key: {} for key in self.frames}
        for outcome in self.final:
            own = units.get((outcome.quarter, outcome.stratum))
            if own is None:
                raise DataFault(
                    f"{outcome.rxno} was drawn from {outcome.stratum}, which is not in the frame of {outcome.quarter}: "
                    "bring back the frame.parquet that it was drawn from."
                )
            own.setdefault(self.stays.get(outcome.rxno, outcome.rxno), []).append(value(outcome))
        return {
            key: Judged(cell, [(sum(values), len(values)) for values in units[key].values()])
            for key, cell in sorted(self.frames.items())
        }

    def hits(self, classes: Iterable[int], unjudgeable_counts: bool = False) -> dict[Key, Judged]:
        """Every cell with 1 for each judged random row of the classes, else 0."""
        wanted = set(classes)
        return self.judged(
            lambda outcome: float(unjudgeable_counts if outcome.unjudgeable else outcome.verdict_class in wanted)
        )

    def strata(self, classes: Iterable[int], unjudgeable_counts: bool = False) -> list[Stratum]:
        """Cell by cell: frame, random rows with a final verdict, those of the classes."""
        return [
            stratum_of_stays(judged.cell.rows, judged.cell.units, judged.units)
            if judged.cell.by_stay
            else Stratum(judged.cell.rows, len(judged.units), int(sum(hit for hit, _ in judged.units)))
            for judged in self.hits(classes, unjudgeable_counts).values()
        ]

    def lost(self) -> dict[Key, Judged]:
        """Every cell with the confirmed loss (fen) of each random row with a final verdict."""
        loss: Counter[str] = Counter()
        for line in self.losses:
            loss[line.outcome.rxno] += line.loss
        return self.judged(lambda outcome: float(loss[outcome.rxno]))

    def loss_strata(self) -> list[tuple[int, list[float]]]:
        """Cell by cell: units in the frame, and the confirmed loss (fen) of each that has a final verdict."""
        return [(judged.cell.units, [value for value, _ in judged.units]) for judged in self.lost().values()]


def reviewed(data: AssessmentInput, found: list[Outcome], losses: list[LossLine]) -> list[Reviewed]:
    """Everything reviewed, by institution of the frame, in the order of their codes."""
    frames: dict[str, dict[Key, Cell]] = {}
    stays: dict[str, str] = {}
    for part in data.quarters:
        stays.update(units_of(part))
        for code, cells in cells_of(part).items():
            frames.setdefault(code, {}).update(cells)
    own: dict[str, list[Outcome]] = {code: [] for code in frames}
    lost: dict[str, list[LossLine]] = {code: [] for code in frames}
    for outcome in found:
        own[outcome.fixmedins_code].append(outcome)
    for line in losses:
        lost[line.outcome.fixmedins_code].append(line)
    return [Reviewed(code, frames[code], tuple(own[code]), tuple(lost[code]), stays) for code in sorted(frames)]


def institution_estimates(items: list[Reviewed], confidence: float = 0.9) -> pd.DataFrame:
    """institution_estimates.csv. Grain: one row an institution of the frame, by code.

    ``unreasonable_rate``: share of prescriptions of class 1 to 3 in the frame, estimated from the random rows
    with a final verdict; a prescription that cannot be judged counts as reasonable. ``n_unjudged`` = random rows
    without a class: cannot be judged, or no final verdict yet (left out, as if missing by chance). ``method``
    names the limits. ``loss_found`` = confirmed losses of all arms, each fee line once; ``loss_point`` = the
    whole frame's loss from the random arm, its limits cut off at 0; yuan. Empty = cannot be estimated.
    """
    import pandas as pd

    rows = [_estimate_row(item, confidence) for item in items]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"unreasonable_rate": float})


def _estimate_row(item: Reviewed, confidence: float) -> tuple[object, ...]:
    shown = rate(item.strata(UNREASONABLE), confidence)
    loss = total(item.loss_strata(), confidence)
    return (
        item.code,
        item.n_frame,
        len(item.random),
        sum(outcome.arm == "targeted" for outcome in item.outcomes),
        len(item.random) - len(item.final) + item.unjudgeable,
        shown.point,
        shown.low,
        shown.high,
        shown.method,
        yuan(sum(line.loss for line in item.losses)),
        *(yuan(_fen(value)) for value in (loss.point, loss.low, loss.high)),
    )


def _fen(value: float | None) -> int | None:
    return None if value is None else max(0, round(value))


def coverage_table(items: list[Reviewed], confidence: float = 0.9) -> pd.DataFrame:
    """institution_coverage.csv: how far the verdicts reach, and both extremes of what cannot be judged.

    Grain: one row an institution. ``rate_if_reasonable`` and ``rate_if_unreasonable``: all that cannot be judged
    counted the one way and the other; fractions.
    """
    import pandas as pd

    rows = []
    for item in items:
        either = [rate(item.strata(UNREASONABLE, counts), confidence).point for counts in (False, True)]
        share = item.unjudgeable / len(item.final) if item.final else None
        waiting = len(item.random) - len(item.final)
        rows.append((item.code, len(item.random), waiting, item.coverage, item.unjudgeable, share, *either))
    names = ["fixmedins_code", "n_random", "n_no_verdict", "coverage", "n_cannot_judge", "cannot_judge_share"]
    return pd.DataFrame(rows, columns=[*names, "rate_if_reasonable", "rate_if_unreasonable"])


def city_rate(items: list[Reviewed], confidence: float = 0.9) -> Interval:
    """Unreasonable rate of all institutions together, stratified as they were drawn; a fraction."""
    return _city_mean([item.hits(UNREASONABLE) for item in items], confidence, most=1.0)[0]


def city_loss(items: list[Reviewed], confidence: float = 0.9) -> Interval:
    """Loss of all institutions together in fen, stratified as they were drawn."""
    mean, count = _city_mean([item.lost() for item in items], confidence, most=float("inf"))
    if mean.point is None or mean.low is None or mean.high is None:
        return mean
    return Interval(mean.point * count, mean.low * count, mean.high * count, mean.method)


def _city_mean(parts: list[dict[Key, Judged]], confidence: float, most: float) -> tuple[Interval, int]:
    """Mean a prescription, and the prescriptions it stands for: those of strata of which something was judged.

    Where institutions were drawn it stands for the whole frame: those without a turn are spoken for by the others.
    """
    cells = joined(parts)
    if is_simple(cells):
        strata = [(judged.cell.rows, [value for value, _ in judged.units]) for judged in cells.values()]
        return _around(strata, confidence, most), sum(size for size, values in strata if values)
    spoken_for = [judged.cell for judged in cells.values() if judged.units or judged.cell.prob < 1]
    return weighted_mean(cells, confidence, most), sum(cell.rows for cell in spoken_for)


def _around(strata: list[tuple[int, list[float]]], confidence: float, most: float) -> Interval:
    if not any(values for _, values in strata):
        return Interval(None, None, None, "none")
    mean, error = stratified_mean(strata)
    width = deviate(confidence) * error
    return Interval(mean, max(0.0, mean - width), min(most, mean + width), "stratified_normal")


def city_table(items: list[Reviewed], confidence: float = 0.9) -> pd.DataFrame:
    """city_estimates.csv: one row a figure (unreasonable_rate as a fraction, loss in yuan)."""
    import pandas as pd

    shown = city_rate(items, confidence)
    loss = city_loss(items, confidence)
    rows: list[tuple[object, ...]] = [("unreasonable_rate", shown.point, shown.low, shown.high, shown.method)]
    amounts = (None if value is None else yuan(round(value)) for value in (loss.point, loss.low, loss.high))
    rows.append(("loss", *amounts, loss.method))
    return pd.DataFrame(rows, columns=["figure", "point", "low90", "high90", "method"]).astype(object)
