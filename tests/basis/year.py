"""Twelve months of a small town, drawn at random, with much that reaches over the ends of months."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from tests.basis.drawn_rows import Drawing, Row

FIRST, LAST = date(2025, 10, 1), date(2026, 9, 30)
#: Code, name, ATC: of each rule that looks back, drugs that it is about.
_DRUGS = """XO 奥司他韦 J05AH02
XP1 奥美拉唑 A02BC01
XP2 雷贝拉唑 A02BC04
XW 华法林 B01AA03
XN 双氯芬酸 M01AB05
XS 西格列汀 A10BH01
XF 二甲双胍 A10BA02
XH9 肝素 B01AB01"""
_SERVICES = [
    {"service": "血液透析"},
    {"service": "S3", "freq_max": "3", "freq_window": "month"},
    {"service": "S4", "freq_max": "4", "freq_window": "year"},
    {"service": "S5", "freq_max": "3", "freq_window": "stay"},
]
#: Given just before the quarter and early in it: person, day, drug, days.
_OVER_ITS_BEGIN = """P31 2026-06-28 XA 28
P31 2026-07-02 XA 28
P32 2026-06-25 XP1 28
P32 2026-07-03 XP2 14
P33 2026-06-25 XW 28
P33 2026-07-03 XN 7
P34 2026-07-06 XH9 3"""
POINTS = [
    {"rule_name": "限总疗程", "med_code": "XA", "course_days": "40", "course_scope": "total"},
    {"rule_name": "限一次就诊", "med_code": "X7", "course_days": "6", "course_scope": "visit"},
    {"rule_name": "限首末日", "med_code": "XF", "course_days": "90", "course_scope": "span"},
    {"rule_name": "单方不付", "med_code": "TG", "tcm_use": "not_alone"},
]


def drawn_year(seed: int) -> dict[str, list[Row]]:
    """The rows of the contract's tables."""
    rng = random.Random(seed)
    tables: dict[str, list[Row]] = {word: [] for word in ("rx", "line", "item", "stay", "diag", "trace", "stock")}
    tables["drug"] = [
        dict(zip(("drug", "name", "atc"), line.split(), strict=True)) | {"strength": 5, "strength_unit": "mg"}
        for line in _DRUGS.splitlines()
    ]
    tables["service"] = list(_SERVICES)
    _prescriptions(rng, tables)
    _services(rng, tables)
    _stock(rng, tables)
    rows = Drawing(tables).build()
    _boxes(rng, rows)
    _tangle(rng, rows)
    return rows


def _day(rng: random.Random, first: date = FIRST, last: date = LAST) -> str:
    return str(first + timedelta(rng.randrange((last - first).days + 1)))


def _prescriptions(rng: random.Random, tables: dict[str, list[Row]]) -> None:
    drugs = [*[row["drug"] for row in tables["drug"]], "XA", "XA", "TG", "TB"]
    for number in range(420):
        rx = f"R{number:03d}"
        tables["rx"].append({
            "rx": rx, "person": f"P{rng.randint(1, 22)}", "place": rng.choice(["H1", "H1", "H2", "H3"]), "day": _day(rng),
            "refunded": rng.choice("0000001"), "reason": None,
        })  # fmt: skip
        tables["diag"].append({"rx": rx, "diag": rng.choice(["N18", "N18", "I10", "E11", "J06"])})
        for position in range(rng.choice([1, 1, 2])):
            tables["line"].append({
                "line": f"F{number:03d}{position}", "rx": rx, "drug": rng.choice(drugs), "count": rng.choice("1236"),
                "days": rng.choice([None, "3", "7", "14", "28", "28"]), "dose": rng.choice([None, "5", "10"]), "unit": "mg",
                "back": rng.choice("00001"), "level": rng.choice(["01", "01", "01", "03"]),
            })  # fmt: skip
    for number, told in enumerate(_OVER_ITS_BEGIN.splitlines()):
        person, day, drug, days = told.split()
        tables["rx"].append({"rx": f"K{number}", "person": person, "place": "H1", "day": day, "refunded": "0", "reason": None})
        tables["diag"].append({"rx": f"K{number}", "diag": "N18"})
        tables["line"].append({"line": f"K{number}", "rx": f"K{number}", "drug": drug, "days": days})
    for number, (day, piece) in enumerate((("2026-06-20", "TG"), ("2026-06-20", "TB"), ("2026-07-04", "TG"))):
        tables["line"].append({"line": f"N{number}", "rx": None, "drug": piece, "person": "P35", "day": day})
    for number in range(24):  # without a prescription, several of one visit over months
        tables["line"].append({
            "line": f"G{number:03d}", "rx": None, "drug": "X7", "days": "4", "person": f"P{number % 4 + 1}",
            "day": _day(rng, date(2026, 6, 1), date(2026, 8, 1)), "begin": f"V{number % 4}",
        })  # fmt: skip


