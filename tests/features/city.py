"""A made-up small city, from a seed: a few institutions, regular patients, and some that stand out."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

Rows = list[dict[str, Any]]
ATC = ["C09AA02", "C09AA05", "C09CA01", "A10BA02", "J01CA04", "J01FA10", "M01AE01", "C10AA05", "B01AA03"]
ICD = ["I10", "E11", "J06", "M54", "R05", "K29"]
FREQUENCIES = ["11", "12", "13", None]


class City:
    """Grows the tables of one city; the same seed gives the same rows."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, Rows] = {
            name: []
            for name in [
                "institution",
                "practitioner",
                "person",
                "settlement",
                "diagnosis",
                "prescription",
                "fee_line",
                "drug",
                "drug_trace",
                "clue",
                "opsp_registration",
            ]
        }
        self._places()
        self._drugs()
        self._persons()

    def add(self, table: str, **row: Any) -> dict[str, Any]:
        self.tables[table].append(row)
        return row

    def _places(self) -> None:
        places = [("H1", "1", "3"), ("H2", "1", "2"), ("H3", "1", "2"), ("P1", "2", None), ("P2", "2", None)]
        for code, kind, level in places:
            name = {"fixmedins_name": f"机构{code}", "admdvs": "530302", "tcm_flag": 0}
            self.add("institution", fixmedins_code=code, fixmedins_type=kind, hosp_lv=level, **name)
        for number in range(9):
            rights = {
                "dr_profttl": number % 4 + 1,
                "abx_tier": self.random.choice([None, 1, 2]),
                "narcotic_flag": 0,
            }
            where = {"fixmedins_code": f"H{number % 3 + 1}", "dept_codg": f"0{number % 2}", "dept_name": "科"}
            self.add("practitioner", dr_codg=f"D{number}", dr_name="医", **where, **rights)

    def _drugs(self) -> None:
        for number in range(14):
            atc = ATC[number % len(ATC)] if number < 12 else None
            tier = 1 + number % 3 if atc and atc.startswith("J01") else None
            flags = {
                "inj_flag": int(number == 5),
                "bas_medn_flag": number % 2,
                "hi_nego_drug_flag": int(number == 7),
            }
            group = {"vbp_group": "G1" if number in (0, 9) else None, "vbp_selected_flag": int(number == 0)}
            limits = {
                "lmt_icd": "I10 E11" if number == 6 else None,
                "sex_limit": "2" if number == 4 else None,
            }
            dose = {"strength": 10, "strength_unit": "mg", "units_per_pack": 10 + 4 * (number > 8), "ddd": 20}
            self.add(
                "drug",
                med_list_codg=f"X{number:02d}",
                drug_genname=f"药{number % 9 if number < 12 else number}",
                drug_kind="11",
                atc_code=atc,
                dosform="片剂",
                max_daily_dose=40,
                abx_tier=tier,
                control_class={8: "P2", 12: "N"}.get(number),
                chrgitm_lv="01",
                preg_contra_flag=int(number == 3),
                lmt_hosp_lv="3" if number == 2 else None,
                **limits,
                **flags,
                **group,
                **dose,
            )

        self.add(
            "drug",
            **{
                **self.tables["drug"][-1],
                "med_list_codg": "T1",
                "drug_genname": "甘草",
                "strength": None,
                "drug_kind": "13",
                "atc_code": None,
                "bas_medn_flag": 1,
                "units_per_pack": 1,
            },
        )

    def _persons(self) -> None:
        for number in range(24):
            born = date(1940, 1, 1) + timedelta(days=self.random.randrange(28000))
            self.add(
                "person",
                psn_no=f"N{number:02d}",
                gend=str(1 + number % 2),
                brdy=born,
                insutype="310",
                insu_admdvs="530302",
                dead_date=date(2026, 8, 20) if number == 3 else None,
            )
            if number % 5 == 0:
                self.add(
                    "opsp_registration",
                    psn_no=f"N{number:02d}",
                    opsp_dise_code="M1",
                    begndate=date(2026, 3, 1),
                )

    def visit(self, psn_no: str, place: str, when: datetime, *, med_type: str = "11", stay: int = 0) -> str:
        """One settlement with its lines; at a hospital under one prescription. Gives setl_id."""
        number = len(self.tables["settlement"])
        setl_id, mdtrt_id, rxno = f"S{number:05d}", f"V{number:05d}", f"R{number:05d}"
        doctor = self.random.choice([p for p in self.tables["practitioner"] if p["fixmedins_code"] == place] or [None])
        if doctor:
            self.add(
                "prescription",
                rxno=rxno,
                mdtrt_id=mdtrt_id,
                psn_no=psn_no,
                fixmedins_code=place,
                dr_codg=doctor["dr_codg"],
                dept_codg=doctor["dept_codg"],
                prsc_time=when,
                rx_type_code="1",
                long_rx_flag=int(self.random.random() < 0.1),
                rx_circ_flag=int(self.random.random() < 0.1),
                phar_codg=self.random.choice([None, "Y1", "Y1"]),
                usage_text=self.random.choice([None, "一日一次", "遵医嘱"]),
                ext_reason=self.random.choice([None, None, "路远"]),
                geso_flag=self.random.choice([None, 0, 1]),
            )
            for order in range(self.random.randrange(3)):
                code = self.random.choice(ICD)
                self.add(
                    "diagnosis",
                    mdtrt_id=mdtrt_id,
                    diag_srt_no=order,
                    diag_type="1",
                    diag_code=f"{code}.900",
                    diag_name="病",
                    maindiag_flag=int(order == 0),
                )
        begin = when - timedelta(days=stay)
        row = self.add(
            "settlement",
            setl_id=setl_id,
            mdtrt_id=mdtrt_id,
            psn_no=psn_no,
            fixmedins_code=place,
            med_type=med_type,
            insutype="310",
            dise_codg="M1" if med_type == "14" else None,
            begndate=begin,
            enddate=when,
            setl_time=when + timedelta(minutes=1),
            fulamt_ownpay_amt=0,
            acct_pay=0,
            psn_cash_pay=0,
            refd_setl_flag=0,
            insu_admdvs=self.random.choice(["530302", "530302", "530100"]),
            mdtrt_cert_type=self.random.choice(["01", "03"]) if psn_no > "N12" else "01",
        )
        drugs = self.random.sample(self.tables["drug"][:14], self.random.randint(1, 4))
        if self.random.random() < 0.1:
            drugs.append(drugs[0])
        fen = sum(self._line(row, rxno if doctor else None, drug, when) for drug in drugs)
        if doctor and self.random.random() < 0.3:
            fen += self._other(row, rxno, when)
        row["medfee_sumamt"] = row["inscp_scp_amt"] = f"{fen / 100:.2f}"
        row["fund_pay_sumamt"] = f"{fen * 7 // 10 / 100:.2f}"
        return setl_id

    def _line(self, settlement: dict[str, Any], rxno: str | None, drug: dict[str, Any], when: datetime) -> int:
        number = len(self.tables["fee_line"])
        count = self.random.randint(1, 3)
        fen = (500 + 100 * int(drug["med_list_codg"][1:])) * self.random.choice([1, 1, 1, 2])
        name = f"{drug['drug_genname']}片"
        self.add(
            "fee_line",
            feedetl_sn=f"F{number:06d}",
            setl_id=settlement["setl_id"],
            mdtrt_id=settlement["mdtrt_id"],
            rxno=rxno,
            fee_ocur_time=when,
            list_type="101",
            hilist_code=drug["med_list_codg"],
            hilist_name=name,
            medins_list_name=self.random.choice([name, name, "保健品"]),
            cnt=count,
            pric=f"{fen / 100:.2f}",
            det_item_fee_sumamt=f"{count * fen / 100:.2f}",
            sin_doscnt=self.random.choice([10, 10, 20, 1, None]),
            sin_dosunt=self.random.choice(["mg", "mg", "片"]),
            used_frqu_codg=self.random.choice(FREQUENCIES),
            medc_way_codg="1",
            prd_days=self.random.choice([3, 7, 14, 28, None]),
            chrgitm_lv="01",
            bilg_dr_codg=f"D{number % 9}",
        )
        box = f"T{number:06d}" if self.random.random() < 0.8 else f"T{self.random.randrange(number + 1):06d}"
        if self.random.random() < 0.9:
            self.add(
                "drug_trace",
                drug_trac_codg=box,
                feedetl_sn=f"F{number:06d}",
                trdn_flag=int(number % 10 == 0),
                sel_retn_time=when,
                sel_retn_cnt=1,
            )
        return count * fen

    def _other(self, settlement: dict[str, Any], rxno: str, when: datetime) -> int:
        piece = self.random.random() < 0.5
        self.add(
            "fee_line",
            feedetl_sn=f"E{len(self.tables['fee_line']):06d}",
            setl_id=settlement["setl_id"],
            mdtrt_id=settlement["mdtrt_id"],
            rxno=rxno if piece else None,
            fee_ocur_time=when,
            list_type="102" if piece else "201",
            hilist_code="T1" if piece else "E1",
            hilist_name="甘草" if piece else "检查",
            cnt=1,
            pric="30.00",
            det_item_fee_sumamt="30.00",
            chrgitm_lv=self.random.choice(["01", "03"]),
            bilg_dr_codg=self.tables["prescription"][-1]["dr_codg"],
        )
        return 3000

    def same(self, psn_no: str, place: str, when: datetime) -> None:
        """A prescription by the institution's first doctor whose only line always costs the same."""
        setl_id = self.visit(psn_no, place, when)
        kept = [row for row in self.tables["fee_line"] if row["setl_id"] != setl_id]
        rx = self.tables["prescription"][-1]
        rx["dr_codg"] = next(p["dr_codg"] for p in self.tables["practitioner"] if p["fixmedins_code"] == place)
        row = {
            **next(r for r in self.tables["fee_line"] if r["setl_id"] == setl_id),
            "cnt": 1,
            "pric": "9.00",
        }
        self.tables["fee_line"] = [*kept, {**row, "hilist_code": "X13", "det_item_fee_sumamt": "9.00"}]
        self.tables["settlement"][-1].update(medfee_sumamt="9.00", inscp_scp_amt="9.00", fund_pay_sumamt="6.00")

    def refund(self, setl_id: str, when: datetime, lines: int | None = None) -> None:
        """Take back a settlement, or its first ``lines`` fee lines."""
        original = next(row for row in self.tables["settlement"] if row["setl_id"] == setl_id)
        back = [row for row in self.tables["fee_line"] if row["setl_id"] == setl_id][:lines]
        number = f"S{len(self.tables['settlement']):05d}"
        self.add(
            "settlement",
            **{
                **original,
                "setl_id": number,
                "refd_setl_flag": 1,
                "orig_setl_id": setl_id,
                "setl_time": when,
                "begndate": when,
                "enddate": when,
            },
        )
        for row in back:
            sn = f"F{len(self.tables['fee_line']):06d}"
            self.add(
                "fee_line",
                **{
                    **row,
                    "feedetl_sn": sn,
                    "setl_id": number,
                    "fee_ocur_time": when,
                    "cnt": -row["cnt"],
                    "det_item_fee_sumamt": f"-{row['det_item_fee_sumamt']}",
                },
            )
