"""Small drawn tables as an as-of connection: what is not drawn is filled in as an ordinary lawful visit.

A scenario begins with ``##``; each table with its name and columns; ``-`` is a missing value; ``=>`` lists the
subjects of the findings expected, in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from records.asof import connect, open_asof
from records.contract import load_contract
from records.periods import Quarter
from records.readers import SourceReport, TableSource
from records.snapshot import Snapshot, write_snapshot

DAY = "2026-08-03"
Row = dict[str, Any]
#: Drugs of the scenarios: name, kind, ATC, tier, maximum (mg), pregnancy, sex, least age, indication, level.
DRUGS: dict[str, Row] = {
    "XA": {"drug_genname": "甲片", "max_daily_dose": 10, "strength": 5, "strength_unit": "mg"},
    "XJ2": {"drug_genname": "头孢片", "atc_code": "J01DD08", "abx_tier": 2},
    "XP1": {"drug_genname": "奥美拉唑", "atc_code": "A02BC01"},
    "XP2": {"drug_genname": "雷贝拉唑", "atc_code": "A02BC04"},
    "XW": {"drug_genname": "华法林", "atc_code": "B01AA03"},
    "XN": {"drug_genname": "双氯芬酸", "atc_code": "M01AB05"},
    "XC": {"drug_genname": "禁用片", "preg_contra_flag": 1},
    "XM": {"drug_genname": "男用片", "sex_limit": "1"},
    "XQ": {"drug_genname": "成人片", "age_min_days": 6574},
    "XL": {"drug_genname": "限适应症片", "lmt_icd": "E10 E11"},
    "XH": {"drug_genname": "限三级片", "lmt_hosp_lv": "3"},
    "TF": {"drug_genname": "附子", "drug_kind": "13"},
    "TB": {"drug_genname": "半夏", "drug_kind": "13"},
    "TG": {"drug_genname": "甘草", "drug_kind": "13"},
    **{f"X{n}": {"drug_genname": f"药{n}"} for n in range(1, 8)},
    **{f"T{n}": {"drug_genname": f"饮片{n}", "drug_kind": "13"} for n in range(1, 8)},
}


@dataclass(frozen=True)
class Scenario:
    title: str
    tables: dict[str, list[Row]]
    expected: list[str]


def read(path: Path) -> list[Scenario]:
    found = []
    for block in path.read_text(encoding="utf-8").split("## ")[1:]:
        title, *lines = block.strip().splitlines()
        tables: dict[str, list[Row]] = {}
        header: list[str] = []
        expected: list[str] | None = None
        for line in lines:
            cells = line.split()
            if line.startswith("=>"):
                expected = cells[1:]
            elif cells and cells[0] in ("rx", "line", "diag", "person", "doctor", "place", "opsp", "trace", "visits"):
                header = cells
                tables.setdefault(cells[0], [])
            elif cells:
                row = {name: None if cell == "-" else cell for name, cell in zip(header, cells, strict=True)}
                tables[header[0]].append(row)
        assert expected is not None, f"{path.name}: {title} says nothing of what is expected"
        found.append(Scenario(title, tables, expected))
    assert len(found) >= 2, f"{path.name} needs a violation and a just-not"
    return found


class Drawing:
    """Builds contract rows from a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.given = scenario.tables
        self.rows: dict[str, list[Row]] = {table.name: [] for table in load_contract()}

    def build(self) -> dict[str, list[Row]]:
        lines = self.given.get("line", [])
        told = {row["rx"]: row for row in self.given.get("rx", [])}
        codes = [*told, *[row["rx"] for row in (*lines, *self.given.get("diag", [])) if row["rx"] not in told]]
        self._standing()
        for rxno in dict.fromkeys(codes):
            own = [row for row in lines if row["rx"] == rxno] or [{"line": f"L{rxno}", "drug": "X7", "rx": rxno}]
            self._visit(rxno, told.get(rxno, {}), own)
        for row in self.given.get("visits", []):
            for number in range(int(row["count"])):
                rxno = f"V{number}"
                self._visit(rxno, {}, [{"line": f"L{rxno}", "drug": "X7", "rx": rxno}])
        for row in self.given.get("diag", []):
            if row["diag"]:
                self._diagnosis(row["rx"], row["diag"])
        self._others()
        return self.rows

    def _standing(self) -> None:
        places = {row["place"]: row for row in self.given.get("place", [])} | {}
        for code in {"H1", *places}:
            level = places[code]["level"] if code in places else "3"
            self.rows["institution"].append(
                {"fixmedins_code": code, "fixmedins_name": code, "fixmedins_type": "1", "hosp_lv": level,
                 "admdvs": "530302", "tcm_flag": 0}
            )  # fmt: skip
        doctors = {row["doctor"]: row["tier"] for row in self.given.get("doctor", [])}
        for code in {"D1", *doctors}:
            self.rows["practitioner"].append(
                {"dr_codg": code, "dr_name": "医", "fixmedins_code": "H1", "dept_codg": "1", "dept_name": "内科",
                 "narcotic_flag": 0, "abx_tier": doctors.get(code, 3)}
            )  # fmt: skip
        people = {row["person"]: row for row in self.given.get("person", [])}
        for code in {"P1", *people}:
            row = people.get(code, {})
            self.rows["person"].append(
                {"psn_no": code, "gend": row.get("sex") or "2", "brdy": row.get("born") or "1970-01-01", "insutype": "310",
                 "insu_admdvs": "530302", "dead_date": row.get("died")}
            )  # fmt: skip
        for code, facts in DRUGS.items():
            plain = {"med_list_codg": code, "drug_kind": "11", "dosform": "片剂", "inj_flag": 0, "units_per_pack": 10,
                     "bas_medn_flag": 1, "hi_nego_drug_flag": 0, "vbp_selected_flag": 0, "chrgitm_lv": "01",
                     "preg_contra_flag": 0}  # fmt: skip
            self.rows["drug"].append({**plain, **facts})

    def _visit(self, rxno: str, told: Row, lines: list[Row]) -> None:
        moment = f"{DAY} {told.get('time') or '08:10'}:00"
        # Visits that are only counted lie on different days, so that nothing else is found in them.
        if rxno.startswith("V"):
            moment = f"2026-08-{int(rxno[1:]) + 1:02d} 08:10:00"
        self.rows["prescription"].append(
            {"rxno": rxno, "mdtrt_id": f"M{rxno}", "psn_no": "P1", "fixmedins_code": "H1", "dr_codg": "D1",
             "dept_codg": "1", "prsc_time": moment, "rx_type_code": told.get("type") or "1",
             "long_rx_flag": int(told.get("long") or 0), "ext_reason": told.get("reason"), "rx_circ_flag": 0,
             "phar_codg": told.get("checked", "Y1"), "setting": told.get("setting") or "1",
             "usage_text": told.get("usage", "一日一次"),
             "geso_flag": told.get("pregnant", 0)}
        )  # fmt: skip
        if "diag" not in self.given:
            self._diagnosis(rxno, "I10")
        for row in lines:
            back = (row.get("refunded") or told.get("refunded") or "0") == "1"
            self._line(rxno, row, moment, back)

    def _line(self, rxno: str, row: Row, moment: str, back: bool) -> None:
        number, drug = row["line"], row["drug"]
        count = int(row.get("count") or 1)
        setl = f"{row.get('setl') or 'S'}{number if 'setl' not in row else ''}"
        facts = DRUGS[drug]
        line = {"feedetl_sn": number, "setl_id": setl, "mdtrt_id": f"M{rxno}", "rxno": rxno, "fee_ocur_time": moment,
                "list_type": "102" if facts.get("drug_kind") == "13" else "101", "hilist_code": drug,
                "hilist_name": facts["drug_genname"], "cnt": count, "pric": 10, "det_item_fee_sumamt": 10 * count,
                "inscp_scp_amt": 10 * count, "sin_doscnt": row.get("dose"), "sin_dosunt": row.get("unit"),
                "used_frqu_codg": row.get("freq") or ("11" if "freq" not in row else None),
                "prd_days": row.get("days", 3), "chrgitm_lv": row.get("level") or "01",
                "hosp_appr_flag": row.get("approved") or "0", "bilg_dr_codg": "D1",
                "medins_list_name": row["own"] if "own" in row else facts["drug_genname"]}  # fmt: skip
        self.rows["fee_line"].append(line)
        self._settlement(setl, rxno, moment, 0, None)
        if back:
            later = moment.replace(":00", ":30", 1)
            self._settlement(f"B{number}", rxno, later, 1, setl)
            amounts = {"cnt": -count, "det_item_fee_sumamt": -10 * count, "inscp_scp_amt": -10 * count}
            self.rows["fee_line"].append({**line, "feedetl_sn": f"B{number}", "setl_id": f"B{number}", **amounts})

    def _settlement(self, setl: str, rxno: str, moment: str, refund: int, original: str | None) -> None:
        if any(row["setl_id"] == setl for row in self.rows["settlement"]):
            return
        sign = -1 if refund else 1
        self.rows["settlement"].append(
            {"setl_id": setl, "mdtrt_id": f"M{rxno}", "psn_no": "P1", "fixmedins_code": "H1", "med_type": "11",
             "insutype": "310", "begndate": moment, "enddate": moment, "setl_time": moment, "medfee_sumamt": 10 * sign,
             "fulamt_ownpay_amt": 0, "inscp_scp_amt": 10 * sign, "fund_pay_sumamt": 7 * sign, "acct_pay": 0,
             "psn_cash_pay": 3 * sign, "refd_setl_flag": refund, "orig_setl_id": original}
        )  # fmt: skip

    def _diagnosis(self, rxno: str, code: str) -> None:
        number = 1 + sum(row["mdtrt_id"] == f"M{rxno}" for row in self.rows["diagnosis"])
        self.rows["diagnosis"].append(
            {"mdtrt_id": f"M{rxno}", "diag_srt_no": number, "diag_type": "1", "diag_code": code, "diag_name": code,
             "maindiag_flag": int(number == 1)}
        )  # fmt: skip

    def _others(self) -> None:
        for row in self.given.get("opsp", []):
            self.rows["opsp_registration"].append({"psn_no": row["opsp"], "opsp_dise_code": "M03900", "begndate": row["begin"]})
        for row in self.given.get("trace", []):
            hour = int(row.get("hour") or 9)
            self.rows["drug_trace"].append(
                {"drug_trac_codg": row["trace"], "feedetl_sn": row["line"], "trdn_flag": int(row.get("split") or 0),
                 "sel_retn_time": f"{DAY} {hour:02d}:00:00", "sel_retn_cnt": row["count"]}
            )  # fmt: skip


def open_scenario(scenario: Scenario, folder: Path) -> tuple[duckdb.DuckDBPyConnection, Snapshot]:
    rows = Drawing(scenario).build()
    con, report = connect(), SourceReport()
    con.execute("CREATE SCHEMA accepted")
    for table in load_contract():
        names = [column.name for column in table.columns]
        con.execute(f"CREATE TABLE accepted.{table.name} ({', '.join(f'{c.name} {c.duckdb_type}' for c in table.columns)})")
        for row in rows[table.name]:
            values = [row.get(name) for name in names]
            con.execute(f"INSERT INTO accepted.{table.name} VALUES ({', '.join('?' * len(names))})", values)
        if rows[table.name] or table.needed:
            report.tables[table.name] = TableSource([], columns_present=names)
    snapshot = write_snapshot(con, load_contract(), folder, report)
    return open_asof(snapshot, Quarter.parse("2026Q3"), threads=1), snapshot
