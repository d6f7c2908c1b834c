"""How far each rule can be believed, estimated from findings and whatever verdicts there are; and what follows for a row.

Every finding of rule j is right with chance q_j, each by itself; a prescription is unreasonable when one of its
findings is right, or with a small chance for what no rule names ("noisy or", Pearl 1988). Verdicts decide q by
expectation and maximisation, against a prior that findings alone can give: a rule is believed the more, the more its
findings lie where other rules find something too (among the other prescriptions of the same institution).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Before any verdict a finding is as likely right as wrong; so many verdicts weigh as much as this.
PRIOR_MEAN, PRIOR_ROWS = 0.5, 4.0
#: Rows that no rule points at: their chance before any verdict, and how many verdicts that weighs.
LEAK_MEAN, LEAK_ROWS = 0.02, 50.0
#: Agreement moves a prior by so much (log-odds) a standard deviation of the rules.
_STEP = 0.5


@dataclass(frozen=True)
class RulePrecision:
    """``precision`` of each of ``rules``: chance that a finding is right; ``leak`` of rows without any; both 0..1.

    ``prior`` is what the findings alone said; ``judged`` counts the verdicts on rows of the rule.
    """

    rules: tuple[str, ...]
    precision: Any
    prior: Any
    judged: Any
    leak: float

    def chance(self, fired: Any) -> Any:
        """Chance that a row is unreasonable. ``fired``: rows by rules, 0/1, in the order of ``rules``."""
        return 1 - (1 - self.leak) * np.exp(fired @ np.log1p(-np.minimum(self.precision, 1 - 1e-9)))


def agreement(fired: Any, groups: Any) -> Any:
    """How much more other rules find among the other rows of a rule's groups than anywhere: a ratio a rule, 1 = no more.

    ``fired``: a sparse matrix of rows by rules, 0/1. Shrunk towards 1 as by 20 more rows without any agreement.
    """
    codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    size, total = np.bincount(codes), np.asarray(fired.sum(axis=1)).ravel()
    in_group, shared = np.bincount(codes, weights=total), size > 1
    found = []
    for number in range(fired.shape[1]):
        hits = fired.indices[fired.indptr[number] : fired.indptr[number + 1]]
        own = np.bincount(codes[hits], minlength=len(size))
        mean = float((in_group - own)[shared].sum()) / len(codes)
        # A row that the rule points at counts the findings of the others in its group without its own.
        near = in_group[codes[hits]] - own[codes[hits]] - (total[hits] - 1)
        near = near / np.maximum(size[codes[hits]] - 1, 1)
        found.append((near.sum() + 20 * mean) / ((len(hits) + 20) * mean) if mean > 0 else 1.0)
    return np.array(found)


def prior_of(fired: Any, groups: Any) -> Any:
    """What findings alone say of each rule, 0..1: half, and more or less by how far it agrees with the others."""
    ratio = agreement(fired, groups)
    spread = float(np.log(ratio).std()) if len(ratio) else 0.0
    moved = (np.log(ratio) - np.log(ratio).mean()) / spread if spread > 0 else np.zeros(len(ratio))
    return 1 / (1 + np.exp(-(np.log(PRIOR_MEAN / (1 - PRIOR_MEAN)) + _STEP * moved)))


def fit(rules: tuple[str, ...], prior: Any, fired: Any, verdict: Any, weight: Any) -> RulePrecision:
    """Precisions from judged rows alone. ``fired``: sparse rows by rules; ``verdict``: 0..1, with its ``weight``."""
    hit = np.column_stack([fired.toarray(), np.ones(fired.shape[0])])
    mean = np.append(prior, LEAK_MEAN)
    strength = np.append(np.full(len(rules), PRIOR_ROWS), LEAK_ROWS)
    q = expectation_maximisation(hit, verdict, weight, mean, strength)
    return RulePrecision(rules, q[:-1], prior, hit[:, :-1].sum(axis=0), float(q[-1]))


def expectation_maximisation(hit: Any, verdict: Any, weight: Any, mean: Any, strength: Any, steps: int = 500) -> Any:
    """Precisions that maximise likelihood x product of q^(mean x strength) (1 - q)^((1 - mean) x strength).

    ``hit``: rows by causes, 0/1. Each step raises that product, until nothing moves by 1e-9.
    """
    q = np.array(mean, dtype=float)
    tries = weight @ hit + strength
    bad = (weight * verdict)[:, None] * hit
    for _ in range(steps):
        clear = np.exp(hit @ np.log1p(-np.minimum(q, 1 - 1e-12)))
        right = (bad / np.maximum(1 - clear, 1e-12)[:, None]).sum(axis=0) * q
        moved = (right + mean * strength) / tries
        if np.abs(moved - q).max(initial=0.0) < 1e-9:
            return moved
        q = moved
    return q


def table(precision: RulePrecision) -> pd.DataFrame:
    """What is believed of each rule. Grain: one row a rule, by its id; shares 0..1; ``judged`` counts prescriptions."""
    import pandas as pd

    return pd.DataFrame(
        {
            "rule_id": list(precision.rules),
            "precision": precision.precision,
            "before_verdicts": precision.prior,
            "judged": np.asarray(precision.judged, dtype="int64"),
        }
    )
