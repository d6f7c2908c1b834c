"""The city's standing: institutions, practitioners, persons and the drug catalogue. One draw a seed."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_HERE = Path(__file__).parent
AREAS = ("530302", "530303", "530304", "530322", "530381")
_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉红"
_PLACES = ("云岭", "珠江源", "南盘江", "龙潭", "翠峰", "寥廓", "白石", "三宝", "沾益", "罗平")
#: Kinds of institution: name, class, level, share of all, departments, weight of visits.
_KINDS = (
    (
        "第{}人民医院",
        "10",
        "3",
        0.05,
        "全科 内科 内分泌科 心血管内科 神经内科 呼吸内科 消化内科 泌尿外科 妇科 骨科 精神科 风湿科 肿瘤科 中医科",
        30,
    ),
    (
        "{}县人民医院",
        "10",
        "2",
        0.12,
        "全科 内科 内分泌科 心血管内科 神经内科 呼吸内科 消化内科 泌尿外科 妇科 骨科 精神科 肿瘤科 中医科",
        14,
    ),
    ("{}中医医院", "50", "2", 0.05, "全科 内科 骨科 中医科", 8),
    ("{}中心卫生院", "20", "1", 0.13, "全科 内科 妇科 中医科", 5),
    ("{}卫生院", "21", "1", 0.20, "全科 内科", 3),
    ("{}社区卫生服务中心", "40", "1", 0.13, "全科 内科 中医科", 4),
    ("{}村卫生室", "30", "0", 0.17, "全科", 1),
    ("{}大药房", "60", "", 0.15, "", 0),
)


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


@dataclass(frozen=True)
class City:
    """The standing tables; ``latent`` columns (habits, guilt) never leave the simulator but as truth."""

    institution: pd.DataFrame
    practitioner: pd.DataFrame
    person: pd.DataFrame
    drug: pd.DataFrame


def plain_rows(frame: pd.DataFrame) -> list[Any]:
    """The rows of a frame as plain tuples: reading one row by row costs ten times as much."""
    return list(frame.itertuples(index=False))


def stream(seed: int, *numbers: int) -> np.random.Generator:
    """A generator of its own for each purpose, so that asking for more of one changes nothing of another."""
    return np.random.default_rng([seed, *numbers])


def build_city(persons: int, seed: int, clean: bool) -> City:
    """Draw the city's standing. The same seed and number of persons always give the same city."""
    institution = _institutions(persons, seed, clean)
    return City(institution, _practitioners(institution, seed, clean), _persons(persons, seed, clean), _drugs())


