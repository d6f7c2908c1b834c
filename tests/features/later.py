"""What an as-of moment must not see: arbitrary rows from the day after the quarter on."""

from __future__ import annotations

import copy
from datetime import date, datetime, timedelta
from typing import Any


def later(city: Any, seed: int) -> Any:
    """The same city with arbitrary rows from the first of October on."""
    later = copy.deepcopy(city)
    later.random.seed(seed)
    known = [row["setl_id"] for row in later.tables["settlement"] if not row["refd_setl_flag"]]
    moment = datetime(2026, 10, 1)
    for _ in range(40):
        moment += timedelta(seconds=later.random.randrange(40000))
        person, place = f"N{later.random.randrange(24):02d}", later.random.choice(["H1", "H2", "P1"])
        later.visit(person, place, moment, med_type=later.random.choice(["11", "13", "41"]))
        later.refund(later.random.choice(known), moment)
    later.add("clue", clue_id="C9", received_time=moment, subject_type="person", subject_code="N07")
    later.add("opsp_registration", psn_no="N07", opsp_dise_code="M1", begndate=date(2026, 10, 1))
    later.add("drug", **{**later.tables["drug"][0], "med_list_codg": "X99", "drug_genname": "新药"})
    later.tables["person"][8]["dead_date"] = date(2026, 10, 5)
    sold = later.tables["drug_trace"][-300]
    later.add("drug_trace", **{**sold, "feedetl_sn": later.tables["fee_line"][-1]["feedetl_sn"]})
    for table in later.tables.values():
        later.random.shuffle(table)
    return later
