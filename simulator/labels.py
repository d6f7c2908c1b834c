"""What earlier panels and investigations left: verdicts and findings with the truth's noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from records.periods import Quarter
from simulator.block import Active
from simulator.catalogue import Array, parameters
from simulator.people import PERSON_SCHEMES
from simulator.places import City
from simulator.streams import FINDINGS, PANEL, index_of, stream
from simulator.truth import Truth, words

_VERDICT = ["rxno", "reviewed_time", "verdict_class", "item_codes", "fund_codes", "loss_amt", "selection", "incl_prob"]


def rx_number(quarter: Quarter, block: Array, number: Array) -> list[str]:
    """Prescription numbers of visits of a quarter."""
    return [f"RX{quarter}{b:04d}{n:06d}" for b, n in zip(block.tolist(), number.tolist(), strict=True)]


def frame_of(truths: Sequence[Truth]) -> pd.DataFrame:
    """Truth of a quarter's prescriptions that were not reversed as a whole; one row each, numbers only."""
    parts = []
    for truth in truths:
        number = np.flatnonzero(~truth.lost)
        names = ("when", "place", "combination", "verdict", "fund", "scope", "loss", "signs")
        part = {name: getattr(truth, name)[number] for name in names}
        parts.append(pd.DataFrame({"block": np.int32(truth.block), "number": number.astype(np.int32), **part}))
    return pd.concat(parts, ignore_index=True)


def _random_arm(frame: pd.DataFrame, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Who is drawn at random, and with which probability: quotas by institution as the root of its size."""
    place = frame["place"].to_numpy()
    sizes = np.bincount(place)
    root = np.sqrt(sizes)
    quota = np.minimum(sizes, np.maximum(1, np.round(root / root.sum() * size)))
    order = np.lexsort((rng.random(len(frame)), place))
    rank = np.empty(len(frame), dtype=np.int64)
    rank[order] = np.arange(len(frame)) - np.searchsorted(place[order], place[order])
    return rank < quota[place], quota[place] / sizes[place]


def past_verdicts(frame: pd.DataFrame, persons: int, seed: int, quarter: Quarter) -> pd.DataFrame:
    """Verdicts of one quarter's panel: a random arm by institution and a targeted arm, with probabilities.

    Columns of the contract, and ``when`` (minute of the quarter) of the prescription.
    """
    marks, rng = parameters()["panel"], stream(seed, PANEL, index_of(quarter))
    capacity = min(marks["most_verdicts"], max(60, round(persons * marks["verdicts_per_person"])))
    drawn, chance = _random_arm(frame, round(capacity * marks["random_share"]), rng)
    risk = (frame["signs"].to_numpy() + 0.3) * np.sqrt(frame["scope"].to_numpy() / 100 + 5)
    pointed = np.minimum(1, risk / risk.sum() * (capacity - round(capacity * marks["random_share"])))
    targeted = (rng.random(len(frame)) < pointed) & ~drawn
    rows = np.flatnonzero(drawn | targeted)
    chosen = frame.iloc[rows]
    texts = {one: words(one) for one in chosen["combination"].unique().tolist()}
    found = pd.DataFrame(
        {
            "rxno": rx_number(quarter, chosen["block"].to_numpy(), chosen["number"].to_numpy()),
            "verdict_class": chosen["verdict"].to_numpy().astype(int),
            "item_codes": [texts[one][1] for one in chosen["combination"]],
            "fund_codes": [texts[one][2] for one in chosen["combination"]],
            "loss_amt": np.where(chosen["fund"], chosen["loss"] / 100, np.nan),
            "selection": np.where(drawn[rows], "random", "targeted"),
            "incl_prob": np.where(drawn[rows], chance[rows], pointed[rows]),
        }
    )
    noisy = rng.random(len(found)) < marks["noise"]
    flipped = np.where(found["verdict_class"] > 0, 0, rng.integers(1, 3, len(found)))
    found["verdict_class"] = np.where(noisy, flipped, found["verdict_class"])
    for verdict, items in ((0, None), (1, "1-7"), (2, "2-9")):
        found.loc[noisy & (found["verdict_class"] == verdict), "item_codes"] = items
    minutes = pd.to_timedelta(rng.integers(0, 20_000, len(found)), unit="m")
    found["reviewed_time"] = pd.Timestamp(quarter.end) + timedelta(days=42) + minutes
    found["when"] = chosen["when"].to_numpy()
    ordered: pd.DataFrame = found[[*_VERDICT, "when"]]
    return ordered


def subjects_of(city: City, active: Sequence[Active]) -> dict[str, tuple[Array, Array]]:
    """For each kind of subject the numbers of those active in the quarter, in order, and the names of their schemes."""
    doctors = np.unique(np.concatenate([one.doctors for one in active]))
    places = np.unique(np.concatenate([one.places for one in active]))
    persons = np.concatenate([one.persons for one in active])
    return {
        "person": (persons, np.array(PERSON_SCHEMES)[np.concatenate([one.scheme for one in active])]),
        "practitioner": (doctors, city.doctors["scheme"][doctors]),
        "institution": (places, city.places["scheme"][places]),
    }


def codes_of(city: City) -> dict[str, Callable[[int], str]]:
    """For each kind of subject the code of a number."""
    return {
        "person": lambda number: f"53{number:010d}",
        "practitioner": city.practitioner["dr_codg"].tolist().__getitem__,
        "institution": city.institution["fixmedins_code"].tolist().__getitem__,
    }


def _violation(scheme: str) -> str:
    """The code of what is found; what no code of a prescription names, and what was found wrongly, is other fraud."""
    return parameters()["schemes"].get(scheme, {}).get("fund") or "F40-4"


def past_findings(city: City, active: Sequence[Active], quarter: Quarter) -> pd.DataFrame:
    """Investigations of one quarter: guilty and cleared subjects who were active in it."""
    marks, rng = parameters()["panel"], stream(city.seed, FINDINGS, index_of(quarter))
    codes = codes_of(city)
    parts = []
    for kind, (numbers, schemes) in subjects_of(city, active).items():
        guilty = schemes != ""
        chance = np.where(guilty, marks["found_guilty"], marks[f"findings_{kind}s"] * 0.7)
        chance = chance * min(1.0, marks["most_findings"] / max(1.0, float(chance.sum())))
        rows = np.flatnonzero(rng.random(len(numbers)) < chance)
        found = guilty[rows] != (rng.random(len(rows)) < marks["wrong_finding"])
        parts.append(
            pd.DataFrame(
                {
                    "subject_type": kind,
                    "subject_code": [codes[kind](number) for number in numbers[rows].tolist()],
                    "fraud_flag": found.astype(int),
                    "fund_codes": [
                        _violation(scheme) if there else None for scheme, there in zip(schemes[rows], found, strict=True)
                    ],
                    "loss_amt": np.where(found, np.round(rng.gamma(2, 900, len(rows)), 2), np.nan),
                }
            )
        )
    joined = pd.concat(parts, ignore_index=True)
    joined["finding_id"] = [f"CF{quarter}{number:06d}" for number in range(len(joined))]
    joined["begndate"], joined["enddate"] = quarter.begin.date(), (quarter.end - timedelta(days=1)).date()
    return joined