def _institutions(persons: int, seed: int, clean: bool) -> pd.DataFrame:
    rng = stream(seed, 1)
    total = max(14, persons // 500)
    rows = []
    for kind, (pattern, inst_class, level, share, departments, weight) in enumerate(_KINDS):
        for number in range(max(2 if inst_class in ("10", "60") else 1, round(total * share))):
            area = AREAS[int(rng.integers(len(AREAS)))]
            pharmacy = inst_class == "60"
            place = _PLACES[int(rng.integers(len(_PLACES)))]
            name = pattern.format("一二三四五六七八九"[number % 9] if "第" in pattern else place)
            rows.append(
                {
                    "fixmedins_code": f"{'P' if pharmacy else 'H'}{area}{kind}{number:04d}",
                    "fixmedins_name": f"曲江市{name}" + ("" if "第" in pattern else f"（{number + 1}）"),
                    "fixmedins_type": "2" if pharmacy else "1",
                    "hosp_lv": level or None,
                    "admdvs": area,
                    "consortium_code": f"YGT{area}" if inst_class in ("20", "21", "30") else None,
                    "tcm_flag": int("中医医院" in pattern),
                    "inst_class": inst_class,
                    "departments": departments,
                    "visit_weight": weight * float(np.exp(rng.normal(0, 0.4))),
                    "sloppy": float(rng.normal(0, 0.45)),
                    "price": float(np.exp(rng.normal(0, 0.06))),
                    "unchecked": float(rng.choice([0.0, 0.02, 0.9], p=[0.5, 0.4, 0.1])),
                    "clr_way": str(rng.choice(["1", "2"], p=[0.85, 0.15])) if inst_class in ("21", "30") else "1",
                }
            )
    frame = pd.DataFrame(rows)
    frame["scheme"] = ""
    if not clean:
        marks = parameters()["schemes"]
        hospitals = frame.index[frame.fixmedins_type == "1"].to_numpy(copy=True)
        pharmacies = frame.index[frame.fixmedins_type == "2"].to_numpy(copy=True)
        chosen = rng.permutation(hospitals[frame.inst_class[hospitals] != "30"])
        first = max(1, round(len(frame) * marks["substituting_institutions"]))
        second = max(1, round(len(frame) * marks["charging_institutions"]))
        frame.loc[chosen[:first], "scheme"] = "substitution"
        frame.loc[chosen[first : first + second], "scheme"] = "double_charge"
        guilty = max(1, round(len(pharmacies) * marks["trace_pharmacies"]))
        frame.loc[rng.permutation(pharmacies)[:guilty], "scheme"] = "trace_reuse"
    return frame


def _name(rng: np.random.Generator) -> str:
    given = "".join(_GIVEN[int(i)] for i in rng.integers(len(_GIVEN), size=int(rng.integers(1, 3))))
    return _SURNAMES[int(rng.integers(len(_SURNAMES)))] + given


def _practitioners(institution: pd.DataFrame, seed: int, clean: bool) -> pd.DataFrame:
    rng = stream(seed, 2)
    rows: list[dict[str, Any]] = []
    for place in plain_rows(institution[institution.fixmedins_type == "1"]):
        for number, department in enumerate(place.departments.split()):
            for _ in range(max(1, round(place.visit_weight / (4 + number)))):
                title = int(rng.choice([1, 2, 3, 4], p=[0.25, 0.4, 0.25, 0.1]))
                rows.append(
                    {
                        "dr_codg": f"D{place.admdvs}{len(rows):06d}",
                        "dr_name": _name(rng),
                        "fixmedins_code": place.fixmedins_code,
                        "dept_codg": f"{number + 1:02d}",
                        "dept_name": department,
                        "dr_profttl": title,
                        "abx_tier": min(3, title) if place.hosp_lv in ("2", "3") else 1,
                        "narcotic_flag": int(title >= 2 and place.hosp_lv in ("2", "3")),
                        "sloppy": float(rng.normal(0, 0.7)) + place.sloppy,
                        "cost_habit": float(rng.normal(0, 1)),
                        "abx_habit": float(rng.normal(0, 0.8)),
                        "busy": float(np.exp(rng.normal(0, 0.5))),
                    }
                )
    frame = pd.DataFrame(rows)
    frame["scheme"] = ""
    if not clean:
        marks = parameters()["schemes"]
        order, at = rng.permutation(len(frame)), 0
        for scheme in ("ghost", "split", "kickback"):
            size = max(2, round(len(frame) * marks[f"{scheme}_practitioners"]))
            frame.loc[order[at : at + size], "scheme"] = scheme
            at += size
    return frame


def _persons(persons: int, seed: int, clean: bool) -> pd.DataFrame:
    rng, marks = stream(seed, 3), parameters()
    bands = rng.choice(5, size=persons, p=[0.18, 0.30, 0.23, 0.18, 0.11])
    low, high = np.array([0, 18, 40, 55, 70]), np.array([18, 40, 55, 70, 96])
    age = low[bands] + rng.random(persons) * (high - low)[bands]
    born = pd.Timestamp("2025-01-01") - pd.to_timedelta((age * 365.25).astype(int), unit="D")
    employed = rng.random(persons) < np.array([0.0, 0.45, 0.45, 0.4, 0.35])[bands]
    area = rng.integers(len(AREAS), size=persons)
    elsewhere = rng.random(persons) < marks["people"]["elsewhere_share"]
    frame = pd.DataFrame(
        {
            "psn_no": [f"53{number:010d}" for number in range(persons)],
            "gend": np.where(rng.random(persons) < 0.5, "1", "2"),
            "brdy": born.normalize().date,
            "insutype": np.where(employed, "310", "390"),
            "psn_type": np.where(employed, np.where(bands >= 3, "1201", "1101"), "1501"),
            "insu_admdvs": np.where(elsewhere, "520100", np.array(AREAS)[area]),
            "home": np.array(AREAS)[area],
            "age": age,
            "frail": rng.normal(0, 1, persons),
        }
    )
    chronic = rng.random(persons) < np.array(marks["people"]["chronic_share_by_age"])[bands]
    frame["disease"] = _chronic_disease(frame, rng)
    frame.loc[~chronic, "disease"] = -1
    frame["registered"] = (rng.random(persons) < marks["people"]["registered_share"]) & chronic
    frame["phase"] = rng.integers(0, 84, persons)
    old = (age > 60) & (rng.random(persons) < marks["people"]["death_rate"] * 6)
    died = pd.Timestamp("2025-07-01") + pd.to_timedelta(rng.integers(0, 540, persons), unit="D")
    frame["dead_date"] = [day.date() if dead else None for day, dead in zip(died, old, strict=True)]
    frame["scheme"] = ""
    if not clean:
        schemes = marks["schemes"]
        alive = frame.index[frame.dead_date.isna()].to_numpy(copy=True)
        order, at = rng.permutation(alive), 0
        for scheme in ("resale", "gang"):
            size = max(3, round(persons * schemes[f"{scheme}_persons"]))
            frame.loc[order[at : at + size], "scheme"] = scheme
            at += size
        dead = rng.permutation(frame.index[frame.dead_date.notna()].to_numpy(copy=True))
        frame.loc[dead[: max(2, round(persons * schemes["dead_persons"]))], "scheme"] = "after_death"
    return frame


def _chronic_disease(frame: pd.DataFrame, rng: np.random.Generator) -> Any:
    weights = np.zeros((len(frame), len(diseases())))
    for number, disease in enumerate(diseases()):
        if disease["chronic"] == "1":
            fits = (frame.age >= int(disease["age_low"])) & (frame.age <= int(disease["age_high"]))
            if disease["sex"]:
                fits &= frame.gend == disease["sex"]
            weights[:, number] = np.where(fits, float(disease["weight"]), 0)
    total = weights.sum(axis=1)
    weights[total == 0, 0] = 1
    steps = np.cumsum(weights, axis=1) / weights.sum(axis=1)[:, None]
    return (rng.random(len(frame))[:, None] > steps).sum(axis=1)


def _drugs() -> pd.DataFrame:
    rows = []
    for number, entry in enumerate(_rows("drugs")):
        piece, western = entry["form"] == "饮片", bool(entry["atc"])
        form = abs(hash_text(entry["form"])) % 900 + 100
        if piece:
            code = f"T{number:09d}"
        elif western:
            code = f"X{entry['atc'][:5]}{number:04d}A{form}0101{number:05d}0".ljust(23, "0")[:23]
        else:
            code = f"ZA01AA{number:04d}{form}01{number:05d}".ljust(20, "0")[:20]
        rows.append(
            {
                "med_list_codg": code,
                "drug_genname": entry["name"],
                "drug_prodname": None,
                "drug_kind": "13" if piece else ("11" if western else "12"),
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
                "vbp_selected_flag": int(bool(entry["vbp"])),
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
        )
    return pd.DataFrame(rows)


def hash_text(text: str) -> int:
    """A number from a text, the same in every process."""
    import zlib

    return zlib.crc32(text.encode())
