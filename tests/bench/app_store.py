"""A store for the app's bench: quarters that are closed, and one in which every expert has sixty cases waiting."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import insert

from panel import audit
from panel.cases import open_cases
from panel.schema import account, case, expert, quarter, sample
from panel.sessions import begin_session
from panel.store import Store

QUARTER, EACH = "2026Q3", 60
_OLD = ("2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2")
_DRUGS = (
    ("苯磺酸氨氯地平片", "C08CA01"),
    ("阿司匹林肠溶片", "B01AC06"),
    ("盐酸二甲双胍片", "A10BA02"),
    ("头孢克肟分散片", "J01DD08"),
    ("奥美拉唑肠溶胶囊", "A02BC01"),
    ("布洛芬缓释胶囊", "M01AE01"),
)
_DIAGNOSES = (("I10", "高血压"), ("E11", "2型糖尿病"), ("J06", "急性上呼吸道感染"), ("K29", "胃炎"))


def payload(number: int) -> dict[str, Any]:
    """A case as large as a city's are: three lines, twenty-four supplies, eighteen reasons."""
    chance = random.Random(number)
    drugs = chance.sample(_DRUGS, 3)
    lines = [
        {"line": place, "feedetl_sn": f"F{number}-{place}", "drug_genname": name, "med_list_codg": "X", "atc_code": atc,
         "drug_kind": "11", "dosform": "片剂", "strength": "5.0000", "strength_unit": "mg", "units_per_pack": "28.00",
         "sin_doscnt": "5.0000", "sin_dosunt": "mg", "used_frqu_codg": "11", "per_day": "1.000000", "medc_way_codg": "1",
         "prd_days": "28.00", "cnt": "1.0000", "net_amt": f"{20 + place}.50", "stake_amt": "10.00", "max_daily_dose": "10.0000",
         "ddd": "5.0000", "bas_medn_flag": 1, "hi_nego_drug_flag": 0, "abx_tier": None, "control_class": None, "lmt_text": None}
        for place, (name, atc) in enumerate(drugs, start=1)
    ]  # fmt: skip
    day = date(2025, 9, 1)
    events = [
        {"day": (day + timedelta(days=14 * n)).isoformat(), "days": 28.0, "drug": drugs[n % 3][0], "atc_code": drugs[n % 3][1],
         "this": n > 21, "amt": "20.50"} for n in range(24)
    ]  # fmt: skip
    code, name = chance.choice(_DIAGNOSES)
    return {
        "rxno": f"R{number:07d}", "mdtrt_id": f"M{number}", "prsc_time": "2026-08-01 09:00:00", "setting": "1", "hosp_lv": "3",
        "inst_class": "10", "rx_type_code": "1", "long_rx_flag": 0, "dept_name": "内科", "ext_reason": None, "usage_text": None,
        "total_amt": "66.00", "fund_stake": "40.00", "pharmacist_reviewed": True, "lines": lines, "timeline": events,
        "person": {"age_text": None, "age_days": 20000 + number % 9000, "gend": "1", "psn_wt": None, "geso_flag": 0,
                   "suck_prd_flag": 0, "insutype": "310", "chronic": []},
        "diagnoses": [{"diag_code": code, "diag_name": name, "diag_type": "1", "maindiag_flag": 1}],
        "sealed": {"fixmedins_code": f"H{number % 60:03d}", "fixmedins_name": "某医院", "dr_codg": f"D{number % 600}",
                   "dr_name": "王某某", "psn_no": f"P{number}", "phar_codg": None, "consortium": None},
        "after_blind": _after(chance),
    }  # fmt: skip


def _after(chance: random.Random) -> dict[str, Any]:
    targets = ("unreasonable", "fraud")
    scores = [{"target": target, "score": chance.random(), "rank": 7, "model_version": "0123456789ab", "label_source": "store"}
              for target in targets]  # fmt: skip
    reasons = [
        {"target": target, "feature": f"f{n}", "contribution": chance.gauss(0, 0.3), "value": 1.0, "value_text": "1",
         "reason_zh": "该医师次均金额为同级同科室的 1.21 倍（同类通常 0.77 至 1.21）",
         "reason_en": "the prescriber's mean amount is 1.21 times the peers' (usually 0.77 to 1.21)"}
        for target in targets for n in range(9)
    ]  # fmt: skip
    return {"findings": [], "scores": scores, "reasons": reasons, "peers": []}


def fill(store: Store, cases: int, experts: int) -> list[str]:
    """Fill an empty store; a session's token of each expert comes back."""
    people = [
        {"expert_id": f"E{n:03d}", "name": f"专家{n}", "profession": ("insurance", "medicine", "pharmacy")[n % 3],
         "institution": None, "former_institutions": "", "conflicts": "", "capacity": EACH, "external": False}
        for n in range(experts)
    ]  # fmt: skip
    with store.change() as connection:
        connection.execute(insert(expert), people)
        audit.record_rows(connection, "bench", "experts", "pool", {"expert": people})
    waiting = experts * EACH // 2
    _open(store, range(waiting))
    _closed(store, range(waiting, cases))
    tokens = []
    with store.change() as connection:
        for person in people:
            row = {"account": person["expert_id"], "name": person["name"], "password": "none", "roles": "expert",
                   "expert_id": person["expert_id"], "must_change": False, "failures": 0}  # fmt: skip
            connection.execute(insert(account).values(**row))
            found = connection.execute(account.select().where(account.c.account == person["expert_id"])).one()
            tokens.append(begin_session(connection, found).token)
    return tokens


def _drawn(name: str, number: int, shown: dict[str, Any], order: int) -> dict[str, Any]:
    return {"quarter": name, "rxno": shown["rxno"], "fixmedins_code": shown["sealed"]["fixmedins_code"], "stratum": "s",
            "arm": "random", "incl_prob": 0.1, "incl_prob_any": 0.1, "weight": 10.0, "design_id": "d", "seed": "s",
            "draw_order": order}  # fmt: skip


def _open(store: Store, numbers: range) -> None:
    payloads = {f"R{n:07d}": payload(n) for n in numbers}
    rows = [_drawn(QUARTER, n, payloads[f"R{n:07d}"], n + 1) for n in numbers]
    rules = {"panel": {"gold_share": 0.0, "repeat_share": 0.0}}
    open_cases(store, QUARTER, rules, pd.DataFrame(rows).drop(columns="quarter"), payloads)


def _closed(store: Store, numbers: range) -> None:
    """Cases of older quarters, as they stand when all is over; the log does not name them, which the app never asks."""
    from panel.likeness import likeness_of

    with store.change() as connection:
        connection.execute(
            insert(quarter), [{"quarter": name, "state": "open", "design": "{}", "rules": None} for name in _OLD]
        )
    for begin in range(numbers.start, numbers.stop, 2000):
        drawn, cases = [], []
        for n in range(begin, min(begin + 2000, numbers.stop)):
            shown, name = payload(n), _OLD[n % len(_OLD)]
            after = shown.pop("after_blind")
            drawn.append(_drawn(name, n, shown, n))
            cases.append({"case_id": f"{name}-{n:06d}", "quarter": name, "rxno": shown["rxno"], "number": n, "state": "closed",
                          "due_date": "2026-01-01", "payload": json.dumps(shown), "after_blind": json.dumps(after), "needed": 2,
                          "kind": None, "copy_of": None, "likeness": likeness_of(shown)})  # fmt: skip
        with store.change() as connection:
            connection.execute(insert(sample), drawn)
            connection.execute(insert(case), cases)
