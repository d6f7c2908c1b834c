"""Frames and designs of every kind, and a slow draw over many seeds that shares no code with the room's."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import sampling.design
from records.output import write_text
from sampling.design import Design, load_design
from sampling.numbers import permanent_numbers
from sampling.probabilities import Prepared

SHIPPED = sorted((Path(sampling.design.__file__).parent / "designs").glob("*.toml"))


def shipped(name: str) -> Path:
    return next(path for path in SHIPPED if path.stem == name)


def changed(path: Path, folder: Path, **lines: Any) -> Path:
    """A copy of a design file with some lines set anew: ``section__key=value``."""
    text = path.read_text(encoding="utf-8")
    content = tomllib.loads(text)
    for name, value in lines.items():
        section, _, key = name.rpartition("__")
        (content.setdefault(section, {}) if section else content)[key] = value
    tops = {key: value for key, value in content.items() if not isinstance(value, dict)}
    parts = [_lines(tops)]
    for section, part in content.items():
        if isinstance(part, dict):
            tables = {key: value for key, value in part.items() if isinstance(value, dict)}
            parts.append(f"[{section}]\n" + _lines({key: value for key, value in part.items() if key not in tables}))
            parts += [f"[{section}.{key}]\n" + _lines(value) for key, value in tables.items()]
    target = folder / "changed.toml"
    write_text(target, "\n".join(parts))
    return target


def _lines(part: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list | tuple):
            return f"[{', '.join(text(entry) for entry in value)}]"
        return f'"{value}"' if isinstance(value, str) else str(value)

    return "".join(f'"{key}" = {text(value)}\n' for key, value in part.items())


def small_frame() -> pd.DataFrame:
    """Two hospitals, one with wards, a township hospital and four village clinics: 76 prescriptions."""
    rows = []
    for code, size in {"H1": 24, "H2": 12, "T1": 10, "V1": 6, "V2": 5, "V3": 3, "V4": 1}.items():
        rows += [(f"{code}-{number:02d}", code, "1", f"M{code}{number}") for number in range(size)]
    # Wards of H1: stays of 1, 2, 3, 4 and 5 orders.
    rows += [(f"W{stay}-{order}", "H1", "3", f"S{stay}") for stay in range(1, 6) for order in range(stay)]
    return pd.DataFrame(rows, columns=["rxno", "fixmedins_code", "setting", "mdtrt_id"])


def small_places() -> pd.DataFrame:
    rows = [("H1", "10", "C1"), ("H2", "10", None), ("T1", "21", "C1"), ("V1", "30", "C1"), ("V2", "30", "C1")]
    rows += [("V3", "30", "C2"), ("V4", "30", None)]
    return pd.DataFrame(rows, columns=["fixmedins_code", "inst_class", "consortium_code"]).assign(admdvs="530302")


def small_scores(frame: pd.DataFrame) -> pd.DataFrame:
    values = np.random.default_rng(4).beta(1, 4, len(frame))
    return pd.DataFrame({"rxno": frame["rxno"], "score": values, "novelty": values[::-1] ** 2})


def small_design(name: str, folder: Path) -> Design:
    """A shipped design at the size of the small frame."""
    lines = {"bands": {"bands__split_from": 10, "bands__least_rows": 3}, "two_stage": {"institutions__take": 2}}
    path = changed(shipped(name), folder, random__floor_count=3, **lines.get(name, {}))
    return load_design(path, capacity=45)


class ManyDraws:
    """A prepared frame drawn with many seeds at once: one row a seed, one column a prescription."""

    def __init__(self, prepared: Prepared, seeds: list[str]) -> None:
        self.rows = prepared.frame
        self.random = self._random(prepared, seeds)
        chance = self.rows["p_targeted"].to_numpy()
        self.targeted = _numbers(seeds, "targeted", list(self.rows["rxno"])) < chance
        self.targeted[:, chance >= 1] = True
        self.clue = np.broadcast_to(self.rows["p_clue"].to_numpy() == 1, self.random.shape)
        self.any = self.random | self.targeted | self.clue

    def _random(self, prepared: Prepared, seeds: list[str]) -> np.ndarray:
        taken = np.zeros((len(seeds), len(self.rows)), dtype=bool)
        stratum = self.rows["stratum"].astype(str)
        for name, n in prepared.sizes.items():
            own = np.flatnonzero(stratum == name)
            codes = self.rows["unit"].iloc[own] if name.endswith("/ward") else self.rows["rxno"].iloc[own]
            units = sorted(set(codes))
            numbers = _numbers(seeds, "random", units)
            places = numbers.argsort(axis=1, kind="stable").argsort(axis=1)
            drawn = places < n
            if name in prepared.turns:
                chance = prepared.turns[name].chance
                drawn &= (_numbers(seeds, "institution", [name]) < chance) | (chance >= 1)
            at = [units.index(code) for code in codes]
            taken[:, own] = drawn[:, at]
        return taken


def _numbers(seeds: list[str], arm: str, codes: list[str]) -> np.ndarray:
    return np.array([permanent_numbers(seed, arm, codes) for seed in seeds], dtype=np.uint64) / 2.0**64
