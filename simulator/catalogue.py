"""Parameters, diseases and drugs of the made-up city, as they stand in its files, and as arrays to draw with."""

from __future__ import annotations

import csv
import tomllib
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_HERE = Path(__file__).parent
#: Most drugs that one prescription can hold.
SLOTS = 11
_BRAND = "（原研）"
#: The same generic of another maker, which nobody prescribes and which stands in when the first is out of stock.
_STAND_IN = "（他厂）"
Array = np.ndarray[Any, Any]


@cache
def parameters() -> dict[str, Any]:
    """All parameters of the city."""
    return tomllib.loads((_HERE / "parameters.toml").read_text(encoding="utf-8"))


def _rows(name: str) -> list[dict[str, str]]:
    with (_HERE / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


@cache
def diseases() -> list[dict[str, str]]:
    """Diseases with department, weight, age and sex, and the drugs usually and sometimes given."""
    return _rows("diseases")


def _code(number: int, entry: dict[str, str]) -> str:
    form = zlib.crc32(entry["form"].encode()) % 900 + 100
    if entry["form"] == "饮片":
        return f"T{number:09d}"
    if entry["atc"]:
        return f"X{entry['atc'][:5]}{number:04d}A{form}0101{number:05d}0".ljust(23, "0")[:23]
    return f"ZA01AA{number:04d}{form}01{number:05d}".ljust(20, "0")[:20]


def _drug(number: int, entry: dict[str, str]) -> dict[str, Any]:
    piece, brand, other = entry["form"] == "饮片", entry["name"].endswith(_BRAND), entry["name"].endswith(_STAND_IN)
    return {
        "med_list_codg": _code(number, entry),
        "drug_genname": entry["name"].removesuffix(_BRAND).removesuffix(_STAND_IN),
        "drug_prodname": "原研进口" if brand else "他厂仿制" if other else None,
        "drug_kind": "13" if piece else ("11" if entry["atc"] else "12"),
        "atc_code": entry["atc"] or None,
        "tcm_class": "补益" if piece else None,
        "dosform": entry["form"],
        "inj_flag": int(entry["inj"]),
        "strength": float(entry["strength"]),
        "strength_unit": entry["unit"],
        "units_per_pack": float(entry["pack"]),
        "ddd": float(entry["ddd"]),
        "max_daily_dose": float(entry["max"]),
        "bas_medn_flag": int(entry["bas"]),
        "hi_nego_drug_flag": int(entry["nego"]),
        "vbp_group": entry["vbp"] or None,
        "vbp_selected_flag": int(bool(entry["vbp"]) and not brand and not other),
        "abx_tier": int(entry["abx"]) if entry["abx"] else None,
        "control_class": entry["control"] or None,
        "chrgitm_lv": entry["level"],
        "lmt_text": entry["lmt_text"] or None,
        "lmt_icd": entry["lmt_icd"] or None,
        "lmt_hosp_lv": entry["lmt_hosp"] or None,
        "lmt_med_type": None,
        "sex_limit": entry["sex"] or None,
        "age_min_days": int(entry["age_min"]) if entry["age_min"] else None,
        "age_max_days": None,
        "preg_contra_flag": int(entry["preg"]),
        "special_drug_flag": int(float(entry["price"]) > 1000),
        "price": float(entry["price"]),
        "route": entry["route"],
    }


@dataclass(frozen=True)
class Catalogue:
    """Drugs and diseases as arrays. Grain: one entry a drug or disease; -1 = none.

    ``stand_in``: the row of the same generic by another maker; ``spare``: whether a drug is only such a stand-in;
    ``narcotic``: narcotics and class-1 psychotropics, which take a right of their own to prescribe.
    """

    drug: pd.DataFrame
    row: dict[str, int]
    units: Array
    strength: Array
    pack: Array
    most: Array
    usual_day: Array
    piece: Array
    injection: Array
    tier: Array
    group: Array
    sex: Array
    control: Array
    narcotic: Array
    stand_in: Array
    spare: Array
    price: Array
    trade: tuple[str, ...]
    usual: Array
    sometimes: Array
    count_usual: Array
    count_sometimes: Array

    def rows(self, names: str) -> Array:
        """Rows of drugs named in one text, in its order."""
        return np.array([self.row[name] for name in names.split()], dtype=np.int16)

    def table(self, pairs: dict[str, str]) -> Array:
        """For every drug the row of its partner in ``pairs``; -1 = none."""
        found = np.full(len(self.drug), -1, dtype=np.int16)
        for first, second in pairs.items():
            found[self.row[first]] = self.row[second]
        return found


def _lists(column: str, row: dict[str, int]) -> tuple[Array, Array]:
    found = [[row[name] for name in disease[column].split()] for disease in diseases()]
    table = np.full((len(found), max(map(len, found))), -1, dtype=np.int16)
    for number, drugs in enumerate(found):
        table[number, : len(drugs)] = drugs
    return table, np.array([len(drugs) for drugs in found])


def _group(frame: pd.DataFrame) -> Array:
    # Drugs of one pharmacological class (first four characters of the ATC code) share a number.
    names = [atc[:4] if isinstance(atc, str) and atc else f"none {row}" for row, atc in enumerate(frame.atc_code)]
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], dtype=np.int16)


