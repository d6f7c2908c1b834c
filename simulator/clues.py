"""Reports from the public and leads from other offices: some about the guilty, most about others, all worded alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from records.periods import Quarter
from simulator.block import Active
from simulator.catalogue import parameters
from simulator.labels import codes_of, rx_number, subjects_of
from simulator.places import City
from simulator.streams import CLUES, REPORTS, index_of, stream

_CHANNELS = ("phone", "web", "letter", "transfer")
_TEXTS = {
    "person": ("群众反映：其经常代他人取药", "群众反映：其在多家机构开取同类药品", "外部门移交：疑似倒卖医保药品"),
    "practitioner": ("群众反映：该医师开药过多过贵", "群众反映：本人未就诊而其名下有处方", "外部门移交：疑似收受药品回扣"),
}


def clues(city: City, frame: pd.DataFrame, active: Sequence[Active], quarter: Quarter) -> pd.DataFrame:
    """Clues of a quarter about prescriptions, institutions, persons and practitioners; one row each."""
    parts = [_about_prescriptions_and_places(city, frame, quarter), _about_persons_and_practitioners(city, active, quarter)]
    found = pd.concat(parts, ignore_index=True)
    found["clue_id"] = [f"XS{quarter}{number:05d}" for number in range(len(found))]
    return found


def _minutes(quarter: Quarter, size: int, rng: np.random.Generator) -> pd.DatetimeIndex:
    minutes = rng.integers(0, (quarter.end - quarter.begin).days * 1440, size)
    return pd.DatetimeIndex(pd.Timestamp(quarter.begin) + pd.to_timedelta(minutes, unit="m"))


def _about_prescriptions_and_places(city: City, frame: pd.DataFrame, quarter: Quarter) -> pd.DataFrame:
    rng, marks = stream(city.seed, CLUES, index_of(quarter)), parameters()["clues"]
    size = max(marks["least"], len(frame) // marks["prescriptions"])
    guilty = np.flatnonzero(frame["fund"])
    about_rx = (rng.random(size) < 0.4) & (len(guilty) > 0)
    chosen = frame.iloc[guilty[(rng.random(size) * len(guilty)).astype(int)]] if len(guilty) else frame.head(0)
    numbers = rx_number(quarter, chosen["block"].to_numpy(), chosen["number"].to_numpy()) or [""] * size
    places = city.institution["fixmedins_code"].to_numpy()[rng.integers(0, len(city.institution), size)]
    return pd.DataFrame(
        {
            "received_time": _minutes(quarter, size, rng),
            "subject_type": np.where(about_rx, "prescription", "institution"),
            "subject_code": np.where(about_rx, numbers, places),
            "clue_text": np.where(about_rx, "群众反映：未到院就诊却有开药记录", "群众反映：该机构药价偏高"),
            "channel": np.array(_CHANNELS[:3])[rng.integers(0, 3, size)],
            "anonymous_flag": (rng.random(size) < 0.5).astype(int),
        }
    )


def _about_persons_and_practitioners(city: City, active: Sequence[Active], quarter: Quarter) -> pd.DataFrame:
    """A share about those in a scheme who were active, the rest about the others; nothing in them tells which."""
    rng, marks = stream(city.seed, REPORTS, index_of(quarter)), parameters()["clues"]
    subjects, codes, parts = subjects_of(city, active), codes_of(city), []
    for kind, wordings in _TEXTS.items():
        numbers, schemes = subjects[kind]
        guilty, others = numbers[schemes != ""], numbers[schemes == ""]
        size = max(marks["least"], round(len(numbers) * marks[kind]))
        right = (rng.random(size) < marks["right"]) & (len(guilty) > 0)
        draw = rng.random(size)
        chosen = others[(draw * len(others)).astype(int)]
        chosen[right] = guilty[(draw[right] * len(guilty)).astype(int)]
        parts.append(
            pd.DataFrame(
                {
                    "received_time": _minutes(quarter, size, rng),
                    "subject_type": kind,
                    "subject_code": [codes[kind](number) for number in chosen.tolist()],
                    "clue_text": np.array(wordings)[rng.integers(0, len(wordings), size)],
                    "channel": np.array(_CHANNELS)[rng.integers(0, len(_CHANNELS), size)],
                    "anonymous_flag": (rng.random(size) < 0.5).astype(int),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
