"""Final verdicts of cases, and how well experts agree."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from panel.agreement import Agreement, agreement_of
from panel.final import final_of
from panel.opinions import latest, latest_rows
from panel.reliability import first_opinions, verdict_rows
from panel.schema import case, sample, verdict
from panel.schema_work import record_request
from panel.store import Store

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "quarter",
    "rxno",
    "case_id",
    "fixmedins_code",
    "verdict_class",
    "judged",
    "closed",
    "state",
    "item_codes",
    "fund_codes",
    "fund_codes_disputed",
    "loss_amt",
    "experts",
    "n_rows",
    "reviewed_time",
    "arm",
    "selection",
    "incl_prob",
    "incl_prob_any",
    "soft_label",
    "lines",
    "records_missing",
]


def final_verdicts(store: Store, quarter: str | None = None, before: datetime | None = None) -> pd.DataFrame:
    """The final verdict of every sampled case. Grain: one row a case, by quarter and rxno.

    ``verdict_class`` 0-3, missing for 'cannot be judged' and for what is not final; ``judged`` = a class stands;
    ``closed`` = final, U included; ``loss_amt`` yuan (Decimal) or None; ``soft_label`` = share of blind opinions of
    class 1 or worse, without a third's, who is asked only where two differ; ``lines`` = JSON of amounts that
    experts gave by fee line; ``records_missing`` = a requested record was not supplied. ``before``: only verdicts
    given earlier count.
    """
    import pandas as pd

    chosen = select(case, sample).join(sample, (sample.c.quarter == case.c.quarter) & (sample.c.rxno == case.c.rxno))
    if quarter is not None:
        chosen = chosen.where(case.c.quarter == quarter)
    given: dict[str, list[Any]] = defaultdict(list)
    with store.read() as connection:
        cases = connection.execute(chosen.order_by(case.c.quarter, case.c.rxno)).all()
        for row in connection.execute(select(verdict)):
            if before is None or row.given_time < before.strftime("%Y-%m-%d %H:%M:%S"):
                given[row.case_id].append(row)
        asked = select(record_request.c.case_id).where(record_request.c.state == "not_supplied")
        missing = {row.case_id for row in connection.execute(asked)}
    rows = [(*_row(entry, given.get(entry.case_id, [])), entry.case_id in missing) for entry in cases]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"verdict_class": "Int64", "judged": "bool", "closed": "bool", "records_missing": "bool"})


def _row(entry: Any, rows: list[Any]) -> tuple[Any, ...]:
    counted = latest_rows(rows)
    opinions = latest(rows)
    final = final_of(opinions, single=entry.needed == 1)
    judged = final.verdict_class not in (None, "U")
    blind = [opinion.verdict_class for opinion in first_opinions(rows) if opinion.verdict_class != "U"]
    lines = [
        {
            "feedetl_sn": row.feedetl_sn,
            "loss_amt": row.loss_amt,
            "fund_codes": row.fund_codes,
            "expert_id": row.expert_id,
        }
        for row in sorted(
            (row for mine in counted.values() for row in mine), key=lambda row: (row.feedetl_sn, row.expert_id, row.version)
        )
        if row.feedetl_sn
    ]
    return (
        entry.quarter,
        entry.rxno,
        entry.case_id,
        entry.fixmedins_code,
        int(str(final.verdict_class)) if judged else None,
        judged,
        final.verdict_class is not None,
        entry.state,
        " ".join(final.item_codes) or None,
        " ".join(final.fund_codes) or None,
        " ".join(final.disputed) or None,
        final.loss_amt,
        " ".join(opinion.expert_id for opinion in opinions),
        len(opinions),
        max((row.given_time for row in rows), default=None),
        entry.arm,
        entry.arm,
        float(entry.incl_prob),
        float(entry.incl_prob_any),
        sum(name >= "1" for name in blind) / len(blind) if blind else None,
        json.dumps(lines, ensure_ascii=False),
    )


def agreement(store: Store, quarter: str) -> Agreement:
    """How well the blind verdicts of a quarter agree; see ``reliability.report`` for classes, codes and pairs."""
    cases = map(first_opinions, verdict_rows(store, quarter).values())
    return agreement_of([[opinion.verdict_class for opinion in found] for found in cases])
