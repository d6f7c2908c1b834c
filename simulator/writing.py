"""What a prescriber writes for a visit, before and after misconduct: lines of drugs with dose, days and quantity."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.static import City, diseases, parameters

FREQUENCY = {1: "11", 2: "12", 3: "13", 4: "14"}


@dataclass
class Line:
    """One prescribed drug: catalogue row, dose in strength units, times a day, days, quantity in packs."""

    drug: int
    dose: float
    times: int
    days: int
    count: int


@dataclass
class Visit:
    """A prescription in the making. Numbers point into the city's tables; ``when`` counts minutes of the quarter."""

    person: int
    doctor: int
    when: int
    disease: int
    others: list[int]
    lines: list[Line]
    med_type: str = "11"
    long_rx: bool = False
    reason: str | None = None
    diagnosis: bool = True
    checked: bool = True
    vague: bool = False
    tested: bool = False
    kinds: list[str] = field(default_factory=list)
    innocent: bool = False
    scheme: str = ""


class Writer:
    """Writes prescriptions with a catalogue at hand."""

    def __init__(self, city: City) -> None:
        self.drug = city.drug
        self.by_name = {name: row for row, name in enumerate(city.drug.drug_genname)}
        self.sex = [sex if isinstance(sex, str) else None for sex in city.drug.sex_limit]
        self.tier = [int(tier) if tier == tier and tier is not None else 0 for tier in city.drug.abx_tier]
        self.name = city.drug.drug_genname.tolist()
        self.strength = city.drug.strength.to_numpy()
        self.ddd = city.drug.ddd.to_numpy()
        self.most = city.drug.max_daily_dose.to_numpy()
        self.pack = city.drug.units_per_pack.to_numpy()
        self.piece = (city.drug.drug_kind == "13").to_numpy()
        self.injection = city.drug.inj_flag.to_numpy() == 1
        self.atc = [str(code) if code else "" for code in city.drug.atc_code]
        self.usual = [[self.by_name[n] for n in d["usual"].split()] for d in diseases()]
        self.sometimes = [[self.by_name[n] for n in d["sometimes"].split()] for d in diseases()]

    def line(self, drug: int, days: int, factor: float = 1.0) -> Line:
        """A usual line of a drug for so many days; ``factor`` multiplies the usual daily dose."""
        if self.piece[drug]:
            grams = float(self.ddd[drug])
            return Line(drug, grams, 1, days, round(grams * days))
        units = max(0.5, round(2 * self.ddd[drug] / self.strength[drug]) / 2) * factor
        times = 1 if units <= 1 else 2 if units <= 2 else 3
        dose = units * self.strength[drug] / times
        packs = max(1, math.ceil(units * days / self.pack[drug] - 1e-9))
        return Line(drug, round(float(dose), 4), times, days, packs)

    def lines(self, disease: int, days: int, rng: np.random.Generator, cost: float) -> list[Line]:
        """What this disease usually gets; costly prescribers reach more often for the second choices."""
        usual, sometimes = self.usual[disease], self.sometimes[disease]
        if self.piece[usual[0]]:
            number = min(len(usual), int(rng.integers(6, 9)))
            chosen = [usual[int(i)] for i in rng.permutation(len(usual))[:number]]
            return [self.line(drug, 7) for drug in chosen]
        number = 1 + int(rng.random() < 0.65) + int(rng.random() < 0.25)
        chosen = [usual[int(i)] for i in rng.permutation(len(usual))[:number]]
        if sometimes and rng.random() < 0.25 + 0.06 * cost:
            extra = sometimes[int(rng.integers(len(sometimes)))]
            if self.atc[extra][:4] not in {self.atc[d][:4] for d in chosen if self.atc[d]} or not self.atc[extra]:
                chosen.append(extra)
        chosen = self._one_of_a_class(chosen)
        return [self.line(drug, 3 if self.injection[drug] and self.pack[drug] == 1 else days) for drug in chosen]

    def _one_of_a_class(self, drugs: list[int]) -> list[int]:
        """The first drug of each pharmacological class: what is usual never doubles one."""
        kept: dict[str, int] = {}
        for drug in drugs:
            kept.setdefault(self.atc[drug][:4] or f"none {drug}", drug)
        return list(kept.values())


