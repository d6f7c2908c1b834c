"""From visits to the contract's rows: settlements, fee lines, diagnoses, trace codes, refunds; and the truth."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from records.periods import Quarter
from simulator.refunds import refund
from simulator.static import City, diseases, parameters, plain_rows, stream
from simulator.writing import FREQUENCY, Line, Visit, Writer

FEN = Decimal("0.01")
Rows = dict[str, list[dict[str, Any]]]
_SCHEME_CODES = {
    "resale": "P41-3",
    "ghost": "F40-3",
    "split": "F38-2c",
    "gang": "P41-4",
    "after_death": "P41-4",
    "substitution": "F38-4a",
    "double_charge": "F38-3a",
}
_SERVICES = (
    ("250101015", "血细胞分析", "04", "20.00"),
    ("250305001", "C反应蛋白测定", "04", "25.00"),
    ("110200001", "普通门诊诊察费", "05", "15.00"),
)


def money(value: Decimal) -> Decimal:
    """To the fen, half up."""
    return value.quantize(FEN, rounding=ROUND_HALF_UP)


class Biller:
    """Bills the visits of one quarter."""

    def __init__(self, city: City, writer: Writer, seed: int, quarter: Quarter, clean: bool) -> None:
        self.city, self.writer, self.quarter, self.clean = city, writer, quarter, clean
        self.rng = stream(seed, 200, quarter.year * 4 + quarter.number)
        self.rows: Rows = defaultdict(list)
        self.truth: list[dict[str, Any]] = []
        self.doctors = plain_rows(city.practitioner)
        self.places = plain_rows(city.institution)
        self.people = plain_rows(city.person)
        self.place = {code: row for row, code in enumerate(city.institution.fixmedins_code)}
        self.codes = city.drug.med_list_codg.tolist()
        self.names = city.drug.drug_genname.tolist()
        self.levels = city.drug.chrgitm_lv.tolist()
        self.routes = city.drug.route.tolist()
        self.kinds = city.drug.drug_kind.tolist()
        self.units = city.drug.strength_unit.tolist()
        self.prices = [Decimal(str(price)) for price in city.drug.price]
        pharmacies = city.institution[city.institution.fixmedins_type == "2"]
        self.pharmacies = pharmacies.fixmedins_code.tolist()
        self.reused: dict[str, list[str]] = defaultdict(list)

    def bill(self, visits: list[Visit]) -> None:
        """Add the rows of every visit."""
        for number, visit in enumerate(visits):
            self._visit(number, visit)

    def _visit(self, number: int, visit: Visit) -> None:
        tag = f"{self.quarter}{number:07d}"
        doctor = self.doctors[visit.doctor]
        place = self.places[self.place[doctor.fixmedins_code]]
        when = self.quarter.begin + timedelta(minutes=visit.when)
        external = visit.med_type == "11" and self.rng.random() < parameters()["settlement"]["external_share"]
        seller = str(self.rng.choice(self.pharmacies)) if external else place.fixmedins_code
        self._prescription(tag, visit, doctor, place, when, external)
        if visit.diagnosis:
            self._diagnoses(tag, visit)
        settled = self._settlement(tag, visit, seller, when, place)
        lines = self._drug_lines(tag, visit, place, seller, when, settled)
        lines += self._service_lines(tag, visit, when, settled) if not external else []
        self._sum(settled, lines)
        again = refund(self.rows, self.rng, tag, settled, lines)
        self._judge(tag, visit, lines, place, again)

    def _prescription(self, tag: str, visit: Visit, doctor: Any, place: Any, when: datetime, external: bool) -> None:
        missing = parameters()["missing"]
        rng = self.rng
        checked = visit.checked and (self.clean or rng.random() >= place.unchecked)
        decoction = self.kinds[visit.lines[0].drug] == "13"
        age = float(self.people[visit.person].age)
        usage = "遵医嘱" if visit.vague else ("按说明书服用" if rng.random() > missing["usage_text"] else None)
        self.rows["prescription"].append(
            {
                "rxno": f"RX{tag}",
                "mdtrt_id": f"V{tag}",
                "psn_no": self.people[visit.person].psn_no,
                "fixmedins_code": place.fixmedins_code,
                "dr_codg": doctor.dr_codg,
                "dept_codg": doctor.dept_codg,
                "prsc_time": when,
                "rx_type_code": "2" if decoction else "1",
                "long_rx_flag": int(visit.long_rx),
                "ext_reason": visit.reason,
                "phar_codg": f"Y{place.admdvs}{visit.doctor % 7:06d}" if checked else None,
                "phar_chk_time": when + timedelta(minutes=4) if checked and rng.random() > missing["phar_chk_time"] else None,
                "rx_circ_flag": int(external),
                "geso_flag": int(diseases()[visit.disease]["code"] == "Z34"),
                "suck_prd_flag": 0,
                "psn_wt": Decimal(str(round(4 + 3 * age if age < 12 else 60 + 8 * rng.normal(), 1)))
                if rng.random() > missing["psn_wt"]
                else None,
                "setting": {"11": "1", "14": "1", "13": "2", "21": "3"}[visit.med_type],
                "age_text": None,
                "usage_text": usage,
                "tcm_dose_cnt": Decimal(7) if decoction else None,
            }
        )

    def _diagnoses(self, tag: str, visit: Visit) -> None:
        disease = diseases()[visit.disease]
        own = int(self.people[visit.person].disease)
        listed = [disease] + ([diseases()[own]] if own >= 0 and own != visit.disease else [])
        for number, entry in enumerate(listed[: 1 + int(self.rng.random() < 0.6)]):
            self.rows["diagnosis"].append(
                {
                    "mdtrt_id": f"V{tag}",
                    "diag_srt_no": number + 1,
                    "diag_type": "1",
                    "diag_code": entry["code"],
                    "diag_name": entry["name"],
                    "maindiag_flag": int(number == 0),
                }
            )

    def _settlement(self, tag: str, visit: Visit, seller: str, when: datetime, place: Any) -> dict[str, Any]:
        person = self.people[visit.person]
        stay = visit.med_type == "21"
        end = when + (timedelta(days=int(self.rng.integers(3, 9))) if stay else timedelta(minutes=25))
        end = min(end, self.quarter.end - timedelta(minutes=1))
        opsp = diseases()[visit.disease]["opsp"] if visit.med_type == "14" else None
        settled = {
            "setl_id": f"S{tag}",
            "mdtrt_id": f"V{tag}",
            "psn_no": person.psn_no,
            "fixmedins_code": seller,
            "med_type": "41" if seller.startswith("P") else visit.med_type,
            "insutype": person.insutype,
            "mdtrt_cert_type": str(self.rng.choice(["01", "02", "03"], p=[0.6, 0.1, 0.3])),
            "dise_codg": opsp,
            "begndate": when - timedelta(minutes=20),
            "enddate": end,
            "setl_time": end,
            "refd_setl_flag": 0,
            "orig_setl_id": None,
            "psn_setlway": "01",
            "clr_way": "4" if stay else (None if self.rng.random() < 0.3 else place.clr_way),
            "insu_admdvs": person.insu_admdvs,
        }
        self.rows["settlement"].append(settled)
        return settled

    def _drug_lines(
        self, tag: str, visit: Visit, place: Any, seller: str, when: datetime, settled: dict[str, Any]
    ) -> list[dict[str, Any]]:
        lines = []
        swap = place.scheme == "substitution" and self.rng.random() < 0.025 and not seller.startswith("P")
        double = place.scheme == "double_charge" and self.rng.random() < 0.02 and not seller.startswith("P")
        if (swap or double) and not visit.scheme:
            visit.scheme = "substitution" if swap else "double_charge"
        for number, line in enumerate(visit.lines):
            row = self._line(f"F{tag}{number:02d}", f"RX{tag}", line, visit, place, when, settled)
            if swap and number == 0:
                row["medins_list_name"] = str(self.rng.choice(["蜂蜜", "保健食品组合", "洗化用品", "红枣阿胶糕"]))
            lines.append(row)
            if seller.startswith("P"):
                self._trace(row, seller, when)
        if double:
            twin = dict(lines[0])
            twin["feedetl_sn"] = f"F{tag}90"
            twin["fee_ocur_time"] = when + timedelta(minutes=1)
            lines.append(twin)
        self.rows["fee_line"] += lines
        return lines

    def _line(
        self,
        number: str,
        rxno: str,
        line: Line,
        visit: Visit,
        place: Any,
        when: datetime,
        settled: dict[str, Any],
    ) -> dict[str, Any]:
        missing = parameters()["missing"]
        drug = line.drug
        price = (self.prices[drug] * Decimal(str(round(place.price, 4)))).quantize(Decimal("0.0001"))
        price = max(price, Decimal("0.01"))
        count = Decimal(line.count)
        amount = money(count * price)
        level = self.levels[drug]
        share = {"01": Decimal(1), "02": Decimal("0.9"), "03": Decimal(0)}[level]
        return {
            "feedetl_sn": number,
            "setl_id": settled["setl_id"],
            "mdtrt_id": settled["mdtrt_id"],
            "rxno": rxno,
            "fee_ocur_time": when + timedelta(minutes=6),
            "list_type": "102" if self.kinds[drug] == "13" else "101",
            "hilist_code": self.codes[drug],
            "hilist_name": self.names[drug],
            "medins_list_name": self.names[drug],
            "med_chrgitm_type": {"11": "09", "12": "11", "13": "10"}[self.kinds[drug]],
            "chrgitm_lv": level,
            "cnt": count,
            "pric": price,
            "det_item_fee_sumamt": amount,
            "sin_doscnt": Decimal(str(line.dose)),
            "sin_dosunt": self.units[drug],
            "used_frqu_codg": FREQUENCY[line.times] if self.rng.random() > missing["used_frqu_codg"] else None,
            "medc_way_codg": self.routes[drug],
            "prd_days": Decimal(line.days) if self.rng.random() > missing["prd_days"] else None,
            "hosp_appr_flag": "0",
            "bilg_dr_codg": self.doctors[visit.doctor].dr_codg,
            "inscp_scp_amt": money(amount * share),
            "rx_line_no": None,
            "tcmdrug_used_way": "1" if self.kinds[drug] == "13" else None,
        }

    def _trace(self, row: dict[str, Any], seller: str, when: datetime) -> None:
        guilty = self.places[self.place[seller]].scheme == "trace_reuse"
        pool = self.reused[seller]
        code = f"81{row['feedetl_sn'][1:]}"
        split = self.rng.random() < 0.08
        if guilty and pool and self.rng.random() < 0.25:
            code = pool[int(self.rng.integers(len(pool)))]
            split = False
        elif not split:
            pool.append(code)
        self.rows["drug_trace"].append(
            {
                "drug_trac_codg": code,
                "feedetl_sn": row["feedetl_sn"],
                "trdn_flag": int(split),
                "sel_retn_time": when + timedelta(minutes=7),
                "sel_retn_cnt": row["cnt"],
            }
        )

    def _service_lines(self, tag: str, visit: Visit, when: datetime, settled: dict[str, Any]) -> list[dict[str, Any]]:
        chosen = [2] + ([0, 1] if visit.tested else [])
        lines = []
        for number in chosen:
            code, name, kind, price = _SERVICES[number]
            lines.append(
                {
                    "feedetl_sn": f"F{tag}{50 + number}",
                    "setl_id": settled["setl_id"],
                    "mdtrt_id": settled["mdtrt_id"],
                    "rxno": None,
                    "fee_ocur_time": when - timedelta(minutes=5),
                    "list_type": "201",
                    "hilist_code": code,
                    "hilist_name": name,
                    "medins_list_name": name,
                    "med_chrgitm_type": kind,
                    "chrgitm_lv": "01",
                    "cnt": Decimal(1),
                    "pric": Decimal(price),
                    "det_item_fee_sumamt": Decimal(price),
                    "inscp_scp_amt": Decimal(price),
                    "bilg_dr_codg": self.doctors[visit.doctor].dr_codg,
                }
            )
        self.rows["fee_line"] += lines
        return lines

    def _sum(self, settled: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        total = sum((row["det_item_fee_sumamt"] for row in lines), Decimal(0))
        own = sum((row["det_item_fee_sumamt"] for row in lines if row["chrgitm_lv"] == "03"), Decimal(0))
        scope = sum((row["inscp_scp_amt"] for row in lines), Decimal(0))
        share = Decimal(str(parameters()["settlement"]["fund_share"][settled["insutype"]]))
        fund = money(scope * share)
        account = money((total - fund) / 2) if settled["insutype"] == "310" else Decimal("0.00")
        settled.update(
            medfee_sumamt=total,
            fulamt_ownpay_amt=own,
            inscp_scp_amt=scope,
            fund_pay_sumamt=fund,
            acct_pay=account,
            psn_cash_pay=total - fund - account,
        )

    def _judge(self, tag: str, visit: Visit, lines: list[dict[str, Any]], place: Any, again: bool | None) -> None:
        kinds = parameters()["kinds"]
        items = sorted({code for kind in visit.kinds for code in kinds[kind]["items"].split()})
        fund = _SCHEME_CODES.get(visit.scheme, "")
        verdict = max([kinds[kind]["class"] for kind in visit.kinds], default=0)
        if visit.scheme in ("resale", "ghost", "split"):
            verdict = max(verdict, 2)
            items = sorted({*items, "2-5" if visit.scheme == "resale" else "2-9"})
        drugs = sum((row["inscp_scp_amt"] for row in lines if row["rxno"]), Decimal(0))
        loss = money(drugs * Decimal("0.6")) if fund else Decimal("0.00")
        self.truth.append(
            {
                "rxno": f"RX{tag}",
                "verdict_class": verdict,
                "item_codes": " ".join(items) or None,
                "fund_codes": fund or None,
                "kind": " ".join([*visit.kinds, *([visit.scheme] if visit.scheme else [])]) or None,
                "loss_amt": loss,
                "prsc_time": self.quarter.begin + timedelta(minutes=visit.when),
                "fixmedins_code": place.fixmedins_code,
                "amount": drugs,
                "signs": len(visit.kinds) + int(visit.innocent),
                "refunded": again is False,
            }
        )
