"""Institutions, pharmacies and prescribers: the city's standing, one draw a seed and size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from simulator.catalogue import Array, parameters
from simulator.streams import PLACES, PRACTITIONERS, SYSTEMS, pick, stream

AREAS = ("530302", "530303", "530304", "530322", "530381")
_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉红"
_PLACES = ("云岭", "珠江源", "南盘江", "龙潭", "翠峰", "寥廓", "白石", "三宝", "沾益", "罗平")
_BIG = (
    "全科 内科 内分泌科 心血管内科 神经内科 呼吸内科 消化内科 泌尿外科 妇科 骨科 精神科 肿瘤科 中医科 儿科 肾内科 皮肤科 眼科"
)
#: Kinds of institution: name, class, level, share of all, departments, weight of visits.
_KINDS = (
    ("第{}人民医院", "10", "3", 0.04, f"{_BIG} 风湿科", 30),
    ("{}县人民医院", "10", "2", 0.09, _BIG, 14),
    ("{}中医医院", "50", "2", 0.05, "全科 内科 骨科 中医科", 8),
    ("{}中心卫生院", "20", "1", 0.13, "全科 内科 儿科 妇科 中医科", 5),
    ("{}卫生院", "21", "1", 0.20, "全科 内科", 3),
    ("{}社区卫生服务中心", "40", "1", 0.14, "全科 内科 儿科 中医科", 4),
    ("{}村卫生室", "30", "0", 0.20, "全科", 1),
    ("{}大药房", "60", "", 0.15, "", 0),
)
#: Classes to which people come from the whole city; the others serve one block of it.
CITYWIDE = ("10", "50")


@dataclass(frozen=True)
class City:
    """The standing tables; columns beyond the contract (habits, guilt) never leave the simulator but as truth."""

    persons: int
    seed: int
    clean: bool
    institution: pd.DataFrame
    practitioner: pd.DataFrame

    @cached_property
    def doctors(self) -> dict[str, Array]:
        """The columns of the practitioners."""
        return {str(name): self.practitioner[name].to_numpy(copy=True) for name in self.practitioner.columns}

    @cached_property
    def places(self) -> dict[str, Array]:
        """The columns of the institutions."""
        return {str(name): self.institution[name].to_numpy(copy=True) for name in self.institution.columns}

    @cached_property
    def departments(self) -> tuple[list[str], Array]:
        """Names of the departments, and which of them each practitioner works in."""
        names, number = np.unique(self.doctors["dept_name"].astype(str), return_inverse=True)
        return [str(name) for name in names], number

    @property
    def blocks(self) -> int:
        """Number of blocks of persons."""
        return int(-(-self.persons // parameters()["block"]))

    def doctors_in(self, scheme: str, block: int) -> Array:
        """Rows of the prescribers in a scheme who act among the persons of a block."""
        rows = np.flatnonzero(self.doctors["scheme"] == scheme)
        return np.asarray(rows[rows % self.blocks == block])


def build_city(persons: int, seed: int, clean: bool) -> City:
    """Draw the city's standing. The same seed and number of persons always give the same city."""
    institution = _institutions(persons, seed, clean)
    return City(persons, seed, clean, institution, _practitioners(institution, seed, clean))


