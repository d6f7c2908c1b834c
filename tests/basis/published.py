"""Cases around knowledge points, both sides of every limit, and a slow judge that reads the format's own description."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from records.asof import connect, open_asof
from records.contract import load_contract
from records.periods import Quarter
from records.readers import SourceReport, TableSource
from records.snapshot import Snapshot, write_snapshot

DAY, FIRST = date(2026, 8, 3), date(2026, 7, 1)
Point = dict[str, str]
LIMITS = ("sex", "age_min_days", "age_max_days", "med_type", "hosp_lv", "insutype", "course_days", "icd", "tcm_use")
PLAIN_PIECE = "T999999999"


@dataclass
class Line:
    """A drug charged at a visit. ``wanted`` is True on the violating side, False on the other, None for neither."""

    code: str
    person: str
    rx: str
    sex: str = "2"
    age: int = 15_000
    med_type: str = "11"
    level: str = "1"
    insurance: str = "310"
    icd: str = "I10"
    days: int = 3
    day: date = DAY
    paid: str = "01"
    refunded: bool = False
    point: Point | None = None
    wanted: bool | None = None
    number: str = ""


@dataclass
class Cases:
    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        line.number = f"F{len(self.lines):07d}"
        self.lines.append(line)


def around(points: list[Point]) -> Cases:
    """Both sides of every effective, decidable point and code; each case has a person and a visit of its own."""
    cases, count = Cases(), 0
    for point in points:
        if point["status"] != "effective" or point["decidable"] != "1":
            continue
        code = point["med_code"] + ("" if point["code_form"] == "exact" else "Q9")
        for limit in LIMITS:
            for wanted in (True, False) if point[limit] else ():
                count += 1
                _side(cases, point, limit, wanted, code, f"{count:06d}")
    return cases


def _side(cases: Cases, point: Point, limit: str, wanted: bool, code: str, name: str) -> None:
    line = Line(code, f"P{name}", f"R{name}", point=point, wanted=wanted, **_lawful(point))
    value = point[limit]
    if limit == "sex":
        line.sex = value if not wanted else "21"[int(value) - 1]
    elif limit == "age_min_days":
        line.age = int(value) - wanted
    elif limit == "age_max_days":
        line.age = int(value) + wanted
    elif limit == "med_type":
        line.med_type = "99" if wanted else value.split()[-1] + "01"
    elif limit == "hosp_lv":
        line.level = str(int(value) - wanted)
    elif limit == "insutype":
        line.insurance = "310" if wanted else value.split()[-1]
    elif limit == "icd":
        line.icd = "Q99.9" if wanted else value.split()[-1] + ".9"
    elif limit == "course_days":
        most = int(value)
        cases.add(Line(**{**line.__dict__, "days": most - 1, "day": FIRST - timedelta(1), "wanted": None}))
        line.days, line.rx = 1 + wanted, f"S{name}"
        line.day = FIRST - timedelta(1) + timedelta(most - 1)
    elif value == "never":
        line.paid = "01" if wanted else "03"
    elif not wanted:
        cases.add(Line(PLAIN_PIECE, line.person, line.rx))
    cases.add(line)


def _lawful(point: Point) -> dict[str, Any]:
    """A visit that keeps every other limit of the point, so that a side turns on one of them."""
    least, most = int(point["age_min_days"] or 0), int(point["age_max_days"] or 40_000)
    return {
        "sex": point["sex"] or "2",
        "age": min(max(15_000, least), most),
        "med_type": (point["med_type"] or "11").split()[0],
        "level": point["hosp_lv"] or "1",
        "insurance": (point["insutype"] or "310").split()[0],
        "icd": (point["icd"] or "I10").split()[0],
    }


def mixed(points: list[Point], persons: int, each: int, seed: int) -> Cases:
    """Persons of random visits with random drugs of the points: shared visits, overlaps, refunds, self-paid lines."""
    rng, cases = random.Random(seed), Cases()
    live = [point for point in points if point["status"] == "effective" and point["decidable"] == "1"]
    courses = [point for point in live if point["course_days"]]
    for number in range(persons):
        sex, age, favourite = rng.choice("12"), rng.randrange(1, 30_000), rng.choice(courses)
        for visit in range(each):
            day = date(2026, 5, 1) + timedelta(rng.randrange(150))
            shared = {"med_type": rng.choice(["11", "13", "1401", "21"]), "level": rng.choice("0123"),
                      "insurance": rng.choice(["310", "390", "510"]),
                      "icd": rng.choice(["I10", "E11.9", "K21", "B37.0"])}  # fmt: skip
            for _ in range(rng.randrange(1, 4)):
                point = favourite if rng.random() < 0.6 else rng.choice(live)
                code = point["med_code"] + ("" if point["code_form"] == "exact" else "Q9")
                cases.add(
                    Line(code, f"P{number}", f"R{number}-{visit}", sex, age + (day - DAY).days, day=day,
                         days=rng.choice([0, 1, 3, 7, 12]), paid=rng.choice(["01", "02", "03"]),
                         refunded=rng.random() < 0.1, **shared)
                )  # fmt: skip
    return cases


def expected(points: list[Point], cases: Cases) -> set[tuple[str, str]]:
    """(rule, fee line) of every finding of the quarter, one line and point after the other."""
    exact: dict[str, list[Point]] = defaultdict(list)
    prefix: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        if point["status"] == "effective" and point["decidable"] == "1":
            (exact if point["code_form"] == "exact" else prefix)[point["med_code"]].append(point)
    standing = [line for line in cases.lines if not line.refunded]
    applied = {code: _applied(code, exact, prefix) for code in {line.code for line in standing}}
    pieces: dict[str, list[Line]] = defaultdict(list)
    used: dict[tuple[str, str], set[date]] = defaultdict(set)
    for line in standing:
        if line.code.startswith("T"):
            pieces[line.rx].append(line)
    found = set()
    for line in sorted(standing, key=lambda mine: (mine.day, mine.number)):
        for point in applied[line.code]:
            alone = all(any(p["tcm_use"] == "not_alone" for p in applied[piece.code]) for piece in pieces[line.rx])
            if _violated(point, line, alone, used) and line.day >= FIRST:
                found.add((point["rule_name"], line.number))
    return found


def _applied(code: str, exact: dict[str, list[Point]], prefix: dict[str, list[Point]]) -> list[Point]:
    found = list(exact.get(code, ()))
    decided = {point["rule_name"] for point in found}
    for size in range(len(code), 0, -1):
        longest = [point for point in prefix.get(code[:size], ()) if point["rule_name"] not in decided]
        found += longest
        decided |= {point["rule_name"] for point in longest}
    return found


def _violated(point: Point, line: Line, alone: bool, used: dict[tuple[str, str], set[date]]) -> bool:
    days = used[point["kp_id"], line.person]
    if point["course_days"] and line.paid != "03":
        days.update(line.day + timedelta(n) for n in range(line.days))
    if point["rule_class"] == "政策类" and line.paid == "03":
        return False
    if (point["begndate"] and str(line.day) < point["begndate"]) or (point["enddate"] and str(line.day) >= point["enddate"]):
        return False
    return any(
        (
            point["sex"] and line.sex != point["sex"],
            point["age_min_days"] and line.age < int(point["age_min_days"]),
            point["age_max_days"] and line.age > int(point["age_max_days"]),
            point["med_type"] and not line.med_type.startswith(tuple(point["med_type"].split())),
            point["hosp_lv"] and int(line.level) < int(point["hosp_lv"]),
            point["insutype"] and line.insurance not in point["insutype"].split(),
            point["icd"] and not line.icd.startswith(tuple(point["icd"].split())),
            point["tcm_use"] == "never",
            point["tcm_use"] == "not_alone" and alone,
            point["course_days"] and len(days) > float(point["course_days"]),
        )
    )


def snapshot_of(cases: Cases, folder: Path) -> tuple[Any, Snapshot]:
    """The cases as an as-of connection of 2026Q3. The drug table says of no drug anything that a point says."""
    con, report = connect(), SourceReport()
    con.execute("CREATE SCHEMA accepted")
    rows = _rows(cases)
    for table in load_contract():
        names = [column.name for column in table.columns]
        con.execute(f"CREATE TABLE accepted.{table.name} ({', '.join(f'{c.name} {c.duckdb_type}' for c in table.columns)})")
        given = pd.DataFrame(rows.get(table.name, []), columns=None).reindex(columns=names).astype("string")
        con.register("given", given)
        casts = ", ".join(f"CAST({c.name} AS {c.duckdb_type})" for c in table.columns)
        con.execute(f"INSERT INTO accepted.{table.name} SELECT {casts} FROM given")
        con.unregister("given")
        if table.name in rows or table.needed:
            report.tables[table.name] = TableSource([], columns_present=names)
    snapshot = write_snapshot(con, load_contract(), folder, report)
    return open_asof(snapshot, Quarter.parse("2026Q3")), snapshot


def _rows(cases: Cases) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for level in "0123":
        rows["institution"].append({"fixmedins_code": f"H{level}", "fixmedins_name": level, "fixmedins_type": "1",
                                    "hosp_lv": level, "admdvs": "530302", "tcm_flag": 0})  # fmt: skip
    rows["practitioner"].append({"dr_codg": "D1", "dr_name": "医", "fixmedins_code": "H1", "dept_codg": "1",
                                 "dept_name": "内科", "narcotic_flag": 0})  # fmt: skip
    for code in sorted({line.code for line in cases.lines}):
        rows["drug"].append({"med_list_codg": code, "drug_genname": code, "drug_kind": "13" if code[0] == "T" else "11",
                             "dosform": "片", "inj_flag": 0, "units_per_pack": 1, "bas_medn_flag": 0, "preg_contra_flag": 0,
                             "hi_nego_drug_flag": 0, "vbp_selected_flag": 0, "chrgitm_lv": "03"})  # fmt: skip
    visits: dict[str, Line] = {}
    persons: dict[str, Line] = {}
    for line in cases.lines:
        visits.setdefault(line.rx, line)
        persons.setdefault(line.person, line)
    for name, line in persons.items():
        rows["person"].append({"psn_no": name, "gend": line.sex, "brdy": line.day - timedelta(line.age),
                               "insutype": "310", "insu_admdvs": "530302"})  # fmt: skip
    for name, line in visits.items():
        rows["prescription"].append({"rxno": name, "mdtrt_id": f"M{name}", "psn_no": line.person,
                                     "fixmedins_code": f"H{line.level}", "dr_codg": "D1", "dept_codg": "1",
                                     "prsc_time": f"{line.day} 08:00:00", "rx_type_code": "1", "long_rx_flag": 0,
                                     "rx_circ_flag": 0})  # fmt: skip
        rows["diagnosis"].append({"mdtrt_id": f"M{name}", "diag_srt_no": 1, "diag_type": "1", "diag_code": line.icd,
                                  "diag_name": line.icd, "maindiag_flag": 1})  # fmt: skip
    for line in cases.lines:
        _charge(rows, line, 1)
        if line.refunded:
            _charge(rows, line, -1)
    return rows


def _charge(rows: dict[str, list[dict[str, Any]]], line: Line, sign: int) -> None:
    number, back = line.number if sign > 0 else f"B{line.number}", int(sign < 0)
    amounts = {"inscp_scp_amt": 10 * sign}
    rows["settlement"].append(
        {"setl_id": f"S{number}", "mdtrt_id": f"M{line.rx}", "psn_no": line.person, "fixmedins_code": f"H{line.level}",
         "med_type": line.med_type, "insutype": line.insurance, "begndate": f"{line.day} 08:00:00",
         "enddate": f"{line.day} 09:00:00", "setl_time": f"{line.day} 09:{30 * back:02d}:00", "medfee_sumamt": 10 * sign,
         "fulamt_ownpay_amt": 0, "fund_pay_sumamt": 7 * sign, "acct_pay": 0, "psn_cash_pay": 3 * sign,
         "refd_setl_flag": back, "orig_setl_id": f"S{line.number}" if back else None, **amounts}
    )  # fmt: skip
    rows["fee_line"].append(
        {"feedetl_sn": number, "setl_id": f"S{number}", "mdtrt_id": f"M{line.rx}", "rxno": line.rx,
         "fee_ocur_time": f"{line.day} 08:10:00", "list_type": "102" if line.code[0] == "T" else "101",
         "hilist_code": line.code, "hilist_name": line.code, "cnt": sign, "pric": Decimal(10),
         "det_item_fee_sumamt": 10 * sign, "prd_days": line.days, "chrgitm_lv": line.paid, **amounts}
    )  # fmt: skip