_VIRAL = {"J06", "J11"}
_MILD = {"J06", "J20", "K29", "M54", "J11", "K52"}
_ABX = ("阿莫西林胶囊", "头孢呋辛酯片", "头孢克肟分散片", "阿奇霉素片", "左氧氟沙星片", "莫西沙星片")
_TWINS = (
    ("奥美拉唑肠溶胶囊", "雷贝拉唑钠肠溶片"),
    ("双氯芬酸钠缓释片", "塞来昔布胶囊"),
    ("阿托伐他汀钙片", "瑞舒伐他汀钙片"),
    ("艾司唑仑片", "地西泮片"),
    ("氨氯地平片", "硝苯地平控释片"),
)
_CLASH = (("华法林钠片", "双氯芬酸钠缓释片"), ("地高辛片", "阿奇霉素片"), ("螺内酯片", "缬沙坦胶囊"))
_COSTLY = {
    "奥美拉唑肠溶胶囊": "艾司奥美拉唑镁肠溶片",
    "氨氯地平片": "苯磺酸左氨氯地平片",
    "二甲双胍片": "司美格鲁肽注射液",
    "双氯芬酸钠缓释片": "依托考昔片",
    "阿莫西林胶囊": "头孢克肟分散片",
    "阿托伐他汀钙片": "依折麦布片",
    "氨溴索片": "氨溴索注射液",
}
_MILD_INJECTIONS = (
    "氨溴索注射液",
    "泮托拉唑钠注射剂",
    "甲钴胺注射液",
    "复方氨基酸注射液",
    "头孢曲松钠注射剂",
)
_ODD = ("人血白蛋白注射液", "复方氨基酸注射液", "骨化三醇胶丸", "银杏叶片", "甲钴胺片", "血塞通注射剂", "蒲地蓝消炎口服液",
        "曲美他嗪缓释片", "碳酸钙D3片", "保和丸")  # fmt: skip