def _institutions(persons: int, seed: int, clean: bool) -> pd.DataFrame:
    rng, marks = stream(seed, PLACES), parameters()["places"]
    total = max(marks["least"], round(marks["at_20000_persons"] * (persons / 20_000) ** 0.75))
    blocks = -(-persons // parameters()["block"])
    parts = []
    for kind, (pattern, inst_class, level, share, departments, weight) in enumerate(_KINDS):
        size = max(2 if inst_class in ("10", "60") else 1, round(total * share))
        number = np.arange(size)
        area = np.array(AREAS)[rng.integers(len(AREAS), size=size)]
        place = rng.integers(len(_PLACES), size=size)
        numbered = "第" in pattern
        name = [pattern.format("一二三四五六七八九"[n % 9] if numbered else _PLACES[p]) for n, p in enumerate(place)]
        parts.append(
            pd.DataFrame(
                {
                    "fixmedins_code": [f"{'P' if inst_class == '60' else 'H'}{a}{kind}{n:04d}" for n, a in enumerate(area)],
                    "fixmedins_name": [f"曲江市{text}（{n + 1}）" for n, text in enumerate(name)],
                    "fixmedins_type": "2" if inst_class == "60" else "1",
                    "hosp_lv": level or None,
                    "admdvs": area,
                    "consortium_code": [f"YGT{a}" if inst_class in ("20", "21", "30") else None for a in area],
                    "tcm_flag": int("中医医院" in pattern),
                    "inst_class": inst_class,
                    "departments": departments,
                    "block": -1 if inst_class in CITYWIDE else number % blocks,
                    "visit_weight": weight * np.exp(rng.normal(0, marks["spread"]["weight"], size)),
                    "sloppy": rng.normal(0, marks["spread"]["sloppy"], size),
                    "price": np.round(np.exp(rng.normal(0, marks["spread"]["price"], size)), 4),
                    "trade_names": rng.random(size) < marks["trade_names"],
                    "unchecked": np.array([float(v) for v in marks["unchecked"]])[pick(rng, marks["unchecked"], size)],
                    "clr_way": np.where((rng.random(size) < 0.15) & (inst_class in ("21", "30")), "2", "1"),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    frame["scheme"] = "" if clean else _place_schemes(frame, rng)
    frame["sends_lines"] = _sending(frame, stream(seed, SYSTEMS))
    return frame


def _sending(frame: pd.DataFrame, rng: np.random.Generator) -> Array:
    """Whether the system of each place sends the prescribed lines: a share of the hospitals, large and small, no pharmacy."""
    hospitals = frame.index[frame.fixmedins_type == "1"].to_numpy(copy=True)
    sends = np.zeros(len(frame), dtype=bool)
    sends[rng.permutation(hospitals)[: round(parameters()["places"]["sends_lines"] * len(hospitals))]] = True
    return sends


def _place_schemes(frame: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """Who among institutions and pharmacies is in a scheme; village rooms and small stations hardly sell enough for one."""
    scheme = np.full(len(frame), "", dtype=object)
    marks = parameters()["schemes"]
    able = frame.index[(frame.fixmedins_type == "1") & ~frame.inst_class.isin(["21", "30"])].to_numpy(copy=True)
    order, at = rng.permutation(able), 0
    for name in ("substitution", "double_charge"):
        size = max(1, round(len(frame) * marks[name]["institutions"]))
        scheme[order[at : at + size]] = name
        at += size
    pharmacies = rng.permutation(frame.index[frame.fixmedins_type == "2"].to_numpy(copy=True))
    scheme[pharmacies[: max(1, round(len(frame) * marks["trace_reuse"]["institutions"]))]] = "trace_reuse"
    return [str(name) for name in scheme]


def _posts(institution: pd.DataFrame) -> pd.DataFrame:
    """One row a post: the row of its institution, number and name of the department."""
    rows = []
    for place, (departments, weight) in enumerate(zip(institution.departments, institution.visit_weight, strict=True)):
        for number, department in enumerate(departments.split()):
            rows += [(place, number + 1, department)] * max(1, round(weight / (4 + number)))
    return pd.DataFrame(rows, columns=["place", "number", "dept_name"])


def _practitioners(institution: pd.DataFrame, seed: int, clean: bool) -> pd.DataFrame:
    rng, marks = stream(seed, PRACTITIONERS), parameters()["prescribers"]
    posts = _posts(institution)
    place, size = posts.place.to_numpy(), len(posts)
    high = institution.hosp_lv.isin(["2", "3"]).to_numpy()[place]
    title = np.searchsorted(np.cumsum(marks["titles"])[:-1], rng.random(size), side="right") + 1
    surname = rng.integers(len(_SURNAMES), size=size)
    given, second = rng.integers(len(_GIVEN), size=(2, size))
    short = rng.random(size) < 0.4
    spread = marks["spread"]
    frame = pd.DataFrame(
        {
            "dr_codg": [f"D{area}{n:06d}" for n, area in enumerate(institution.admdvs.to_numpy()[place])],
            "dr_name": [
                _SURNAMES[s] + _GIVEN[g] + ("" if one else _GIVEN[h])
                for s, g, h, one in zip(surname, given, second, short, strict=True)
            ],
            "fixmedins_code": institution.fixmedins_code.to_numpy()[place],
            "dept_codg": [f"{number:02d}" for number in posts.number],
            "dept_name": posts.dept_name,
            "dr_profttl": title,
            "abx_tier": np.where(high, np.minimum(3, title), 1),
            "narcotic_flag": ((title >= 2) & high).astype(int),
            "place": place,
            "sloppy": rng.normal(0, spread["sloppy"], size) + institution.sloppy.to_numpy()[place],
            "cost_habit": rng.normal(0, spread["cost_habit"], size),
            "abx_habit": rng.normal(0, spread["abx_habit"], size),
            "busy": np.exp(rng.normal(0, spread["busy"], size)),
        }
    )
    scheme, order, at = np.full(size, "", dtype=object), rng.permutation(size), 0
    for name, entry in parameters()["schemes"].items():
        if not clean and "practitioners" in entry:
            number = max(2, round(size * entry["practitioners"]))
            scheme[order[at : at + number]] = name
            at += number
    frame["scheme"] = [str(name) for name in scheme]
    return frame
