"""A small clean folder with every table, in chains of rows of one visit each, and the gate run on it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from expectations.gate import GateResult, run_gate, sort_tables
from records.asof import connect
from records.contract import load_contract
from records.periods import Quarter
from records.readers import read_source

QUARTER = Quarter.parse("2026Q3")
CHAINS = 110
Row = dict[str, str | None]

SHARED_ROWS: dict[str, list[Row]] = {
    "institution": [
        {"fixmedins_code": f"H5303020000{n}", "fixmedins_name": f"第{n}医院", "fixmedins_type": "1",
         "hosp_lv": "3", "admdvs": "530302", "consortium_code": "C1", "tcm_flag": "0", "inst_class": "10"}
        for n in range(1, 10)
    ],
    "practitioner": [
        {"dr_codg": f"D53030200000{n}", "dr_name": "王医生", "fixmedins_code": f"H5303020000{n}",
         "dept_codg": "A03", "dept_name": "内科", "dr_profttl": "3", "abx_tier": "2", "narcotic_flag": "1"}
        for n in range(1, 10)
    ],
    "drug": [
        {"med_list_codg": f"XA0{n}", "drug_genname": "阿莫西林", "drug_prodname": "阿莫仙", "drug_kind": "11",
         "atc_code": "J01CA04", "tcm_class": None, "dosform": "胶囊剂", "inj_flag": "0", "strength": "250",
         "strength_unit": "mg", "units_per_pack": "24", "ddd": "1500", "max_daily_dose": "4000",
         "bas_medn_flag": "1", "hi_nego_drug_flag": "0", "vbp_group": "G1", "vbp_selected_flag": "1",
         "abx_tier": "1", "control_class": None, "chrgitm_lv": "01", "lmt_text": None, "lmt_icd": None,
         "lmt_hosp_lv": None, "lmt_med_type": None, "sex_limit": None, "age_min_days": "0",
         "age_max_days": "36500", "preg_contra_flag": "0", "special_drug_flag": "0"}
        for n in range(1, 10)
    ],
    "vbp_agreement": [{"fixmedins_code": "H53030200001", "vbp_group": "G1", "begndate": "2026-01-01",
                       "enddate": "2026-12-31", "agreed_cnt": "1000"}],
    "past_finding": [{"finding_id": "PF1", "subject_type": "person", "subject_code": "P001",
                      "begndate": "2025-01-01", "enddate": "2025-06-30", "fraud_flag": "0",
                      "fund_codes": None, "loss_amt": "0.00"}],
    "service_item": [{"hilist_code": "SV1", "hilist_name": "诊察费", "list_type": "201", "tcm_flag": "0",
                      "pric_uplmt_amt": "10", "freq_max": "1", "freq_window": "day", "excl_codes": None}],
}  # fmt: skip


def chain(n: int) -> dict[str, list[Row]]:
    """Everything of visit n, which shares only its institution, practitioner and drugs with other visits."""
    k, day = f"{n:03d}", f"2026-08-{1 + n % 28:02d}"
    who = {"psn_no": f"P{k}"}
    at = {"fixmedins_code": "H53030200001", "mdtrt_id": f"V{k}"}
    line = {"setl_id": f"S{k}", "mdtrt_id": f"V{k}", "fee_ocur_time": f"{day} 09:40:00", "chrgitm_lv": "01",
            "hosp_appr_flag": "0", "bilg_dr_codg": "D530302000001"}  # fmt: skip
    return {
        "person": [{**who, "gend": "1", "brdy": "1960-05-01", "insutype": "310", "psn_type": "1101",
                    "insu_admdvs": "530302", "dead_date": None}],
        "opsp_registration": [{**who, "opsp_dise_code": "M03900", "begndate": "2025-01-01", "enddate": None}],
        "settlement": [{**at, **who, "setl_id": f"S{k}", "med_type": "11", "insutype": "310",
                        "mdtrt_cert_type": "01", "dise_codg": None, "begndate": f"{day} 09:00:00",
                        "enddate": f"{day} 10:00:00", "setl_time": f"{day} 10:00:00",
                        "medfee_sumamt": "32.00", "fulamt_ownpay_amt": "0.00", "inscp_scp_amt": "32.00",
                        "fund_pay_sumamt": "22.40", "acct_pay": "9.60", "psn_cash_pay": "0.00",
                        "refd_setl_flag": "0", "orig_setl_id": None, "psn_setlway": "01", "clr_way": "1",
                        "insu_admdvs": "530302"}],
        "diagnosis": [{"mdtrt_id": f"V{k}", "diag_srt_no": "1", "diag_type": "1", "diag_code": "J20.900",
                       "diag_name": "急性支气管炎", "maindiag_flag": "1"}],
        "prescription": [{**at, **who, "rxno": f"R{k}", "dr_codg": "D530302000001", "dept_codg": "A03",
                          "prsc_time": f"{day} 09:30:00", "rx_type_code": "1", "long_rx_flag": "0",
                          "ext_reason": None, "phar_codg": "Y1", "phar_chk_time": f"{day} 09:35:00",
                          "rx_circ_flag": "0", "psn_wt": "60.5"}],
        "prescription_line": [{"rxno": f"R{k}", "rx_line_no": "1", "med_list_codg": "XA01", "cnt": "1",
                               "cnt_unit": "盒", "prd_days": "3", "group_no": "1"}],
        "fee_line": [
            {**line, "feedetl_sn": f"F{k}A", "rxno": f"R{k}", "list_type": "101", "hilist_code": "XA01",
             "hilist_name": "阿莫西林胶囊", "med_chrgitm_type": "09", "cnt": "2.0000", "pric": "11.000000",
             "det_item_fee_sumamt": "22.00", "sin_doscnt": "500", "sin_dosunt": "mg", "used_frqu_codg": "13",
             "medc_way_codg": "1", "prd_days": "3", "inscp_scp_amt": "22.00", "rx_line_no": "1"},
            {**line, "feedetl_sn": f"F{k}B", "rxno": None, "list_type": "201", "hilist_code": "SV1",
             "hilist_name": "诊察费", "med_chrgitm_type": "05", "cnt": "1.0000", "pric": "10.000000",
             "det_item_fee_sumamt": "10.00", "inscp_scp_amt": "10.00"},
        ],
        "drug_trace": [{"drug_trac_codg": f"T{k}", "feedetl_sn": f"F{k}A", "trdn_flag": "0",
                        "sel_retn_time": f"{day} 10:05:00", "sel_retn_cnt": "2"}],
        "past_verdict": [{"rxno": f"R{k}", "reviewed_time": "2026-09-01 10:00:00", "verdict_class": "0",
                          "item_codes": None, "fund_codes": None, "loss_amt": "0.00", "selection": "random",
                          "incl_prob": "0.05"}],
        "clue": [{"clue_id": f"C{k}", "received_time": f"{day} 12:00:00", "subject_type": "prescription",
                  "subject_code": f"R{k}", "clue_text": "匿名反映", "channel": "web", "anonymous_flag": "1"}],
    }  # fmt: skip


@dataclass
class City:
    """The folder before it is written. ``text`` is appended to a file as it stands."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)

    def row(self, table: str, key: str) -> Row:
        """The first row of a table whose first key column is this."""
        known = load_contract()[table]
        name = (known.key or known.order)[0]
        return next(row for row in self.tables[table] if row[name] == key)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            header = [column.name for column in load_contract()[name].columns]
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out)
                writer.writerow(header)
                writer.writerows([row.get(column) for column in header] for row in rows)
                out.write(self.text.get(name, ""))
        return folder


