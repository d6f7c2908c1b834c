"""Simulated experts: an exported case list and the truth in, verdict rows of the contract out.

``python -m simulator.experts --cases CASES.csv --truth DIR/truth --out VERDICTS.csv [--seed S]``
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from records.output import write_text
from simulator.streams import EXPERTS, plain_rows, stream

COLUMNS = [
    "case_id", "rxno", "expert_id", "verdict_class", "stage", "item_codes", "fund_codes", "loss_amt", "record_seen",
    "comment", "given_time",
]  # fmt: skip
_WRONG, _UNSURE = 0.08, 0.01


def judge(cases: pd.DataFrame, truth: pd.DataFrame, seed: int, per_case: int = 2) -> pd.DataFrame:
    """Verdicts of ``per_case`` blind experts a case, and an adjudication where the first two differ."""
    known = truth.set_index("rxno")
    rng, rows = stream(seed, EXPERTS), []
    for case in plain_rows(cases.sort_values("rxno")):
        right = known.loc[case.rxno]
        given = [_opinion(right, rng) for _ in range(per_case)]
        stages = ["blind"] * per_case
        if per_case > 1 and given[0]["verdict_class"] != given[1]["verdict_class"]:
            given.append({**_right(right)})
            stages.append("adjudication")
        numbers = rng.permutation(12)[: len(given)] + 1
        for number, stage, opinion in zip(numbers, stages, given, strict=True):
            rows.append({**opinion, "case_id": case.case_id, "rxno": case.rxno, "expert_id": f"E{number:03d}",
                         "stage": stage, "record_seen": 1, "comment": ""})  # fmt: skip
    quarter = str(cases["quarter"].iloc[0])
    year, number = int(quarter[:4]), int(quarter[5])
    given_time = pd.Timestamp(year + number // 4, number % 4 * 3 + 2, 10, 9)
    return pd.DataFrame(rows).assign(given_time=str(given_time))[COLUMNS]


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def _right(right: pd.Series) -> dict[str, object]:
    fund = _text(right.fund_codes)
    return {
        "verdict_class": str(int(right.verdict_class)),
        "item_codes": _text(right.item_codes),
        "fund_codes": fund,
        "loss_amt": str(right.loss_amt) if fund else "",
    }


def _opinion(right: pd.Series, rng: object) -> dict[str, object]:
    draw = rng.random()  # type: ignore[attr-defined]
    if draw < _UNSURE:
        return {"verdict_class": "U", "item_codes": "", "fund_codes": "", "loss_amt": ""}
    if draw < _UNSURE + _WRONG:
        wrong = int(right.verdict_class) == 0
        return {"verdict_class": "2" if wrong else "0", "item_codes": "2-9" if wrong else "", "fund_codes": "",
                "loss_amt": ""}  # fmt: skip
    return _right(right)


def main() -> None:
    """Read, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-case", type=int, default=2)
    given = parser.parse_args()
    cases = pd.read_csv(given.cases, dtype=str, encoding="utf-8-sig")
    truth = pd.read_parquet(given.truth / "prescription.parquet")
    write_text(given.out, judge(cases, truth, given.seed, given.per_case).to_csv(index=False))


if __name__ == "__main__":
    main()