@cache
def catalogue() -> Catalogue:
    """The catalogue, read once."""
    entries = _rows("drugs")
    frame = pd.DataFrame([_drug(number, entry) for number, entry in enumerate(entries)])
    row = {entry["name"]: number for number, entry in enumerate(entries)}
    strength, ddd = frame.strength.to_numpy(), frame.ddd.to_numpy()
    units = np.maximum(0.5, np.round(2 * ddd / strength) / 2)
    piece = (frame.drug_kind == "13").to_numpy()
    units = np.where(piece, ddd, units)
    usual, count_usual = _lists("usual", row)
    sometimes, count_sometimes = _lists("sometimes", row)
    return Catalogue(
        drug=frame,
        row=row,
        units=units,
        strength=np.where(piece, 1.0, strength),
        pack=frame.units_per_pack.to_numpy(),
        most=frame.max_daily_dose.to_numpy(),
        usual_day=units * np.where(piece, 1, strength),
        piece=piece,
        injection=frame.inj_flag.to_numpy() == 1,
        tier=frame.abx_tier.fillna(0).to_numpy().astype(np.int8),
        group=_group(frame),
        sex=frame.sex_limit.fillna("0").astype(int).to_numpy(),
        control=frame.control_class.isin(["P1", "P2", "N"]).to_numpy(),
        narcotic=frame.control_class.isin(["P1", "N"]).to_numpy(),
        stand_in=np.array([row.get(name + _STAND_IN, -1) for name in row], dtype=np.int16),
        spare=np.array([name.endswith(_STAND_IN) for name in row]),
        price=np.round(frame.price.to_numpy() * 10_000).astype(np.int64),
        trade=tuple(entry["trade"] for entry in entries),
        usual=usual,
        sometimes=sometimes,
        count_usual=count_usual,
        count_sometimes=count_sometimes,
    )


def disease_row(code: str) -> int:
    """The row of the disease with a code."""
    return int(np.flatnonzero(is_disease(code))[0])


@cache
def is_disease(*codes: str) -> Array:
    """For every disease, whether its code is one of ``codes``."""
    return np.array([disease["code"] in codes for disease in diseases()])


@cache
def steps_by_age(chronic: bool, season: tuple[float, ...] = ()) -> Array:
    """Cumulative weights of the chronic or acute diseases by age (0-99), sex (male, female) and disease."""
    table = np.zeros((100, 2, len(diseases())))
    for number, disease in enumerate(diseases()):
        if (disease["chronic"] == "1") != chronic:
            continue
        lift = season[int(disease["season"])] if season else 1.0
        for sex in (0, 1):
            if disease["sex"] in ("", str(sex + 1)):
                ages = slice(int(disease["age_low"]), int(disease["age_high"]) + 1)
                table[ages, sex, number] = float(disease["weight"]) * lift
    # Ages that no disease is listed for come with what the nearest listed age has.
    for sex in (0, 1):
        listed = np.flatnonzero(table[:, sex].sum(axis=1))
        nearest = listed[np.abs(np.arange(100)[:, None] - listed).argmin(axis=1)]
        table[:, sex] = table[nearest, sex]
    return np.asarray(np.cumsum(table, axis=2) / table.sum(axis=2, keepdims=True))
