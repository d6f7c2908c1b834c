"""Rows of the contract from the drawn tables of a scenario."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from records.contract import load_contract

DAY, TIME = "2026-08-03", "08:10"
Row = dict[str, Any]
#: Drugs of the scenarios: what is not said is that of an ordinary tablet.
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
#: Short words of the drawn tables and the columns that they stand for.
SHORT = {
    "long": "long_rx_flag", "reason": "ext_reason", "checked": "phar_codg", "usage": "usage_text", "pregnant": "geso_flag",
    "type": "rx_type_code", "doses": "tcm_dose_cnt", "count": "cnt", "dose": "sin_doscnt", "unit": "sin_dosunt",
    "freq": "used_frqu_codg", "days": "prd_days", "level": "chrgitm_lv", "approved": "hosp_appr_flag",
    "own": "medins_list_name", "price": "pric", "route": "medc_way_codg", "scope": "inscp_scp_amt", "name": "drug_genname",
    "atc": "atc_code", "kind": "drug_kind", "form": "dosform", "med": "med_type", "dise": "dise_codg",
}  # fmt: skip
#: Columns that hold codes of the scenario.
_CODES = {
    "rxno", "mdtrt_id", "psn_no", "fixmedins_code", "dr_codg", "bilg_dr_codg", "setl_id", "orig_setl_id", "feedetl_sn",
    "drug_trac_codg", "hilist_code", "med_list_codg", "excl_codes",
}  # fmt: skip
_OF_LINE = ("line", "item", "rx", "drug", "setl", "refunded", "back", "person", "place", "day", "time", "med", "dise", "begin")


def _own(row: Row, *without: str) -> Row:
    return {SHORT.get(name, name): value for name, value in row.items() if name not in without}


def _moment(row: Row, told: Row | None = None) -> datetime:
    told = told or {}
    day = str(row.get("day") or told.get("day") or DAY)
    time = str(row.get("time") or told.get("time") or TIME)
    return datetime.fromisoformat(f"{day if len(day) > 5 else f'2026-{day}'} {time}:00")


class Drawing:
    """Builds contract rows from the tables of a scenario; every code gets the prefix."""

    def __init__(self, tables: dict[str, list[Row]], prefix: str = "") -> None:
        self.given, self.prefix = tables, prefix
        self.rows: dict[str, list[Row]] = {table.name: [] for table in load_contract()}
        self.drugs = {**DRUGS, **{row["drug"]: _own(row, "drug") for row in tables.get("drug", [])}}

    def build(self) -> dict[str, list[Row]]:
        """The rows by table."""
        lines = [*self.given.get("line", []), *self.given.get("item", [])]
        told = {row["rx"]: row for row in self.given.get("rx", [])}
        named = (*lines, *self.given.get("diag", []), *self.given.get("prescribed", []))
        codes = dict.fromkeys([*told, *[row["rx"] for row in named if row["rx"]]])
        self._standing()
        for rxno in codes:
            drugs = [row for row in self.given.get("line", []) if row["rx"] == rxno]
            self._prescription(rxno, told.get(rxno, {}), drugs or [{"line": f"L{rxno}", "drug": "X7", "rx": rxno}])
        for row in lines:
            if "item" in row or not row["rx"]:
                self._line(row["rx"], told.get(row["rx"], {}), row)
        for row in self.given.get("visits", []):
            for number in range(int(row["count"])):
                day = {"day": (datetime(2026, 7, 1) + timedelta(days=number)).date().isoformat(), "person": row["visits"]}
                visit = f"V{row['visits']}{number}"
                plain = {"line": f"L{visit}", "drug": "X7", "rx": visit, "med": row.get("med"), "refunded": row.get("refunded")}
                self._prescription(visit, {**day, "med": row.get("med")}, [plain])
        for row in self.given.get("diag", []):
            if row["diag"]:
                self._diagnosis(f"M{row['rx']}", row["diag"], _own(row, "diag", "rx"))
        self._others()
        return {table: [self._coded(row) for row in rows] for table, rows in self.rows.items()}

    def _coded(self, row: Row) -> Row:
        def code(name: str, value: Any) -> Any:
            if name not in _CODES or not value:
                return value
            return " ".join(self.prefix + part for part in str(value).split())

        return {name: code(name, value) for name, value in row.items()}

    def _standing(self) -> None:
        doctors = {row["doctor"]: row for row in self.given.get("doctor", [])}
        places = {row["place"]: row for row in self.given.get("place", [])}
        people = {row["person"]: row for row in self.given.get("person", [])}
        told = [row for name in ("rx", "line", "item", "stay") for row in self.given.get(name, [])]
        visiting = [row["visits"] for row in self.given.get("visits", [])]
        for code in dict.fromkeys(["H1", *places, *[row["place"] for row in told if row.get("place")]]):
            row = places.get(code, {})
            self.rows["institution"].append(
                {"fixmedins_code": code, "fixmedins_name": code, "fixmedins_type": "2" if code.startswith("PH") else "1",
                 "hosp_lv": "3", "admdvs": "530302", "tcm_flag": 0, **_level(_own(row, "place"))}
            )  # fmt: skip
        for code in dict.fromkeys(["D1", *doctors, *[row["doctor"] for row in told if row.get("doctor")]]):
            row = doctors.get(code, {})
            self.rows["practitioner"].append(
                {"dr_codg": code, "dr_name": "医", "fixmedins_code": "H1", "dept_codg": "1", "dept_name": "内科",
                 "narcotic_flag": row.get("narcotic", 0), "abx_tier": row.get("tier", 3)}
            )  # fmt: skip
        for code in dict.fromkeys(["P1", *people, *visiting, *[row["person"] for row in told if row.get("person")]]):
            row = people.get(code, {})
            self.rows["person"].append(
                {"psn_no": code, "gend": row.get("sex") or "2", "brdy": row.get("born") or "1970-01-01", "insutype": "310",
                 "insu_admdvs": "530302", "dead_date": row.get("died")}
            )  # fmt: skip
        plain = {"drug_kind": "11", "dosform": "片剂", "inj_flag": 0, "units_per_pack": 10, "bas_medn_flag": 1,
                 "hi_nego_drug_flag": 0, "vbp_selected_flag": 0, "chrgitm_lv": "01", "preg_contra_flag": 0}  # fmt: skip
        for code, facts in self.drugs.items():
            self.rows["drug"].append({"med_list_codg": code, "drug_genname": code, **plain, **facts})

    def _prescription(self, rxno: str, told: Row, lines: list[Row]) -> None:
        usual = {"rx_type_code": "1", "long_rx_flag": 0, "rx_circ_flag": 0, "phar_codg": "Y1", "setting": "1",
                 "usage_text": "一日一次", "geso_flag": 0}  # fmt: skip
        without = ("rx", "person", "place", "doctor", "day", "time", "refunded", "med", "dise")
        self.rows["prescription"].append(
            {**usual, **_own(told, *without), "rxno": rxno, "mdtrt_id": f"M{rxno}", "psn_no": told.get("person") or "P1",
             "fixmedins_code": told.get("place") or "H1", "dr_codg": told.get("doctor") or "D1", "dept_codg": "1",
             "prsc_time": str(_moment({}, told))}
        )  # fmt: skip
        if "diag" not in self.given:
            self._diagnosis(f"M{rxno}", "I10", {})
        for row in lines:
            self._line(rxno, told, row)

    def _line(self, rxno: str | None, told: Row, row: Row) -> None:
        number = row.get("line") or row["item"]
        moment, code = _moment(row, told), row.get("drug") or row.get("code")
        facts = self.drugs.get(str(row.get("drug")), {})
        kind = "201" if "item" in row else "102" if facts.get("drug_kind") == "13" else "101"
        name = facts.get("drug_genname", code)
        setl = row.get("setl") or f"S{number}"
        count, price = Decimal(row.get("count") or 1), Decimal(row.get("price") or 10)
        usual = {"pric": price, "used_frqu_codg": "11", "prd_days": 3, "chrgitm_lv": "01", "hosp_appr_flag": "0",
                 "medins_list_name": name, "inscp_scp_amt": count * price, "det_item_fee_sumamt": count * price}  # fmt: skip
        line = {**usual, **_own(row, *_OF_LINE, "code"), "cnt": count, "feedetl_sn": number, "setl_id": setl, "list_type": kind,
                "mdtrt_id": f"M{rxno or row.get('begin') or number}", "rxno": rxno if kind != "201" else None,
                "fee_ocur_time": str(moment), "hilist_code": code, "hilist_name": name,
                "bilg_dr_codg": told.get("doctor") or "D1"}  # fmt: skip
        self.rows["fee_line"].append(line)
        self._settle(line, {**told, **row}, moment, None)
        back = count if "1" in (row.get("refunded"), told.get("refunded")) else Decimal(row.get("back") or 0)
        if back:
            away = {"cnt": -back, "det_item_fee_sumamt": -back * price, "inscp_scp_amt": -back * price}
            returned = {**line, **away, "feedetl_sn": f"B{number}", "setl_id": f"B{number}"}
            self.rows["fee_line"].append(returned)
            self._settle(returned, {**told, **row}, moment + timedelta(seconds=30), setl)

    def _settle(self, line: Row, told: Row, moment: datetime, original: str | None) -> None:
        amounts = ("medfee_sumamt", "inscp_scp_amt", "fund_pay_sumamt", "psn_cash_pay")
        found = next((row for row in self.rows["settlement"] if row["setl_id"] == line["setl_id"]), None)
        if found is None:
            place = told.get("place") or "H1"
            end = (
                f"{told['end'] if len(told['end']) > 5 else '2026-' + told['end']} 09:00:00" if told.get("end") else str(moment)
            )
            found = {"setl_id": line["setl_id"], "mdtrt_id": line["mdtrt_id"], "psn_no": told.get("person") or "P1",
                     "fixmedins_code": place, "med_type": told.get("med") or ("41" if place.startswith("PH") else "11"),
                     "insutype": "310", "begndate": str(moment), "enddate": end, "setl_time": end, "acct_pay": 0,
                     "fulamt_ownpay_amt": 0, "dise_codg": told.get("dise"), "refd_setl_flag": int(original is not None),
                     "orig_setl_id": original, **dict.fromkeys(amounts, Decimal(0))}  # fmt: skip
            self.rows["settlement"].append(found)
        amount = Decimal(line["det_item_fee_sumamt"])
        shares = (amount, amount, amount * Decimal("0.7"), amount * Decimal("0.3"))
        for name, share in zip(amounts, shares, strict=True):
            found[name] += share

    def _diagnosis(self, visit: str, code: str, told: Row) -> None:
        number = 1 + sum(row["mdtrt_id"] == visit for row in self.rows["diagnosis"])
        self.rows["diagnosis"].append(
            {"mdtrt_id": visit, "diag_srt_no": number, "diag_type": "1", "diag_code": code, "diag_name": code,
             "maindiag_flag": int(number == 1), **told}
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
        for row in self.given.get("stay", []):
            bed = {"item": row["stay"], "rx": None, "code": "BED", "med": row.get("med") or "21", "day": row["begin"],
                   "place": row.get("place"), "person": row.get("person"), "refunded": row.get("refunded")}  # fmt: skip
            self._line(None, {"end": row["end"]}, bed)
            if row.get("icd"):
                self._diagnosis(f"M{row['stay']}", row["icd"], {})
        for row in self.given.get("stock", []):
            self.rows["stock_record"].append(
                {"fixmedins_code": "H1", "med_list_codg": row["stock"], "inv_data_type": row["type"], "cnt": row["count"],
                 "inv_time": f"{row.get('day') or '2026-06-30'} 08:00:00"}
            )  # fmt: skip
        for number, row in enumerate(self.given.get("prescribed", []), start=1):
            told = _own(row, "prescribed", "rx", "drug")
            self.rows["prescription_line"].append(
                {"rxno": row["rx"], "rx_line_no": number, "med_list_codg": row["drug"], "used_frqu_codg": "11", **told}
            )
        for row in self.given.get("service", []):
            self.rows["service_item"].append({"hilist_name": row["service"], "list_type": "201",
                                              "hilist_code": row["service"], **_own(row, "service")})  # fmt: skip


def _level(row: Row) -> Row:
    return {"hosp_lv" if name == "chrgitm_lv" else name: value for name, value in row.items()}
