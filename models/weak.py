"""Weak labels of prescriptions made softer: not "a rule points at it" but the chance that one of its findings is right."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from models.labels import Labels, RuleRows, is_fraud
from models.rule_precision import fit, prior_of
from models.specs import ModelSpec

if TYPE_CHECKING:
    import pandas as pd


#: So many unjudged rows are drawn for what rules say of them; more would say the same.
MOST_ROWS = 4_000


def soften(labels: Labels, findings: pd.DataFrame, places: pd.Series, spec: ModelSpec, judged: pd.DataFrame) -> Labels:
    """Weak labels of the prescription grain with ``target``, the chance that the label model gives each row.

    ``findings`` of the same quarters; ``places``: institution of each row of the labels; ``judged``: key, label and
    weight of the verdicts there are, however few: they decide how far each rule is believed, and label no row.
    """
    frame = labels.frame
    known = judged.drop_duplicates("key").set_index("key")
    verdict, weight = (frame["key"].map(known[name]).to_numpy(dtype=float) for name in ("label", "weight"))
    rules = rules_of(findings, frame["key"], places, spec)
    there = ~np.isnan(verdict)
    precision = fit(rules.rules, rules.prior, rules.fired[there], verdict[there], weight[there])
    return Labels(frame.assign(target=precision.chance(rules.fired)), labels.source, believed=precision)


def beside_rules(labels: Labels, rows: pd.DataFrame, findings: pd.DataFrame, places: pd.Series, spec: ModelSpec) -> Labels:
    """Verdicts, and beside them unjudged prescriptions of the same quarters of which rules alone speak (``by_rule``).

    Of a prescription that no rule points at, rules say little: the same small chance for all. A model of what is rare
    needs them; one of what is frequent they teach that nothing but a finding tells, and its specification draws none of them
    (``silent_rows``). ``rows``: key and quarter of every prescription of the quarters of the labels, ``places`` their
    institutions. The same rows are drawn in every run. What rules say of them is worked out where trees grow, from the
    verdicts that those trees may see.
    """
    import pandas as pd

    frame, every = labels.frame.assign(by_rule=False), rules_of(findings, rows["key"], places, spec)
    speak = spec.silent_rows | (np.asarray(every.fired.sum(axis=1)).ravel() > 0)
    free = rows.loc[speak & ~rows["key"].isin(set(frame["key"])).to_numpy(), ["key", "quarter"]]
    chance = [zlib.crc32(f"{quarter} {key} rules".encode()) for quarter, key in zip(free["quarter"], free["key"], strict=True)]
    drawn = free.assign(_chance=chance).sort_values(["_chance", "key"]).head(MOST_ROWS).drop(columns="_chance")
    drawn = drawn.assign(label=0, weight=1.0, known=False, random=False, loss=0.0, by_rule=True)
    both = pd.concat([frame, drawn], ignore_index=True)
    at = pd.Index(rows["key"]).get_indexer(pd.Index(both["key"]))
    both, at = both[at >= 0].reset_index(drop=True), at[at >= 0]
    both["rule_row"] = np.arange(len(both))
    return Labels(both, labels.source, RuleRows(every.rules, every.fired[at], every.prior))


def rules_of(findings: pd.DataFrame, keys: pd.Series, places: pd.Series, spec: ModelSpec) -> RuleRows:
    """Rules that speak of the target, the rows (``keys``) that each points at, and what is believed of it so far."""
    import pandas as pd
    from scipy.sparse import csc_array

    told = findings.loc[_speaks(findings, spec) & findings["rxno"].notna(), ["rxno", "rule_id"]].drop_duplicates()
    row = pd.Index(keys.astype(str)).get_indexer(pd.Index(told["rxno"].astype(str)))
    told, row = told[row >= 0], row[row >= 0]
    rules = sorted(told["rule_id"].unique())
    column = pd.Index(rules).get_indexer(pd.Index(told["rule_id"]))
    fired = csc_array((np.ones(len(row)), (row, column)), shape=(len(keys), len(rules)))
    fired.sort_indices()
    return RuleRows(tuple(rules), fired.tocsr(), prior_of(fired, places.to_numpy()))


def _speaks(findings: pd.DataFrame, spec: ModelSpec) -> pd.Series:
    if spec.target == "fraud":
        return findings["fund_codes"].map(is_fraud).astype(bool)
    codes = findings["item_codes"].fillna("").str.split()
    if spec.is_family:
        return codes.map(lambda named: not spec.item_codes.isdisjoint(named)).astype(bool)
    return codes.map(bool).astype(bool)
