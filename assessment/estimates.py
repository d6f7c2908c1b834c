"""Estimates of an institution and of the city. Rates come from the random arm alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assessment.estimators import Interval, Stratum, rate, stratified_mean, total
from assessment.inputs import AssessmentInput
from assessment.losses import LossLine
from assessment.money import yuan
from assessment.outcomes import Outcome
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
    """What was reviewed of one institution. ``frames``: prescriptions in the frame by quarter."""

    code: str
    frames: dict[str, int]
    outcomes: tuple[Outcome, ...]
    losses: tuple[LossLine, ...]

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

    def strata(self, classes: Iterable[int], unjudgeable_counts: bool = False) -> list[Stratum]:
        """Quarter by quarter: frame, random rows with a final verdict, those of the classes."""
        wanted = set(classes)
        rows = Counter(outcome.quarter for outcome in self.final)
        hits = Counter(
            outcome.quarter
            for outcome in self.final
            if (unjudgeable_counts if outcome.unjudgeable else outcome.verdict_class in wanted)
        )
        return [Stratum(size, rows[quarter], hits[quarter]) for quarter, size in sorted(self.frames.items())]

    def loss_strata(self) -> list[tuple[int, list[float]]]:
        """Quarter by quarter: frame, and the confirmed loss (fen) of each random row with a final verdict."""
        loss: Counter[str] = Counter()
        for line in self.losses:
            loss[line.outcome.rxno] += line.loss
        return [
            (size, [float(loss[outcome.rxno]) for outcome in self.final if outcome.quarter == quarter])
            for quarter, size in sorted(self.frames.items())
        ]


def reviewed(data: AssessmentInput, found: list[Outcome], losses: list[LossLine]) -> list[Reviewed]:
    """Everything reviewed, by institution of the frame, in the order of their codes."""
    frames: dict[str, dict[str, int]] = {}
    for part in data.quarters:
        counts = part.frame["fixmedins_code"].astype(str).value_counts()
        for code, size in counts.items():
            frames.setdefault(str(code), {})[part.quarter] = int(size)
    own: dict[str, list[Outcome]] = {code: [] for code in frames}
    lost: dict[str, list[LossLine]] = {code: [] for code in frames}
    for outcome in found:
        own[outcome.fixmedins_code].append(outcome)
    for line in losses:
        lost[line.outcome.fixmedins_code].append(line)
    return [Reviewed(code, frames[code], tuple(own[code]), tuple(lost[code])) for code in sorted(frames)]


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
        sum(item.frames.values()),
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
    """Unreasonable rate of all institutions together, stratified by institution and quarter."""
    strata = [
        (stratum.population, [1.0] * stratum.found + [0.0] * (stratum.sample - stratum.found))
        for item in items
        for stratum in item.strata(UNREASONABLE)
    ]
    return _around(strata, confidence, most=1.0)


def city_loss(items: list[Reviewed], confidence: float = 0.9) -> Interval:
    """Loss of all institutions together in fen, stratified by institution and quarter."""
    strata = [stratum for item in items for stratum in item.loss_strata()]
    mean = _around(strata, confidence, most=float("inf"))
    if mean.point is None or mean.low is None or mean.high is None:
        return mean
    count = sum(size for size, values in strata if values)
    return Interval(mean.point * count, mean.low * count, mean.high * count, mean.method)


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
