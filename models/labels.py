"""Labels: what earlier verdicts, investigations and findings say, with the weight each deserves.

A label frame has one row a key and quarter: key, quarter, label (0/1), weight (mean 1), known (its chance of being
reviewed is known, so it may count in an evaluation), random (chosen by a random design), loss (yuan found), and
perhaps target (0..1: what trees grow on where experts disagreed or rules alone speak; absent = the label) and
stands_for (subjects that a row drawn at random stands for; missing for the others). Its source is one word for the
whole frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from models.rule_precision import RulePrecision
from models.specs import ModelSpec
from records.periods import Quarter

if TYPE_CHECKING:
    import pandas as pd

#: Fund codes that mean suspected fraud or deliberate misuse of a prescription.
FRAUD_CODES = re.compile(r"F38-2c|F38-[34].*|F38-5|F40-.+|P41-.+")
VERDICTS, INVESTIGATIONS, STORE, WEAK = "past_verdict", "past_finding", "store", "rule_findings_weak"
#: A weight beyond this multiple of its arm's median is cut: a single rare draw must not carry a model.
_TRIM = 10.0


@dataclass(frozen=True)
class RuleRows:
    """Which rules point at which rows of a label frame: its column ``rule_row`` numbers the rows of ``fired``.

    ``fired``: sparse, rows by rules, 0/1. ``prior``: what is believed of each rule before any verdict, 0..1. Rows of the
    frame with ``by_rule`` were judged by nobody: rules alone speak of them.
    """

    rules: tuple[str, ...]
    fired: Any
    prior: Any


@dataclass(frozen=True)
class Labels:
    """A label frame, where it comes from, what rules say of its rows, and how far each rule was believed for it."""

    frame: pd.DataFrame
    source: str
    rules: RuleRows | None = None
    believed: RulePrecision | None = None


def is_fraud(codes: object) -> bool:
    """Whether space-separated fund codes hold one that the target ``fraud`` means; missing codes do not."""
    return isinstance(codes, str) and any(FRAUD_CODES.fullmatch(code) for code in codes.split())


def design_weights(probability: pd.Series, random: pd.Series) -> pd.DataFrame:
    """Weights of reviewed rows: columns ``weight`` (mean 1) and ``known``.

    1 / inclusion probability, trimmed at a multiple of the median of the row's own arm (``random`` or not). An
    unknown probability (null, or none between 0 and 1) gets the median weight of the rows that were not drawn at
    random, and is not ``known``.
    """
    import pandas as pd

    chance = pd.to_numeric(probability, errors="coerce").astype("float64")
    known = (chance > 0) & (chance <= 1)
    weight = (1 / chance).where(known)
    arm = random.astype(bool)
    weight = weight.clip(upper=_TRIM * weight.groupby(arm).transform("median"))
    aimed = weight[~arm].median()
    middle = aimed if pd.notna(aimed) else weight.median()
    weight = weight.fillna(middle if pd.notna(middle) else 1.0)
    return pd.DataFrame({"weight": weight / weight.mean(), "known": known})


def from_verdicts(verdicts: pd.DataFrame, quarters: dict[str, str], spec: ModelSpec, before: datetime, source: str) -> Labels:
    """Labels of the prescription grain from final verdicts (of earlier reviews, or of the store).

    ``verdicts``: rxno, reviewed_time, verdict_class, item_codes, fund_codes, loss_amt, selection, incl_prob, and
    perhaps soft_label (share of blind opinions of class 1 or worse); ``quarters`` tells the quarter of each
    prescription in the data. Verdicts given at or after ``before``, without a class ("cannot be judged" is no label),
    or of a prescription that is not in the data are left out; for a family also unreasonable ones without item codes,
    which say nothing of the kind.
    """
    import pandas as pd

    judged = pd.to_numeric(verdicts["verdict_class"], errors="coerce")
    given = pd.to_datetime(verdicts["reviewed_time"])
    usable = judged.notna() & verdicts["rxno"].isin(quarters.keys()) & (given < pd.Timestamp(before))
    if spec.is_family:
        usable &= (judged < 1) | verdicts["item_codes"].map(bool).where(verdicts["item_codes"].notna(), False).astype(bool)
    known = verdicts[usable].sort_values("rxno")
    label = _positive(known, judged[known.index].astype(float) >= 1, spec)
    random = known["selection"] == "random"
    frame = pd.DataFrame(
        {
            "key": known["rxno"].astype(str),
            "quarter": known["rxno"].map(quarters),
            "label": label,
            "loss": _yuan(known["loss_amt"]),
        }
    ).join(design_weights(known["incl_prob"], random))
    if spec.target == "unreasonable" and "soft_label" in known:
        frame["target"] = _softened(label, known["soft_label"])
    return Labels(frame.assign(random=random & frame["known"]).reset_index(drop=True), source)


def _positive(known: pd.DataFrame, unreasonable: pd.Series, spec: ModelSpec) -> pd.Series:
    if spec.target == "fraud":
        return known["fund_codes"].map(is_fraud).astype(int)
    if not spec.is_family:
        return unreasonable.astype(int)
    named = known["item_codes"].map(lambda codes: isinstance(codes, str) and not spec.item_codes.isdisjoint(codes.split()))
    return (unreasonable & named.astype(bool)).astype(int)


def _softened(label: pd.Series, share: pd.Series) -> pd.Series:
    """The label, where the two blind experts agreed; else a third of the way to it for each of them and the final word."""
    import pandas as pd

    blind = pd.to_numeric(share, errors="coerce").astype("float64")
    split = (blind > 0) & (blind < 1)
    return label.astype("float64").where(~split, (2 * blind + label) / 3)


def from_investigations(findings: pd.DataFrame, spec: ModelSpec, before: datetime, source: str) -> Labels:
    """Labels of a subject's grain from investigations: the quarter is the one in which the period ends.

    ``findings``: subject_type, subject_code, enddate, fraud_flag, loss_amt, and where known random and incl_prob. Of
    several in one quarter the established one counts. Where it is known how subjects came to be investigated, rows
    weigh by ``design_weights`` and one of a random check stands for 1 / incl_prob subjects; a subject that anything
    else pointed at besides is not random. Where it is not known every row weighs the same.
    """
    import pandas as pd

    mine = findings[(findings["subject_type"] == spec.grain) & findings["fraud_flag"].notna()]
    mine = mine[pd.to_datetime(mine["enddate"]) < pd.Timestamp(before)]
    quarter = [str(Quarter.of(day.to_pydatetime())) for day in pd.to_datetime(mine["enddate"])]
    frame = pd.DataFrame(
        {
            "key": mine["subject_code"].astype(str),
            "quarter": quarter,
            "label": mine["fraud_flag"].astype(int),
            "loss": _yuan(mine["loss_amt"]),
        }
    )
    if "incl_prob" not in mine:
        frame = frame.groupby(["key", "quarter"], as_index=False).max()
        return Labels(frame.assign(weight=1.0, known=False, random=False), source)
    frame["random"], frame["chance"] = mine["random"].astype(bool), mine["incl_prob"].astype("float64")
    most = {"label": "max", "loss": "max", "random": "min", "chance": "max"}
    frame = frame.groupby(["key", "quarter"], as_index=False).agg(most)
    frame = frame.join(design_weights(frame["chance"], frame["random"]))
    frame["random"] = frame["random"].astype(bool) & frame["known"]
    stands_for = (1 / frame["chance"]).where(frame["random"])
    return Labels(frame.assign(stands_for=stands_for).drop(columns="chance"), source)


def from_findings(findings: pd.DataFrame, keys: pd.DataFrame, spec: ModelSpec) -> Labels:
    """Weak labels of one quarter: whoever a rule points at. ``keys``: key, quarter of every row of the grain.

    ``unreasonable`` = a finding with review item codes; ``fraud`` = one with fund codes that mean fraud.
    """
    column = {"prescription": "rxno", "person": "psn_no", "practitioner": "dr_codg"}.get(spec.grain, "fixmedins_code")
    if spec.target == "fraud":
        hit = findings["fund_codes"].map(is_fraud).astype(bool)
    else:
        hit = findings["item_codes"].fillna("").str.strip().str.len() > 0
    pointed = set(findings.loc[hit, column].dropna().astype(str))
    frame = keys[["key", "quarter"]].copy()
    frame["label"] = frame["key"].isin(pointed).astype(int)
    return Labels(frame.assign(weight=1.0, known=True, random=True, loss=0.0), WEAK)


def enough(labels: Labels, spec: ModelSpec) -> bool:
    """Whether there are enough positives and negatives to train on; what rules alone say does not count."""
    judged = labels.frame[~labels.frame["by_rule"]] if "by_rule" in labels.frame else labels.frame
    positives = int(judged["label"].sum())
    return min(positives, len(judged) - positives) >= spec.least_labels


def _yuan(amounts: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.to_numeric(amounts, errors="coerce").fillna(0.0).astype(float)
