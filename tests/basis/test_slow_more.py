"""More set-based rules beside slow ones, on prescriptions drawn so that every one of them has something to find."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from basis.find import find
from basis.rulebook import Rulebook, load_rulebook
from records.snapshot import Snapshot
from tests.basis import drawn, slow_claims, slow_pieces, slow_prescriptions
from tests.basis.slow_world import World

BOOK = load_rulebook()
RULES = {**slow_prescriptions.RULES, **slow_pieces.RULES, **slow_claims.RULES}
#: Rules that find a prescription; the others find a line.
OF_RX = {
    "rx-interaction", "rx-two-antibacterials", "pieces-incompatible", "pieces-large", "rx-mixed-pieces", "rx-tcm-duplicate",
    "diagnosis-age", "diagnosis-sex", "rx-no-diagnosis", "rx-vague-use", "rx-infant-age",
}  # fmt: skip
OF_PERSON = {"person-frequent-visits", "person-frequent-purchases"}
#: Code, name, ATC, form, injection, tier of antibacterials, controlled class.
_WESTERN = """XW 华法林 B01AA03 片剂 0 - -
XN 双氯芬酸 M01AB05 缓释片 0 - -
XG 氨基葡萄糖 M01AX05 胶囊剂 0 - -
XS 辛伐他汀 C10AA01 片剂 0 - -
XR 瑞舒伐他汀 C10AA07 片剂 0 - -
XC 克拉霉素 J01FA09 片剂 0 2 -
XY 阿奇霉素 J01FA10 颗粒剂 0 1 -
XX 阿莫西林 J01CA04 胶囊剂 0 1 -
XQ 头孢曲松 J01DD04 注射剂 1 2 -
XE 美罗培南 J01DH02 注射剂 1 3 -
XV 左氧氟沙星 J01MA12 片剂 0 2 -
XF 氯吡格雷 B01AC04 片剂 0 - -
XO 奥美拉唑 A02BC01 肠溶胶囊 0 - -
XD 司美格鲁肽 A10BJ06 注射液 1 - -
XA 氨氯地平 C08CA01 片剂 0 - -
XZ 地西泮 N05BA01 片剂 0 - P2
XNI 吗啡注射液 N02AA01 注射液 1 - N
XNR 吗啡缓释片 N02AA01 缓释片 0 - N
XNT 羟考酮片 N02AA05 片剂 0 - N
XMP 哌甲酯 N06BA04 片剂 0 - P1
XVT 甲硝唑阴道片 G01AF01 阴道片 0 - -
XGL 磷酸铝凝胶 A02AB03 凝胶剂 0 - -"""
_PIECES = (
    "白芍 当归 川芎 附子 白附子 黑顺片 半夏 天花粉 土贝母 浙贝母 制川乌 甘草 海藻 藜芦 党参 人参 丁香 郁金 石膏 阿胶 细辛 朱砂"
)
_PATENT = "连花清瘟胶囊 感冒清热颗粒 复方丹参片 银杏叶片 六味地黄丸"
_PAIRS = (("XW", "XN"), ("XS", "XC"), ("XF", "XO"), ("XX", "XV"), ("XX", "XC"), ("XQ", "XY"), ("XR", "XY"), ("XNR", "XZ"))
_ILL = "A16 J47 I10 E11 E78 K25.4 K29.3 K30 J00 J06 J18 J30 I50 N18 N40 G40 Z34 O80 P07.1 C34 F90.0 B26.9 B26.2 E03 M10"

_MILD = "J00 J06 J30 K29.3 K30 N30.0 B26.9"


def _drugs() -> list[dict[str, Any]]:
    def given(word: str) -> str | None:
        return None if word == "-" else word

    names = ("drug", "name", "atc", "form", "inj_flag", "abx_tier", "control_class")
    told = [dict(zip(names, map(given, line.split()), strict=True)) for line in _WESTERN.splitlines()]
    plain = {"strength": 5, "strength_unit": "mg", "max_daily_dose": 20}
    limits = [
        {"drug": "LV", "name": "限住院药", "lmt_med_type": "21 22"}, {"drug": "LI", "name": "限适应症药", "lmt_icd": "E11 C"},
        {"drug": "LH", "name": "限二级药", "lmt_hosp_lv": "2"}, {"drug": "LP", "name": "妊娠禁用药", "preg_contra_flag": 1},
    ]  # fmt: skip
    pieces = [{"drug": f"T{n}", "name": name, "kind": "13", "form": "饮片"} for n, name in enumerate(_PIECES.split())]
    patent = [{"drug": f"Z{n}", "name": name, "kind": "12", "form": name[-1:] + "剂"} for n, name in enumerate(_PATENT.split())]
    return [*[{**plain, **row} for row in told], *limits, *pieces, *patent]


def _line(rng: random.Random, number: str, rxno: str, drug: dict[str, Any]) -> dict[str, Any]:
    piece = drug.get("kind") == "13"
    return {
        "line": number, "rx": rxno, "drug": drug["drug"], "count": rng.choice(["1", "2", "3"]),
        "price": rng.choice(["10", "7.77"]),
        "days": rng.choice([None, "1", "3", "4", "8", "15.5"]), "freq": rng.choice(["11", "12", "13", "62", None]),
        "dose": rng.choice([None, "3", "10", "16", "120"] if piece else [None, "5", "10", "25"]),
        "unit": rng.choice(["g", "g", "g", "mg", None] if piece else ["mg", "mg", "片", "g", "ml", None]),
        "route": rng.choice(["1", "1", "2", "3", "5", "9", None]), "level": rng.choice(["01", "01", "03"]),
        "approved": rng.choice("0001"), "refunded": rng.choice("00001"), "back": rng.choice(["0", "0", "0", "1"]),
    }  # fmt: skip


def _scenario(rng: random.Random) -> drawn.Scenario:
    drugs = _drugs()
    born = ["1950-02-03", "1961-09-01", "1985-05-06", "2012-07-08", "2024-06-07"]
    people = [{"person": f"P{n}", "sex": rng.choice("12"), "born": rng.choice(born),
               "died": rng.choice([None, None, None, "2026-08-01"])} for n in (1, 2)]  # fmt: skip
    doctors = [{"doctor": f"D{n}", "tier": rng.choice([None, 1, 2, 3]), "narcotic": rng.choice([0, 1])} for n in (1, 2)]
    places = [{"place": f"H{n}", "level": rng.choice([None, "1", "1", "3"])} for n in (1, 2)]
    sorts = [[d for d in drugs if d.get("kind") == kind] for kind in (None, "13", "12")]
    pair, limits = rng.choice(_PAIRS), [d for d in drugs if d["drug"].startswith("L")]
    favoured = [*[d for d in drugs if d["drug"] in pair] * 2, *rng.sample(sorts[0], 2), *rng.sample(limits, 2)]
    rx, lines, diagnoses = [], [], []
    for number in range(rng.randint(4, 12)):
        setting = rng.choice("1112233")
        told = {
            "rx": f"R{number:02d}", "person": rng.choice(people)["person"], "doctor": rng.choice(doctors)["doctor"],
            "place": rng.choice(places)["place"], "day": str(date(2026, 6, 20) + timedelta(rng.randrange(60))),
            "setting": setting, "med": {"1": rng.choice(["11", "1404"]), "2": "13", "3": "21"}[setting],
            "dise": rng.choice([None, "M03900", "M00201", "M99999"]), "long": rng.choice("0001"),
            "reason": rng.choice([None, None, None, "行动不便"]), "suck_prd_flag": rng.choice([None, "0", "1"]),
            "intn_rx_flag": rng.choice(["0", "0", "1"]), "age_text": rng.choice([None, "1岁", "14月", "40岁"]),
            "pregnant": rng.choice([None, "0", "0", "1"]),
            "usage": rng.choice([None, "一日一次", "附子先煎", "阿胶烊化", "遵医嘱"]),
        }  # fmt: skip
        rx.append(told)
        codes = rng.sample(_ILL.split(), rng.choice([0, 1, 1, 2, 3]))
        if rng.random() < 0.2:
            codes = rng.sample(_MILD.split(), rng.choice([1, 2]))
        diagnoses += [{"rx": told["rx"], "diag": code} for code in codes]
        for position in range(rng.choice([1, 2, 3, 4])):
            kind = rng.choice([favoured, favoured, sorts[0], sorts[1], sorts[1], sorts[2]])
            lines.append(_line(rng, f"F{number:02d}{position}", told["rx"], rng.choice(kind)))
        if rng.random() < 0.15:
            told["reason"] = None
            lines = [line for line in lines if line["rx"] != told["rx"]]
            for position, drug in enumerate(rng.sample(sorts[1], rng.choice([2, 3, 21]))):
                piece = {
                    **_line(rng, f"F{number:02d}p{position}", told["rx"], drug),
                    "unit": "g",
                    "dose": rng.choice(["5", "150"]),
                }
                lines.append({**piece, "refunded": "0"})
        if rng.random() < 0.2:
            lines[-1]["setl"] = f"S{number}"
            lines.append({**lines[-1], "line": f"F{number:02d}9", "count": rng.choice([lines[-1]["count"], "4"])})
    often = [{"visits": "V1", "count": rng.choice([12, 21, 20, 22]), "med": rng.choice(["11", "11", "41", "21"])}]
    tables: dict[str, list[dict[str, Any]]] = {
        "person": people, "doctor": doctors, "place": places, "rx": rx, "line": lines, "drug": drugs,
        "opsp": [{"opsp": "P1", "begin": "2026-07-15"}] if rng.random() < 0.3 else [],
        "diag": diagnoses or [{"rx": "R00", "diag": None}], "visits": often if rng.random() < 0.15 else [],
    }  # fmt: skip
    return drawn.Scenario("random", tables, [])


@pytest.fixture(scope="module", params=[1, 2])
def visits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Snapshot, World]:
    """Two hundred and twenty drawings, strangers to each other."""
    rng = random.Random(request.param)
    scenarios = [_scenario(rng) for _ in range(220)]
    prefixes = [f"{number:03d}" for number in range(len(scenarios))]
    con, snapshot = drawn.open_scenarios(scenarios, tmp_path_factory.mktemp("more"), prefixes)
    return con, snapshot, World(con)


def _found(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, rule_id: str) -> set[tuple[str, int]]:
    report = find(con, snapshot, Rulebook((BOOK.rule(rule_id),)))
    assert report.switched_off == []
    key = "psn_no" if rule_id in OF_PERSON else "rxno" if rule_id in OF_RX else "feedetl_sn"
    rows = con.execute(f"SELECT {key}, vola_amt FROM findings").fetchall()
    return {(subject, int(amount * 100)) for subject, amount in rows}


@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_and_its_slow_twin_agree_on_drawn_prescriptions(visits: tuple[Any, Snapshot, World], rule_id: str) -> None:
    con, snapshot, world = visits
    expected = RULES[rule_id](world)
    assert len(expected) >= 2
    assert _found(con, snapshot, rule_id) == expected
