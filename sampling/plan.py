"""Before a draw: what the capacity gives each institution, and what a wished width would need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sampling.design import Design
from sampling.draw import prepare
from sampling.intervals import hypergeometric_limits
from sampling.sizes import size_for_rate

if TYPE_CHECKING:
    import pandas as pd


def expected_half_width(population: int, sample: int, rate: float, confidence: float = 0.9) -> float:
    """Half the width of the exact interval of a rate, when the sample shows the assumed rate.

    Between two whole numbers of unreasonable prescriptions the width is taken in proportion.
    """
    below = min(int(sample * rate), sample - 1)
    part = sample * rate - below
    widths = []
    for found in (below, below + 1):
        lower, upper = hypergeometric_limits(population, sample, found, confidence)
        widths.append((upper - lower) / population / 2)
    return widths[0] * (1 - part) + widths[1] * part


def plan(
    frame: pd.DataFrame,
    scores: pd.DataFrame | None,
    design: Design,
    *,
    rate: float = 0.15,
    half_width: float = 0.05,
    confidence: float = 0.9,
) -> pd.DataFrame:
    """Sizes and widths per institution. Grain: one row an institution, by code.

    Columns: fixmedins_code, n_frame, n_random (what the design gives), half_width (expected at the assumed
    rate; a fraction), n_wanted (reviews that the wished half-width needs, normal approximation). Raises
    DesignRefused when the capacity does not fit the frame.
    """
    import pandas as pd

    sizes = prepare(frame, scores, (), design).sizes
    counts = frame["fixmedins_code"].astype(str).value_counts()
    rows = []
    for code, sample in sorted(sizes.items()):
        population = int(counts[code])
        width = expected_half_width(population, sample, rate, confidence) if sample else None
        wanted = size_for_rate(rate, half_width, population, confidence)
        rows.append((code, population, sample, width, wanted))
    return pd.DataFrame(rows, columns=["fixmedins_code", "n_frame", "n_random", "half_width", "n_wanted"])
