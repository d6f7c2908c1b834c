"""What each kind of unreasonable prescribing changes. Each says at which of the given rows it could be done."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import Array, catalogue, diseases, is_disease
from simulator.visits import Visits

_ANTIBACTERIALS = "阿莫西林胶囊 头孢呋辛酯片 阿奇霉素片 头孢克肟分散片 左氧氟沙星片 莫西沙星片"
_CHILDREN = "头孢克洛干混悬剂 阿奇霉素片 头孢克肟分散片"
_ODD = (
    "人血白蛋白注射液 复方氨基酸注射液 骨化三醇胶丸 银杏叶片 甲钴胺片 "
    "血塞通注射剂 蒲地蓝消炎口服液 曲美他嗪缓释片 碳酸钙D3片 保和丸"
)
_INJECTIONS = "氨溴索注射液 泮托拉唑钠注射剂 甲钴胺注射液 复方氨基酸注射液 头孢曲松钠注射剂"
_TWINS = (
    ("奥美拉唑肠溶胶囊", "雷贝拉唑钠肠溶片"), ("双氯芬酸钠缓释片", "塞来昔布胶囊"), ("阿托伐他汀钙片", "瑞舒伐他汀钙片"),
    ("艾司唑仑片", "地西泮片"), ("氨氯地平片", "硝苯地平控释片"), ("缬沙坦胶囊", "氯沙坦钾片"),
)  # fmt: skip
_CLASH = (
    ("华法林钠片", "双氯芬酸钠缓释片"),
    ("地高辛片", "阿奇霉素片"),
    ("螺内酯片", "缬沙坦胶囊"),
    ("氯吡格雷片", "奥美拉唑肠溶胶囊"),
)
_SAME_ACTION = (
    ("感冒清热颗粒", "连花清瘟胶囊"), ("连花清瘟胶囊", "蒲地蓝消炎口服液"), ("双氯芬酸钠缓释片", "布洛芬缓释胶囊"),
    ("复方丹参滴丸", "银杏叶片"), ("血塞通注射剂", "丹参川芎嗪注射液"), ("奥美拉唑肠溶胶囊", "艾司奥美拉唑镁肠溶片"),
)  # fmt: skip
_PLAIN = {
    "奥美拉唑肠溶胶囊": "雷贝拉唑钠肠溶片", "双氯芬酸钠缓释片": "塞来昔布胶囊", "阿莫西林胶囊": "头孢克肟分散片",
    "单硝酸异山梨酯缓释片": "曲美他嗪缓释片", "缬沙坦胶囊": "厄贝沙坦片", "对乙酰氨基酚片": "蒲地蓝消炎口服液",
    "甲钴胺片": "甲钴胺注射液", "布洛芬缓释胶囊": "依托考昔片", "布洛芬混悬液": "小儿氨酚黄那敏颗粒",
}  # fmt: skip
_COSTLY = {
    "奥美拉唑肠溶胶囊": "奥美拉唑肠溶胶囊（原研）", "氨氯地平片": "氨氯地平片（原研）", "二甲双胍片": "二甲双胍片（原研）",
    "双氯芬酸钠缓释片": "依托考昔片", "阿莫西林胶囊": "头孢克肟分散片", "阿托伐他汀钙片": "阿托伐他汀钙片（原研）",
    "氨溴索片": "氨溴索注射液", "氯吡格雷片": "氯吡格雷片（原研）", "瑞舒伐他汀钙片": "依折麦布片",
    "硝苯地平控释片": "苯磺酸左氨氯地平片",
}  # fmt: skip
_OFF_LABEL = {"E78": "司美格鲁肽注射液", "M10": "司美格鲁肽注射液", "G47": "奥氮平片", "M54": "丙戊酸钠片", "I10": "达格列净片",
              "J20": "布地奈德福莫特罗吸入剂", "N39": "坦索罗辛缓释胶囊"}  # fmt: skip
_PREGNANT, _YOUNG = "布洛芬缓释胶囊 左氧氟沙星片 阿托伐他汀钙片", "左氧氟沙星片 莫西沙星片 依托考昔片"
Generator = np.random.Generator


def _one_of(names: str, size: int, rng: Generator) -> Array:
    rows = catalogue().rows(names)
    found: Array = rows[rng.integers(len(rows), size=size)]
    return found


def _all(rows: Array) -> Array:
    return np.ones(len(rows), dtype=bool)


def no_diagnosis(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """1-10: no diagnosis is written."""
    visits.diagnosis[rows] = False
    return _all(rows)


def vague_use(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """1-8: directions that say nothing."""
    visits.vague[rows] = True
    return _all(rows)


def not_checked(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """1-3: no pharmacist looked at it."""
    visits.checked[rows] = False
    return _all(rows)


def infant_age(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """1-4: an infant's age in months is missing."""
    visits.aged[rows] = False
    return _all(rows)


