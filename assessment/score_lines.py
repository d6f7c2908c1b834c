"""Every deduction walked back: from points to cases, verdicts, experts, and the versions that led there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assessment.estimates import Reviewed
from assessment.inputs import AssessmentInput, model_versions
from assessment.losses import LossLine
from assessment.money import yuan
from assessment.scheme import Scheme
from assessment.scores import Score, number

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "fixmedins_code", "kind", "line", "clause", "line_points", "quarter", "rxno", "feedetl_sn", "case_id", "arm",
    "weight", "verdict_class", "item_codes", "fund_codes", "loss_amt", "deducted_amt", "addressee", "note", "experts",
    "design_id", "models", "basis_version", "scheme_version",
)  # fmt: skip


def score_lines(
    data: AssessmentInput, items: list[Reviewed], losses: list[LossLine], scores: list[Score], scheme: Scheme
) -> pd.DataFrame:
    """score_lines.csv. Grain: one row a case behind a deduction by rate, and one a line of an audit deduction.

    ``line_points`` = points of the whole line, repeated on each of its cases; ``weight`` = 1 / inclusion
    probability under the random design. Amounts in yuan. Sorted by institution, kind, line, case.
    """
    import pandas as pd

    runs = {part.quarter: part.run for part in data.quarters}
    rows: list[tuple[object, ...]] = []
    by_code = {item.code: item for item in items}
    for score in scores:
        item = by_code.get(score.code)
        for deduction in score.deductions if item is not None else ():
            assert item is not None
            for outcome in item.final:
                if outcome.verdict_class in deduction.line.classes:
                    run = runs[outcome.quarter]
                    rows.append(
                        (score.code, "assessment", deduction.line.id, deduction.line.clause, number(deduction.points),
                         outcome.quarter, outcome.rxno, "", outcome.case_id, outcome.arm, outcome.weight,
                         outcome.verdict_class, " ".join(outcome.item_codes), " ".join(outcome.fund_codes), None, None,
                         "agency", "", outcome.experts, outcome.design_id, model_versions(run),
                         str(run.get("basis_version", "")), scheme.version)
                    )  # fmt: skip
    for line in losses:
        outcome, run = line.outcome, runs[line.outcome.quarter]
        rows.append(
            (outcome.fixmedins_code, "audit", "loss", line.clause, None, outcome.quarter, outcome.rxno, line.feedetl_sn,
             outcome.case_id, outcome.arm, outcome.weight, outcome.verdict_class, " ".join(line.item_codes),
             " ".join(line.fund_codes), yuan(line.loss), yuan(line.deduct), line.addressee, line.note, outcome.experts,
             outcome.design_id, model_versions(run), str(run.get("basis_version", "")), scheme.version)
        )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"verdict_class": "Int64"})
    keys = ["fixmedins_code", "kind", "line", "quarter", "rxno", "feedetl_sn"]
    return frame.sort_values(keys, kind="stable", ignore_index=True)
