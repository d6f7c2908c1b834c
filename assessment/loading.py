"""What an assessment works on, gathered from the work folder and the store; the command line and the app share it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assessment.inputs import AssessmentInput, QuarterInput
from panel.audit import head
from panel.store import Store
from panel.verdicts import final_verdicts
from records.asof import open_asof
from records.errors import NotFound
from records.periods import Quarter
from records.snapshot import Snapshot
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

_FEE_LINES = """
SELECT rxno, feedetl_sn, net_amt, stake_amt, stake_method, hilist_code, hilist_name FROM net_line
SEMI JOIN drawn USING (rxno) ORDER BY rxno, feedetl_sn"""


def load_quarters(
    workplace: Workplace, quarters: Sequence[Quarter], store: Store, period: str, *, worksheet: bool = False
) -> AssessmentInput:
    """Load quarters that have a finished run. ``worksheet`` = also the rows of the review worksheets.

    Raises NotFound for a quarter without a run.
    """
    import pandas as pd

    parts, institutions = [], []
    for quarter in quarters:
        part, places = _load(workplace, quarter, store, worksheet)
        parts.append(part)
        institutions.append(places)
    known = pd.concat(institutions, ignore_index=True) if institutions else pd.DataFrame()
    if len(known):
        known = known.drop_duplicates("fixmedins_code", keep="last").sort_values("fixmedins_code", ignore_index=True)
    log = head(store)
    return AssessmentInput(period, parts, known, audit_head=f"{log['seq']}:{log['hash']}")


def _load(workplace: Workplace, quarter: Quarter, store: Store, worksheet: bool) -> tuple[QuarterInput, pd.DataFrame]:
    import pandas as pd

    folder = workplace.quarter(quarter)
    if not (folder / "run.json").exists():
        raise NotFound(f"{quarter} has no finished run in {workplace.work}: run it with 'rxpanel run'.")
    run: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    sample = pd.read_parquet(folder / "sample.parquet")
    verdicts = final_verdicts(store, str(quarter))
    con = open_asof(Snapshot.load(workplace.snapshots / str(run["snapshot"])[:12]), quarter)
    con.register("sample_rows", sample[["rxno"]])
    con.execute("CREATE TEMP TABLE drawn AS SELECT rxno::VARCHAR AS rxno FROM sample_rows")
    fee_lines = con.sql(_FEE_LINES).df()
    rows = None
    if worksheet:
        from assessment.worksheet import source_rows

        rows = source_rows(con, sample["rxno"].tolist())
    places = con.sql("SELECT * FROM institution ORDER BY fixmedins_code").df()
    con.close()
    part = QuarterInput(
        quarter=str(quarter),
        frame=pd.read_parquet(folder / "frame.parquet"),
        sample=sample,
        verdicts=verdicts,
        verdict_lines=_single_lines(verdicts),
        fee_lines=fee_lines,
        worksheet=rows,
        run=run,
    )
    return part, places


def _single_lines(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Amounts that experts gave by fee line: the codes and the median amount that two of them share."""
    import statistics
    from collections import defaultdict
    from decimal import Decimal

    import pandas as pd

    rows = []
    for entry in verdicts[verdicts["judged"]].itertuples(index=False):
        given: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in json.loads(str(entry.lines)):
            given[line["feedetl_sn"]].append(line)
        for number, said in sorted(given.items()):
            standing = set(str(entry.fund_codes or "").split())
            codes = sorted({code for line in said for code in line["fund_codes"].split()} & standing)
            amounts = [Decimal(line["loss_amt"]) for line in said if line["loss_amt"] and line["fund_codes"]]
            if codes:
                loss = statistics.median(amounts) if amounts else None
                rows.append((entry.rxno, number, " ".join(codes), "", loss))
    return pd.DataFrame(rows, columns=["rxno", "feedetl_sn", "fund_codes", "item_codes", "loss_amt"])