def misconduct(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> None:
    """Change a visit by each kind that fits and comes up. ``context``: code, gend, age, sloppy, habits.

    Whether it is truly unreasonable is drawn here as well: ``visit.innocent`` stands for a reason that the
    experts see in the record, and that leaves at most a soft trace in the data.
    """
    lift = math.exp(context["sloppy"])
    for kind, entry in parameters()["kinds"].items():
        rate = entry["rate"] * lift
        if kind == "antibacterial":
            rate *= math.exp(context["abx_habit"])
        if kind == "high_price":
            rate *= math.exp(0.9 * context["cost_habit"])
        if rng.random() < min(rate, 0.9) and _APPLY[kind](visit, writer, context, rng):
            truth = entry["truth"]
            if kind == "high_price":
                truth = 1 / (1 + math.exp(-(context["cost_habit"] - 0.2) * 1.6))
            if kind == "over_supply" and (visit.reason or context["age"] > 78):
                truth *= 0.3
            if kind == "antibacterial" and visit.tested:
                truth *= 0.35
            if rng.random() < truth:
                visit.kinds.append(kind)
            else:
                visit.innocent = True


def _no_diagnosis(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    visit.diagnosis = False
    return True


def _vague(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    visit.vague = True
    return True


def _unchecked(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    visit.checked = False
    return True


def _many(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:
    if writer.piece[visit.lines[0].drug]:
        return False
    have = {line.drug for line in visit.lines}
    pool = [d for d in range(len(writer.atc)) if not writer.piece[d] and not writer.injection[d] and d not in have]
    pool = [d for d in pool if writer.sex[d] in (None, context["gend"])]
    for drug in rng.permutation(pool)[: max(0, int(rng.integers(6, 8)) - len(have))]:
        visit.lines.append(writer.line(int(drug), visit.lines[0].days))
    return True


def _over_supply(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    days = int(rng.choice([14, 15, 21, 30], p=[0.35, 0.25, 0.15, 0.25]))
    if visit.long_rx or visit.med_type != "11":
        return False
    visit.lines = [writer.line(line.drug, max(days, line.days)) for line in visit.lines]
    if rng.random() < 0.2:
        visit.reason = str(rng.choice(["行动不便", "外出务工", "路途遥远"]))
    return True


def _antibacterial(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:
    if context["code"] not in _VIRAL:
        return False
    visit.lines.append(writer.line(writer.by_name[str(rng.choice(_ABX[: 4 if context["age"] < 18 else 6]))], 5))
    visit.tested = visit.tested or rng.random() < 0.35
    return True


def _over_dose(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    at = int(rng.integers(len(visit.lines)))
    line = visit.lines[at]
    usual = line.dose * line.times
    factor = float(writer.most[line.drug]) / usual * float(rng.choice([1.5, 2.0]))
    visit.lines[at] = writer.line(line.drug, line.days, max(factor, 1.5))
    return True


def _pair(visit: Visit, writer: Writer, first: str, second: str) -> None:
    have = {line.drug for line in visit.lines}
    days = visit.lines[0].days
    visit.lines += [writer.line(d, days) for d in (writer.by_name[first], writer.by_name[second]) if d not in have]


def _duplicate(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    have = {line.drug for line in visit.lines}
    for first, second in _TWINS:
        if writer.by_name[first] in have or writer.by_name[second] in have:
            _pair(visit, writer, first, second)
            return True
    return False


def _interaction(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    have = {line.drug for line in visit.lines}
    for first, second in _CLASH:
        if writer.by_name[first] in have:
            _pair(visit, writer, first, second)
            return True
    return False


def _contraindicated(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:
    if context["code"] == "Z34":
        name = str(rng.choice(["布洛芬缓释胶囊", "左氧氟沙星片", "阿托伐他汀钙片"]))
    elif context["age"] < 16:
        name = str(rng.choice(["左氧氟沙星片", "莫西沙星片", "依托考昔片"]))
    else:
        return False
    visit.lines.append(writer.line(writer.by_name[name], 5))
    return True


def _high_price(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    for at, line in enumerate(visit.lines):
        costly = _COSTLY.get(writer.name[line.drug])
        if costly and writer.by_name[costly] not in {other.drug for other in visit.lines}:
            visit.lines[at] = writer.line(writer.by_name[costly], line.days)
            return True
    return False


def _injection(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:
    if context["code"] not in _MILD or visit.med_type != "11":
        return False
    visit.lines.append(writer.line(writer.by_name[str(rng.choice(_MILD_INJECTIONS))], 3))
    return True


def _unusual(visit: Visit, writer: Writer, context: dict[str, Any], rng: np.random.Generator) -> bool:  # noqa: ARG001
    if writer.piece[visit.lines[0].drug]:
        return False
    drug = writer.by_name[str(rng.choice(_ODD))]
    if drug in {line.drug for line in visit.lines}:
        return False
    visit.lines.append(writer.line(drug, 3 if writer.injection[drug] else visit.lines[0].days))
    return True


_APPLY = {
    "no_diagnosis": _no_diagnosis,
    "vague_use": _vague,
    "not_checked": _unchecked,
    "many_drugs": _many,
    "over_supply": _over_supply,
    "antibacterial": _antibacterial,
    "over_dose": _over_dose,
    "duplicate": _duplicate,
    "contraindicated": _contraindicated,
    "interaction": _interaction,
    "high_price": _high_price,
    "injection": _injection,
    "unusual": _unusual,
}
