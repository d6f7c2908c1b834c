"""Labels: what earlier verdicts, investigations and findings say, with the weight each deserves.

A label frame has one row a key and quarter: key, quarter, label (0/1), weight, random (chosen by a random design
with a known probability), loss (yuan found). Its source is one word for the whole frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from models.specs import ModelSpec

if TYPE_CHECKING:
    import pandas as pd

#: Fund codes that mean suspected fraud or deliberate misuse of a prescription.
FRAUD_CODES = re.compile(r"^(F38-2c|F38-3[a-z]?|F38-4[a-z]?|F38-5|F40-.+|P41-.+)$")
VERDICTS, INVESTIGATIONS, STORE, WEAK = "past_verdict", "past_finding", "store", "rule_findings_weak"
#: A weight beyond this multiple of the median is cut: a single rare draw must not carry a model.
_TRIM = 10.0


@dataclass(frozen=True)
class Labels:
    """A label frame and where it comes from."""

    frame: pd.DataFrame
    source: str


def is_fraud(codes: object) -> bool:
    """Whether space-separated fund codes hold one that the target ``fraud`` means; missing codes do not."""
    return isinstance(codes, str) and any(FRAUD_CODES.match(code) for code in codes.split())


def design_weights(probability: pd.Series) -> pd.Series:
    """1 / inclusion probability, trimmed and with mean 1; an unknown probability gets the median weight."""
    weight = 1 / probability.astype(float)
    middle = weight.median()
    weight = weight.fillna(middle if middle == middle else 1.0).clip(
        upper=_TRIM * middle if middle == middle else None
    )  # noqa: PLR0124
    return weight / weight.mean()


def from_verdicts(
    verdicts: pd.DataFrame, quarters: dict[str, str], spec: ModelSpec, before: datetime, source: str
) -> Labels:
    """Labels of the prescription grain from final verdicts.

    ``verdicts``: rxno, reviewed_time, verdict_class, fund_codes, loss_amt, selection, incl_prob; ``quarters``
    tells the quarter of each prescription in the data. Verdicts given at or after ``before``, without a class,
    or of a prescription that is not in the data are left out.
    """
    import pandas as pd

    known = verdicts[
        verdicts["rxno"].isin(quarters.keys())
        & verdicts["verdict_class"].notna()
        & (pd.to_datetime(verdicts["reviewed_time"]) < pd.Timestamp(before))
    ].sort_values("rxno")
    fraud = known["fund_codes"].map(is_fraud).astype(int)
    unreasonable = (known["verdict_class"].astype(float) >= 1).astype(int)
    frame = pd.DataFrame(
        {
            "key": known["rxno"].astype(str),
            "quarter": known["rxno"].map(quarters),
            "label": fraud if spec.target == "fraud" else unreasonable,
            "random": (known["selection"] == "random") & known["incl_prob"].notna(),
            "loss": pd.to_numeric(known["loss_amt"], errors="coerce").fillna(0.0).astype(float),
        }
    )
    if len(frame):
        frame["weight"] = design_weights(known["incl_prob"])
    else:
        frame["weight"] = pd.Series(dtype=float)
    return Labels(frame.reset_index(drop=True), source)


def from_investigations(findings: pd.DataFrame, spec: ModelSpec, before: datetime, source: str) -> Labels:
    """Labels of a subject's grain from investigations: the quarter is the one in which the period ends.

    ``findings``: subject_type, subject_code, enddate, fraud_flag, loss_amt. Of several in one quarter the
    established one counts.
    """
    import pandas as pd

    from records.periods import Quarter

    mine = findings[(findings["subject_type"] == spec.grain) & findings["fraud_flag"].notna()]
    mine = mine[pd.to_datetime(mine["enddate"]) < pd.Timestamp(before)]
    quarter = [str(Quarter.of(day.to_pydatetime())) for day in pd.to_datetime(mine["enddate"])]
    frame = pd.DataFrame(
        {
            "key": mine["subject_code"].astype(str),
            "quarter": quarter,
            "label": mine["fraud_flag"].astype(int),
            "loss": pd.to_numeric(mine["loss_amt"], errors="coerce").fillna(0.0).astype(float),
        }
    )
    frame = frame.groupby(["key", "quarter"], as_index=False).max().assign(weight=1.0, random=False)
    return Labels(frame, source)


def from_findings(findings: pd.DataFrame, keys: pd.DataFrame, spec: ModelSpec) -> Labels:
    """Weak labels of one quarter: whoever a rule points at. ``keys``: key, quarter of every row of the grain.

    ``unreasonable`` = a finding with review item codes; ``fraud`` = one with fund codes that mean fraud.
    """
    column = {"prescription": "rxno", "person": "psn_no", "practitioner": "dr_codg"}.get(
        spec.grain, "fixmedins_code"
    )
    if spec.target == "fraud":
        hit = findings["fund_codes"].map(is_fraud).astype(bool)
    else:
        hit = findings["item_codes"].fillna("").str.len() > 0
    pointed = set(findings.loc[hit, column].dropna().astype(str))
    frame = keys[["key", "quarter"]].copy()
    frame["label"] = frame["key"].isin(pointed).astype(int)
    return Labels(frame.assign(weight=1.0, random=True, loss=0.0), WEAK)


def enough(labels: Labels, spec: ModelSpec) -> bool:
    """Whether there are enough positives and negatives to train on."""
    positives = int(labels.frame["label"].sum())
    return min(positives, len(labels.frame) - positives) >= spec.least_labels