def _services(rng: random.Random, tables: dict[str, list[Row]]) -> None:
    for number in range(160):
        code = rng.choice(["S3", "S4", "S4", "S5"])
        person = rng.randint(1, 12)
        tables["item"].append({
            "item": f"I{number:03d}", "rx": None, "code": code, "person": f"P{person}", "day": _day(rng),
            "count": rng.choice("112"), "begin": f"VP{person}", "refunded": rng.choice("0000001"),
        })  # fmt: skip
    for number in range(3):  # dialysis was charged before the quarter only
        day = _day(rng, FIRST, date(2026, 5, 31))
        tables["item"].append({"item": f"J{number}", "rx": None, "code": "血液透析", "person": "P1", "day": day, "place": "H1"})
    for number in range(110):
        begin = date.fromisoformat(_day(rng, FIRST, LAST - timedelta(8)))
        tables["stay"].append({
            "stay": f"T{number:03d}", "person": f"P{rng.randint(1, 6)}", "place": rng.choice(["H1", "H2"]), "begin": str(begin),
            "end": str(begin + timedelta(rng.randint(1, 8))), "icd": rng.choice(["I50", "I50.9", "J18"]),
        })  # fmt: skip
    # Out just before the quarter and in again just after it began.
    ends = (("2026-06-20", "2026-06-29"), ("2026-07-02", "2026-07-09"))
    tables["stay"] += [
        {"stay": f"U{n}", "person": "P7", "place": "H2", "begin": first, "end": last, "icd": "J18"}
        for n, (first, last) in enumerate(ends)
    ]


def _stock(rng: random.Random, tables: dict[str, list[Row]]) -> None:
    for drug in ("XA", "XP1", "XN", "XW"):
        day = _day(rng, FIRST, date(2026, 6, 20))
        tables["stock"].append({"stock": drug, "type": "3501", "count": rng.choice(["2", "5"]), "day": day})
        tables["stock"].append({"stock": drug, "type": "3503", "count": "3", "day": _day(rng)})


def _boxes(rng: random.Random, rows: dict[str, list[Row]]) -> None:
    """Trace codes, many of them sold in several months."""
    lines = [row for row in rows["fee_line"] if row["list_type"] == "101" and row["cnt"] > 0]
    for code in range(90):
        for line in rng.sample(lines, rng.choice([1, 2, 2, 3])):
            count = rng.choice(["1", "1", "1", "-1"])
            rows["drug_trace"].append({
                "drug_trac_codg": f"C{code}", "feedetl_sn": line["feedetl_sn"], "trdn_flag": rng.choice([0, 0, 0, 0, 1]),
                "sel_retn_time": line["fee_ocur_time"], "sel_retn_cnt": count,
            })  # fmt: skip


def _tangle(rng: random.Random, rows: dict[str, list[Row]]) -> None:
    sold = [row for row in rows["settlement"] if not row["refd_setl_flag"]]
    for row in rng.sample(sold, 30):  # settled long after
        row["setl_time"] = _later(rng, row["setl_time"])
    for row in rng.sample(rows["fee_line"], 30):  # dated after its settlement
        row["fee_ocur_time"] = _later(rng, row["fee_ocur_time"])
    for row in rng.sample([row for row in rows["fee_line"] if row["list_type"] != "201"], 40):  # of another prescription
        row["rxno"] = rng.choice([row["rxno"], "R003", "R-unknown", None])
    for row in [row for row in rows["fee_line"] if row["feedetl_sn"] in ("N0", "N1", "N2")]:  # one that nobody sent
        row["rxno"] = "R-of-pieces"
    for row in rng.sample(rows["drug_trace"], 15):  # a box that came back later
        rows["drug_trace"].append({**row, "sel_retn_cnt": "-1", "sel_retn_time": _later(rng, row["sel_retn_time"])})
    for row in rng.sample(sold, 30):  # refunded in a later month: in whole without lines, or a part of each line
        _refund(rng, rows, row)


def _refund(rng: random.Random, rows: dict[str, list[Row]], settled: Row) -> None:
    number, moment = f"Z{settled['setl_id']}", _later(rng, settled["setl_time"])
    rows["settlement"].append(
        {**settled, "setl_id": number, "orig_setl_id": settled["setl_id"], "refd_setl_flag": 1, "setl_time": moment}
    )
    for line in [row for row in rows["fee_line"] if row["setl_id"] == settled["setl_id"]] if rng.random() < 0.5 else []:
        back = {"cnt": -1, "feedetl_sn": f"Z{line['feedetl_sn']}", "setl_id": number, "fee_ocur_time": moment}
        rows["fee_line"].append({**line, **back})


def _later(rng: random.Random, moment: Any) -> str:
    return str(datetime.fromisoformat(str(moment)) + timedelta(days=rng.randrange(3, 70)))