def clean_city(chains: int = CHAINS) -> City:
    city = City({name: [dict(row) for row in rows] for name, rows in SHARED_ROWS.items()})
    for n in range(1, chains + 1):
        for name, rows in chain(n).items():
            city.tables.setdefault(name, []).extend(rows)
    return city


@dataclass
class Checked:
    con: duckdb.DuckDBPyConnection
    result: GateResult
    out: Path

    def sorted_out(self) -> dict[str, dict[str, list[str]]]:
        """Fault codes of the quarantined rows by table and key (first key column), as the files have them."""
        found: dict[str, dict[str, list[str]]] = {}
        for path in sorted((self.out / "quarantine").glob("*.parquet")):
            table = load_contract()[path.stem]
            key = (table.key or table.order)[0]
            rows = duckdb.execute(f"SELECT {key}, fault_codes FROM '{path}'").fetchall()
            for code, faults in rows:
                found.setdefault(path.stem, {}).setdefault(code, []).append(faults)
        return found

    def accepted(self, table: str) -> list[tuple[object, ...]]:
        return self.con.execute(f"SELECT * FROM accepted.{table} ORDER BY ALL").fetchall()


def check(folder: Path, out: Path, *, whole: bool = False) -> Checked:
    con, contract = connect(), load_contract()
    report = read_source(con, folder, contract)
    run = run_gate if whole else sort_tables
    return Checked(con, run(con, report, contract, QUARTER, out), out)


Gate = Callable[..., Checked]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Write a city and sort it; ``whole=True`` adds suites, Data Docs and report."""

    def run(city: City, name: str = "a", *, whole: bool = False) -> Checked:
        return check(city.write(tmp_path / name / "data"), tmp_path / name / "out", whole=whole)

    return run


@pytest.fixture
def city() -> City:
    return clean_city(6)


@pytest.fixture(scope="session")
def make_city() -> Callable[[int], City]:
    return clean_city


@pytest.fixture(scope="session")
def run_check() -> Callable[..., Checked]:
    return check