def many_drugs(visits: Visits, rows: Array, female: Array, rng: Generator) -> Array:
    """1-11: six or seven drugs, oral ones that fit the sex."""
    drug = catalogue()
    wanted, done = rng.integers(6, 8, len(rows)), np.zeros(len(rows), dtype=bool)
    dear = drug.price > 1_200_000
    oral = ~drug.piece & ~drug.injection & ~drug.control & ~drug.spare & ~dear
    pools = [np.flatnonzero(oral & (drug.sex != barred)) for barred in (2, 1)]
    for _ in range(8):
        short = np.flatnonzero((visits.drugs[rows] >= 0).sum(axis=1) < wanted)
        draw = rng.random(len(short))
        chosen = np.where(
            female[short], pools[1][(draw * len(pools[1])).astype(int)], pools[0][(draw * len(pools[0])).astype(int)]
        )
        done[short] |= visits.add(rows[short], chosen, visits.days[rows[short], 0])
    return done


def mixed_pieces(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """1-5: another drug on the prescription of a decoction."""
    chosen = _one_of("六味地黄丸 银杏叶片 甲钴胺片 奥美拉唑肠溶胶囊", len(rows), rng)
    return visits.add(rows, chosen, visits.days[rows, 0])


def over_supply(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """1-12, 2-5: far more days than the illness or the rule allows, sometimes with a reason."""
    days = np.array([14, 15, 21, 30])[np.searchsorted([0.35, 0.6, 0.75], rng.random(len(rows)))]
    visits.days[rows] = np.where(visits.drugs[rows] >= 0, np.maximum(days[:, None], visits.days[rows]), 0)
    given = rng.random(len(rows)) < 0.2
    visits.reason[rows[given]] = rng.integers(2, 5, int(given.sum()))
    return _all(rows)


def controlled(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """1-13: a controlled drug for longer than its class allows."""
    held = catalogue().control[visits.drugs[rows]] & (visits.drugs[rows] >= 0)
    days = np.array([14, 21, 28])[rng.integers(0, 3, len(rows))]
    visits.days[rows] = np.where(held, np.maximum(days[:, None], visits.days[rows]), visits.days[rows])
    given = rng.random(len(rows)) < 0.3
    visits.reason[rows[given]] = 1
    return _all(rows)


def tier_exceeded(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """1-14: an antibacterial of the restricted tier, which most doctors of primary care may not prescribe."""
    return visits.add(rows, _one_of("左氧氟沙星片 莫西沙星片 头孢哌酮舒巴坦注射剂 美罗培南注射剂", len(rows), rng), 5)


def no_right(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """1-13: a narcotic for pain by somebody who may not prescribe one."""
    return visits.add(rows, np.full(len(rows), catalogue().row["氨酚羟考酮片"]), 3)


def antibacterial(visits: Visits, rows: Array, female: Array, rng: Generator) -> Array:  # noqa: ARG001
    """3-1: an antibacterial for a viral illness; a blood count is done more often than else."""
    child = np.array([disease["dept"] == "儿科" for disease in diseases()])[visits.disease[rows]]
    chosen = np.where(child, _one_of(_CHILDREN, len(rows), rng), _one_of(_ANTIBACTERIALS, len(rows), rng))
    visits.tested[rows[rng.random(len(rows)) < 0.35]] = True
    return visits.add(rows, chosen, 5)


def unusual(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """2-1: a drug that does not fit the diagnosis."""
    return visits.add(rows, _one_of(_ODD, len(rows), rng), np.minimum(visits.days[rows, 0], 7))


def contraindicated(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """2-2: a drug that pregnancy or age forbids."""
    expecting = is_disease("Z34")[visits.disease[rows]]
    chosen = np.where(expecting, _one_of(_PREGNANT, len(rows), rng), _one_of(_YOUNG, len(rows), rng))
    return visits.add(rows, chosen, 5)


def injection(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """2-3: an injection where tablets do."""
    return visits.add(rows, _one_of(_INJECTIONS, len(rows), rng), 3)


def over_dose(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """2-5: one line above the label's maximum, sometimes with a reason."""
    drug, lines = catalogue(), (visits.drugs[rows] >= 0).sum(axis=1)
    at = (rng.random(len(rows)) * lines).astype(int)
    chosen = visits.drugs[rows, at]
    times = np.array([1.5, 2.0])[rng.integers(0, 2, len(rows))]
    visits.factor[rows, at] = np.maximum(drug.most[chosen] / drug.usual_day[chosen] * times, 1.5)
    given = rng.random(len(rows)) < 0.2
    visits.reason[rows[given]] = 6
    return _all(rows)


def two_antibacterials(visits: Visits, rows: Array, _female: Array, rng: Generator) -> Array:
    """2-6: a second antibacterial beside the first."""
    return visits.add(rows, _one_of(_ANTIBACTERIALS, len(rows), rng), 5)


def _complete(visits: Visits, rows: Array, pairs: tuple[tuple[str, str], ...], both_ways: bool) -> Array:
    """Where one drug of a pair is written, add the other; at most one pair a prescription."""
    done, row = np.zeros(len(rows), dtype=bool), catalogue().row
    for first, second in pairs:
        for have, wanted in ((first, second), (second, first))[: 1 + both_ways]:
            able = np.flatnonzero(~done & (visits.drugs[rows] == row[have]).any(axis=1))
            days = visits.days[rows[able], 0]
            done[able] = visits.add(rows[able], np.full(len(able), row[wanted]), days)
    return done


def duplicate(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """2-7: a second drug of one class."""
    return _complete(visits, rows, _TWINS, both_ways=True)


def interaction(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """2-8: a drug that does not go with another."""
    return _complete(visits, rows, _CLASH, both_ways=False)


def same_action(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """3-4: two of one pharmacological action, Chinese medicines among them."""
    return _complete(visits, rows, _SAME_ACTION, both_ways=True)


def _replace(visits: Visits, rows: Array, pairs: dict[str, str]) -> Array:
    """Put the partner of the first drug that has one, and that is not there already, in its place."""
    drugs = visits.drugs[rows]
    partner = np.where(drugs >= 0, catalogue().table(pairs)[drugs], -1)
    at = (partner >= 0).argmax(axis=1)
    new = partner[np.arange(len(rows)), at]
    done: Array = (new >= 0) & ~(drugs == new[:, None]).any(axis=1)
    visits.drugs[rows[done], at[done]] = new[done]
    return done


def not_essential(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """2-4: another drug in the place of the essential one."""
    return _replace(visits, rows, _PLAIN)


def high_price(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """3-2: the costly product in the place of the procured one."""
    return _replace(visits, rows, _COSTLY)


def off_label_drug(disease: Array) -> Array:
    """The drug that some give for a disease beyond its label; -1 = none."""
    row = catalogue().row
    table = np.array([row[_OFF_LABEL[d["code"]]] if d["code"] in _OFF_LABEL else -1 for d in diseases()])
    found: Array = table[disease]
    return found


def off_label(visits: Visits, rows: Array, _female: Array, _rng: Generator) -> Array:
    """3-3: beyond the label."""
    return visits.add(rows, off_label_drug(visits.disease[rows]), np.minimum(visits.days[rows, 0], 14))
