"""The draw: a random arm that carries every rate, a targeted arm where models point, and certain clues."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sampling.design import Design
from sampling.numbers import permanent_numbers
from sampling.probabilities import Prepared, prepare
from sampling.rotation import drawn_institutions

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "rxno",
    "fixmedins_code",
    "stratum",
    "arm",
    "incl_prob",
    "incl_prob_any",
    "weight",
    "design_id",
    "seed",
    "draw_order",
)


def draw(frame: pd.DataFrame, scores: pd.DataFrame | None, clues: Collection[str], design: Design, seed: str) -> pd.DataFrame:
    """Draw a quarter: the rows of sample.parquet, by rxno. The same arguments give the same rows.

    Grain: one row a prescription. ``arm`` = random if the random arm drew it, whatever else did; else clue,
    else targeted. ``incl_prob`` = probability under the random design alone for random rows, under its own
    arm for others; ``incl_prob_any`` = by any arm; ``weight`` = 1 / incl_prob; ``draw_order`` = 1..n, telling
    nothing about the arm. Errors as for ``prepare``.
    """
    return select(prepare(frame, scores, clues, design), design, seed)


def select(prepared: Prepared, design: Design, seed: str) -> pd.DataFrame:
    """Draw from a prepared frame; see ``draw``."""
    import pandas as pd

    rows = prepared.frame
    in_random = random_rows(prepared, seed)
    in_targeted = _below(rows, seed)
    in_clue = rows["p_clue"].to_numpy() == 1
    drawn: pd.DataFrame = rows[in_random | in_targeted | in_clue].copy()
    chosen = in_random[drawn.index.to_numpy()]
    arm = drawn["p_clue"].map({1.0: "clue", 0.0: "targeted"}).astype(str).mask(chosen, "random").astype(str)
    own = drawn["p_targeted"].mask(arm == "clue", 1.0).mask(arm == "random", drawn["p_random"])
    missed = (1 - drawn["p_random"]) * (1 - drawn["p_targeted"]) * (1 - drawn["p_clue"])
    drawn = drawn.assign(
        stratum=drawn["stratum"].astype(str),
        arm=arm,
        incl_prob=own.astype(float),
        incl_prob_any=1 - missed,
        weight=1 / own.astype(float),
        design_id=design.design_id,
        seed=seed,
        draw_order=_shuffled(drawn["rxno"], seed),
    )
    drawn.index = pd.RangeIndex(len(drawn))
    sample: pd.DataFrame = drawn[list(COLUMNS)]
    return sample


def random_rows(prepared: Prepared, seed: str) -> Any:
    """True for the rows of the n units with the smallest numbers of each stratum; numpy, in the order of the frame.

    A stratum of a rotated institution has rows only when the institution has its turn. Equal numbers go in the order
    of rxno, of stays in that of mdtrt_id.
    """
    import numpy as np

    rows = prepared.frame
    index = rows["stratum"].cat.codes.to_numpy().astype(np.int64)
    absent = prepared.turns.keys() - drawn_institutions(prepared.turns, seed)
    names = [str(name) for name in rows["stratum"].cat.categories]
    sizes = np.array([0 if name in absent else prepared.sizes[name] for name in names], dtype=np.int64)
    if not prepared.wards:
        return _smallest(index, rows["rxno"], sizes, seed)
    single = ~np.array([name in prepared.wards for name in names])[index]
    taken = np.zeros(len(rows), dtype=bool)
    taken[single] = _smallest(index[single], rows["rxno"][single], sizes, seed)
    stays = rows.loc[~single, ["unit"]].assign(index=index[~single]).drop_duplicates().sort_values(["index", "unit"])
    kept = stays[_smallest(stays["index"].to_numpy(), stays["unit"], sizes, seed)]
    pairs = set(zip(kept["index"], kept["unit"], strict=True))
    taken[~single] = [pair in pairs for pair in zip(index[~single], rows.loc[~single, "unit"], strict=True)]
    return taken


def _smallest(index: Any, codes: pd.Series[str], sizes: Any, seed: str) -> Any:
    """True for the ``sizes`` smallest numbers of each stratum; equal numbers in the order given."""
    import numpy as np

    counts = np.bincount(index, minlength=len(sizes))
    taken = (sizes >= counts)[index] if len(index) else np.zeros(0, dtype=bool)
    # No number is needed where all or nothing is drawn.
    open_rows = np.flatnonzero(~taken & (sizes > 0)[index]) if len(index) else np.zeros(0, dtype=np.int64)
    numbers = permanent_numbers(seed, "random", codes.iloc[open_rows])
    order = np.lexsort((numbers, index[open_rows]))
    place_of = index[open_rows][order]
    starts = np.searchsorted(place_of, np.arange(len(sizes)))
    first = order[np.arange(len(order)) - starts[place_of] < sizes[place_of]]
    taken[open_rows[first]] = True
    return taken


def _below(rows: pd.DataFrame, seed: str) -> Any:
    """True where the targeted arm's number lies below the prescription's probability."""
    import numpy as np

    probability = rows["p_targeted"].to_numpy()
    taken = np.zeros(len(rows), dtype=bool)
    possible = np.flatnonzero(probability > 0)
    numbers = permanent_numbers(seed, "targeted", rows["rxno"].iloc[possible])
    chance = probability[possible]
    taken[possible] = (numbers.astype(np.float64) / 2.0**64 < chance) | (chance >= 1)
    return taken


def _shuffled(codes: pd.Series[str], seed: str) -> Any:
    """1..n in the order of numbers of their own, so that the order tells nothing about the arm."""
    import numpy as np

    numbers = permanent_numbers(seed, "order", codes)
    places = np.empty(len(numbers), dtype=np.int64)
    places[np.argsort(numbers, kind="stable")] = np.arange(1, len(numbers) + 1)
    return places
