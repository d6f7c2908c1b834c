"""A small quarter of two institutions, drawn by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from assessment.inputs import AssessmentInput, QuarterInput

Row = tuple[Any, ...]


@pytest.fixture
def quarter() -> Callable[..., AssessmentInput]:
    """Build an input: verdicts as (rxno, class or None, closed, item codes, fund codes, loss)."""

    def build(verdicts: list[Row] | None = None, frame: int = 40, drawn: int = 20, targeted: int = 3) -> AssessmentInput:
        codes = [f"R{n:03d}" for n in range(frame)]
        rows = [
            {"rxno": rxno, "fixmedins_code": "H1", "stratum": "H1", "arm": "random", "incl_prob": drawn / frame,
             "incl_prob_any": drawn / frame, "weight": frame / drawn, "design_id": "d", "seed": "s", "draw_order": n + 1}
            for n, rxno in enumerate(codes[:drawn])
        ]  # fmt: skip
        rows += [
            {**rows[0], "rxno": rxno, "arm": "targeted", "incl_prob": 0.5, "weight": 2.0, "draw_order": drawn + n + 1}
            for n, rxno in enumerate(codes[drawn : drawn + targeted])
        ]
        given = verdicts if verdicts is not None else []
        names = ["rxno", "verdict_class", "closed", "item_codes", "fund_codes", "loss_amt"]
        told = pd.DataFrame(given, columns=names).assign(case_id="C", experts="E1 E2", judged=True)
        told["judged"] = told["verdict_class"].notna()
        fees = pd.DataFrame(
            {"rxno": codes, "feedetl_sn": [f"F{c}" for c in codes], "net_amt": "100.00", "stake_amt": "60.00",
             "stake_method": "line_share", "hilist_code": "XA", "hilist_name": "甲片"}
        )  # fmt: skip
        part = QuarterInput(
            quarter="2026Q3",
            frame=pd.DataFrame({"rxno": codes, "fixmedins_code": "H1"}),
            sample=pd.DataFrame(rows),
            verdicts=told,
            fee_lines=fees,
            run={"models": {"m": {"model_version": "abc"}}, "basis_version": "b1"},
        )
        places = pd.DataFrame(
            {"fixmedins_code": ["H1", "P9"], "fixmedins_name": ["一院", "=药店"], "fixmedins_type": ["1", "2"],
             "hosp_lv": ["3", None], "inst_class": ["10", "60"], "tcm_flag": [0, 0]}
        )  # fmt: skip
        return AssessmentInput("2026Q3", [part], places, audit_head="7:abc")

    return build
