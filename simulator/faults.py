"""Bad rows as hospital systems send them, a few of each kind, recorded in the truth."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pandas as pd

from records.periods import Quarter
from simulator.static import parameters, stream


def spoil(tables: dict[str, pd.DataFrame], seed: int, quarter: Quarter) -> list[dict[str, str]]:
    """Spoil some rows in place. Grain of the result: one dict a spoilt row: table, key, fault."""
    rng = stream(seed, 600, quarter.year * 4 + quarter.number)
    lines = tables["fee_line"].reset_index(drop=True)
    each = max(2, round(len(lines) * parameters()["faults"]["share"] / 5))
    at = iter(rng.permutation(len(lines))[: 5 * each].tolist())
    chosen = {kind: [next(at) for _ in range(each)] for kind in ("amount", "orphan", "missing", "code", "twin")}
    recorded: list[dict[str, str]] = []

    def record(kind: str, fault: str) -> None:
        keys = lines.loc[chosen[kind], "feedetl_sn"]
        recorded.extend({"table": "fee_line", "key": str(key), "fault": fault} for key in keys)

    lines.loc[chosen["amount"], "det_item_fee_sumamt"] = [
        value + Decimal("3.17") for value in lines.loc[chosen["amount"], "det_item_fee_sumamt"]
    ]
    lines.loc[chosen["orphan"], "setl_id"] = "SNOSUCH"
    lines.loc[chosen["missing"], "hilist_code"] = None
    lines.loc[chosen["code"], "list_type"] = "999"
    for kind, fault in (
        ("amount", "amount_mismatch"),
        ("orphan", "orphan"),
        ("missing", "missing_required"),
        ("code", "bad_code"),
        ("twin", "duplicate_identical"),
    ):
        record(kind, fault)
    tables["fee_line"] = pd.concat([lines, lines.loc[chosen["twin"]]], ignore_index=True)
    people = tables["person"].reset_index(drop=True)
    wrong = rng.permutation(len(people))[:2]
    people.loc[wrong, "gend"] = "9"
    recorded += [{"table": "person", "key": str(people.psn_no[n]), "fault": "bad_code"} for n in sorted(wrong)]
    tables["person"] = people
    visits = tables["settlement"].reset_index(drop=True)
    odd = int(rng.integers(len(visits)))
    visits.loc[odd, "enddate"] = visits.begndate[odd] - timedelta(days=1)
    recorded.append({"table": "settlement", "key": str(visits.setl_id[odd]), "fault": "end_before_begin"})
    tables["settlement"] = visits
    return recorded
