"""The contract's rows of one block in one quarter, from its bill: prescriptions, diagnoses, settlements, fee lines, traces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from records.contract import load_contract
from simulator.billing import Bill
from simulator.catalogue import Array, catalogue, diseases, is_disease, parameters
from simulator.columns import arrange, arrow_type, coded, decimal, digits, moments, texts, whole
from simulator.coming import Scene
from simulator.streams import BILLS, pick
from simulator.visits import CHRONIC, EMERGENCY, MED_TYPES, REASONS, STAY

_PHARMACISTS = 7
_MONTHS = 36


@dataclass(frozen=True)
class Rows:
    """Turns a bill into Arrow tables, of what lies in the window of minutes [begin, end) of the quarter."""

    scene: Scene
    bill: Bill
    begin: int
    end: int

    @cached_property
    def kept_visits(self) -> Array:
        """Whether each visit lies in the window."""
        return self.bill.visits.when >= self.begin

    @cached_property
    def kept_settled(self) -> Array:
        """Whether each settlement lies in the window; a reversal after its end is not known yet."""
        settled = self.bill.settled
        return self.kept_visits[settled["visit"]] & (settled["time"] < self.end)

    @cached_property
    def left_out(self) -> Array:
        """Draws of what each visit's lines leave out: visits x (frequency, days) x line numbers modulo 12.

        One draw a visit and line number: a fee line leaves out what its prescribed line does, a reversal what its
        original does.
        """
        return self.scene.stream(BILLS, 5).random((len(self.bill.visits), 2, 12))

    @cached_property
    def sends_lines(self) -> Array:
        """Whether the prescribed lines of each visit are sent."""
        return self.scene.place_column("sends_lines", self.bill.visits.doctor)

    def kind(self, table: str, column: str) -> Any:
        """The Arrow type of a contract column."""
        return arrow_type(load_contract()[table], column)

    def tags(self, visit: Array) -> Array:
        """Characters that name each visit: quarter, block, number in the block."""
        quarter = np.frombuffer(str(self.scene.calendar.quarter).encode(), dtype=np.uint8)
        block = digits(np.array([self.scene.block]), 4)[0]
        front = np.broadcast_to(np.concatenate([quarter, block]), (len(visit), len(quarter) + 4))
        return np.concatenate([front, digits(visit, 6)], axis=1)

    def _person(self, visit: Array) -> Any:
        number = self.scene.people.number[self.bill.visits.person[visit]]
        return texts(len(visit), "53", digits(number, 10))

    def prescriptions(self) -> Any:
        """Table prescription."""
        bill, scene = self.bill, self.scene
        rows = np.flatnonzero(self.kept_visits)
        visits = bill.visits
        city, size, missing = scene.city, len(rows), parameters()["missing"]
        # Draws are made for all visits, so that a window changes nothing of what lies in it.
        draw = scene.stream(BILLS, 1).random((5, len(visits)))[:, rows]
        weigh = scene.stream(BILLS, 2).normal(size=len(visits))[rows]
        doctor, when, tags = visits.doctor[rows], visits.when[rows], self.tags(rows)
        place = scene.doctor_column("place", doctor)
        unchecked = scene.place_column("unchecked", doctor)
        checked = visits.checked[rows] & (city.clean | (draw[0] >= unchecked))
        pharmacists = [f"Y{area}{n:06d}" for area in sorted(set(city.institution["admdvs"])) for n in range(_PHARMACISTS)]
        area = np.unique(city.places["admdvs"].astype(str), return_inverse=True)[1][place]
        age = scene.people.age(scene.calendar.first)[visits.person[rows]] + when / 1440 / 365.25
        piece = catalogue().piece[visits.drugs[rows, 0]]
        weight = np.where(age < 12, 4 + 3 * np.maximum(age, 0), 60 + 8 * weigh)
        months = np.clip(age * 12, 0, _MONTHS - 1).astype(int)
        usage = np.where(visits.vague[rows], 0, np.where(draw[3] > missing["usage_text"], 1, -1))
        found = {
            "rxno": texts(size, "RX", tags),
            "mdtrt_id": texts(size, "V", tags),
            "psn_no": self._person(rows),
            "fixmedins_code": coded(city.places["fixmedins_code"], place),
            "dr_codg": coded(city.doctors["dr_codg"], doctor),
            "dept_codg": coded([f"{n:02d}" for n in range(100)], scene.doctor_column("dept_codg", doctor).astype(int)),
            "prsc_time": moments(scene.calendar.first, when),
            "rx_type_code": coded(["1", "2"], piece.astype(int)),
            "long_rx_flag": whole(visits.long_rx[rows]),
            "ext_reason": coded(list(REASONS), visits.reason[rows]),
            "phar_codg": coded(pharmacists, np.where(checked, area * _PHARMACISTS + doctor % _PHARMACISTS, -1)),
            "phar_chk_time": moments(scene.calendar.first, when + 4, checked & (draw[1] > missing["phar_chk_time"])),
            "rx_circ_flag": whole(visits.pharmacy[rows] >= 0),
            "geso_flag": whole(is_disease("Z34")[visits.disease[rows]]),
            "suck_prd_flag": whole(np.zeros(size)),
            "psn_wt": decimal(
                np.round(10 * weight).astype(np.int64), self.kind("prescription", "psn_wt"), draw[2] > missing["psn_wt"]
            ),
            "setting": coded(["1", "2", "1", "3"], visits.med[rows]),
            "age_text": coded([f"{n}月" for n in range(_MONTHS)], np.where((age < 3) & visits.aged[rows], months, -1)),
            "usage_text": coded(["遵医嘱", "按说明书服用"], usage),
            "tcm_dose_cnt": decimal(np.full(size, 700), self.kind("prescription", "tcm_dose_cnt"), piece),
        }
        return arrange(load_contract()["prescription"], found, size)

    def diagnoses(self) -> Any:
        """Table diagnosis: the main one, and mostly the second one."""
        visits = self.bill.visits
        draw = self.scene.stream(BILLS, 3).random(len(visits))
        written = self.kept_visits & visits.diagnosis
        second = written & (visits.other >= 0) & (draw >= parameters()["missing"]["second_diagnosis"])
        visit = np.concatenate([np.flatnonzero(written), np.flatnonzero(second)])
        number = np.concatenate([np.ones(int(written.sum()), int), np.full(int(second.sum()), 2)])
        order = np.lexsort((number, visit))
        visit, number = visit[order], number[order]
        disease = np.where(number == 1, visits.disease[visit], visits.other[visit])
        found = {
            "mdtrt_id": texts(len(visit), "V", self.tags(visit)),
            "diag_srt_no": whole(number, self.kind("diagnosis", "diag_srt_no")),
            "diag_type": coded(["1"], np.zeros(len(visit), int)),
            "diag_code": coded([entry["code"] for entry in diseases()], disease),
            "diag_name": coded([entry["name"] for entry in diseases()], disease),
            "maindiag_flag": whole(number == 1),
        }
        return arrange(load_contract()["diagnosis"], found, len(visit))

    def settlements(self) -> Any:
        """Table settlement."""
        bill, scene = self.bill, self.scene
        rows = np.flatnonzero(self.kept_settled)
        settled = {name: values[rows] for name, values in bill.settled.items()}
        visit, size, first = settled["visit"], len(rows), scene.calendar.first
        visits, city = bill.visits, scene.city
        outside = visits.pharmacy[visit] >= 0
        seller = np.where(outside, visits.pharmacy[visit], scene.doctor_column("place", visits.doctor[visit]))
        stay = visits.med[visit] == STAY
        by_visit = scene.stream(BILLS, 4)
        certificates = parameters()["settlement"]["certificate"]
        certificate = pick(by_visit, certificates, len(visits))[visit]
        way = np.where(stay, 2, np.where(by_visit.random(len(visits))[visit] < parameters()["missing"]["clr_way"], -1,
                       city.places["clr_way"].astype(int)[seller] - 1))  # fmt: skip
        listed = [entry["opsp"] or None for entry in diseases()]
        person = visits.person[visit]
        places = ["530302", "530303", "530304", "530322", "530381", "520100"]
        insured = np.where(scene.people.elsewhere[person], 5, scene.people.area[person])
        reversal, tags = settled["suffix"] == ord("R"), self.tags(visit)
        found = {
            "setl_id": texts(size, "S", tags, settled["suffix"][:, None]),
            "mdtrt_id": texts(size, "V", tags),
            "psn_no": self._person(visit),
            "fixmedins_code": coded(city.places["fixmedins_code"], seller),
            "med_type": coded([*MED_TYPES, "41"], np.where(outside, len(MED_TYPES), self._category(visit))),
            "insutype": coded(["390", "310"], scene.people.employed[person].astype(int)),
            "mdtrt_cert_type": coded(list(certificates), certificate),
            "dise_codg": coded(listed, np.where((visits.med[visit] == CHRONIC) & ~outside, visits.disease[visit], -1)),
            "begndate": moments(first, settled["begin"]),
            "enddate": moments(first, settled["end"]),
            "setl_time": moments(first, settled["time"]),
            "refd_setl_flag": whole(reversal),
            "orig_setl_id": texts(size, "S", tags, valid=reversal),
            "psn_setlway": coded(["01"], np.zeros(size, int)),
            "clr_way": coded(["1", "2", "4"], way),
            "insu_admdvs": coded(places, insured),
        }
        money = {"medfee_sumamt": "total", "fulamt_ownpay_amt": "own", "inscp_scp_amt": "scope", "fund_pay_sumamt": "fund",
                 "acct_pay": "account", "psn_cash_pay": "cash"}  # fmt: skip
        found |= {column: decimal(settled[name], self.kind("settlement", column)) for column, name in money.items()}
        return arrange(load_contract()["settlement"], found, size)

    def _category(self, visit: Array) -> Array:
        # MED_TYPES and the numbers of Visits.med stand in one order.
        assert (EMERGENCY, CHRONIC, STAY) == (1, 2, 3)
        return np.asarray(self.bill.visits.med[visit])
