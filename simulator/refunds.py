"""Refunds, and what is settled again after one."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from simulator.static import parameters

_AMOUNTS = ("medfee_sumamt", "fulamt_ownpay_amt", "inscp_scp_amt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay")
Row = dict[str, Any]


def refund(rows: dict[str, list[Row]], rng: np.random.Generator, tag: str, settled: Row, lines: list[Row]) -> bool | None:
    """Reverse a settlement now and then, adding its rows. None = not refunded; True = settled again."""
    marks = parameters()["settlement"]
    if rng.random() >= marks["refund_share"] or settled["med_type"] == "41":
        return None
    when = settled["setl_time"] + timedelta(hours=int(rng.integers(1, 60)))
    _copy(rows, settled, lines, f"{tag}R", when, Decimal(-1))
    again = bool(rng.random() < marks["again_share"])
    if again:
        _copy(rows, settled, lines, f"{tag}A", when + timedelta(minutes=15), Decimal(1))
    return again


def _copy(rows: dict[str, list[Row]], settled: Row, lines: list[Row], tag: str, when: datetime, sign: Decimal) -> None:
    copy = {**settled, "setl_id": f"S{tag}", "setl_time": when, **{name: sign * settled[name] for name in _AMOUNTS}}
    if sign < 0:
        copy.update(refd_setl_flag=1, orig_setl_id=settled["setl_id"])
    rows["settlement"].append(copy)
    for row in lines:
        twin = {**row, "feedetl_sn": f"{row['feedetl_sn']}{tag[-1]}", "setl_id": copy["setl_id"]}
        twin["fee_ocur_time"] = when - timedelta(minutes=1)
        for name in ("cnt", "det_item_fee_sumamt", "inscp_scp_amt"):
            twin[name] = sign * row[name]
        rows["fee_line"].append(twin)
