"""What earlier panels and investigations left: verdicts and findings with the truth's noise."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from records.periods import Quarter
from simulator.static import City, parameters, plain_rows, stream


def past_verdicts(truth: pd.DataFrame, persons: int, seed: int, quarter: Quarter) -> pd.DataFrame:
    """Verdicts of one quarter's panel: a random arm by institution and a targeted arm, with probabilities.

    ``truth``: the quarter's prescriptions. Columns as the contract's past_verdict.
    """
    marks, rng = parameters()["panel"], stream(seed, 300, quarter.year * 4 + quarter.number)
    frame = truth[~truth.refunded].sort_values("rxno", ignore_index=True)
    capacity = max(60, round(persons * marks["verdicts_per_person"]))
    random = round(capacity * marks["random_share"])
    sizes = frame.groupby("fixmedins_code").rxno.size()
    quota = np.minimum(sizes, np.maximum(1, np.round(np.sqrt(sizes) / np.sqrt(sizes).sum() * random))).astype(int)
    number = pd.Series(rng.random(len(frame)))
    place = number.groupby(frame.fixmedins_code).rank(method="first")
    chance = (frame.fixmedins_code.map(quota) / frame.fixmedins_code.map(sizes)).astype(float)
    drawn = place <= frame.fixmedins_code.map(quota)
    risk = (frame.signs + 0.3) * np.sqrt(frame.amount.astype(float) + 5)
    pointed = np.minimum(1, risk / risk.sum() * (capacity - random))
    targeted = (rng.random(len(frame)) < pointed) & ~drawn
    chosen = frame[drawn | targeted].copy()
    chosen["selection"] = np.where(drawn[chosen.index], "random", "targeted")
    chosen["incl_prob"] = np.where(drawn[chosen.index], chance[chosen.index], pointed[chosen.index])
    noisy = rng.random(len(chosen)) < marks["noise"]
    flip = np.where(chosen.verdict_class > 0, 0, rng.integers(1, 3, len(chosen)))
    chosen["verdict_class"] = np.where(noisy, flip, chosen.verdict_class)
    chosen.loc[noisy & (chosen.verdict_class == 0), "item_codes"] = None
    chosen.loc[noisy & (chosen.verdict_class == 1), "item_codes"] = "1-7"
    chosen.loc[noisy & (chosen.verdict_class == 2), "item_codes"] = "2-9"
    begin = quarter.end + timedelta(days=42)
    chosen["reviewed_time"] = [begin + timedelta(minutes=int(m)) for m in rng.integers(0, 20_000, len(chosen))]
    chosen.loc[chosen.fund_codes.isna(), "loss_amt"] = None
    columns = [
        "rxno",
        "reviewed_time",
        "verdict_class",
        "item_codes",
        "fund_codes",
        "loss_amt",
        "selection",
        "incl_prob",
    ]
    found: pd.DataFrame = chosen[columns]
    return found


def past_findings(city: City, active: dict[str, set[str]], seed: int, quarter: Quarter) -> pd.DataFrame:
    """Investigations of one quarter: guilty and cleared subjects who were active in it."""
    marks, rng = parameters()["panel"], stream(seed, 400, quarter.year * 4 + quarter.number)
    rows: list[dict[str, object]] = []
    for kind, table, key, share in (
        ("person", city.person, "psn_no", marks["findings_persons"]),
        ("practitioner", city.practitioner, "dr_codg", marks["findings_practitioners"]),
        ("institution", city.institution, "fixmedins_code", marks["findings_institutions"]),
    ):
        known = table[table[key].isin(active[kind])].sort_values(key, ignore_index=True)
        guilty = known.scheme != ""
        chance = np.where(guilty, 0.5, share * 0.7)
        for row in plain_rows(known[rng.random(len(known)) < chance]):
            found = (row.scheme != "") != (rng.random() < 0.04)
            rows.append(
                {
                    "finding_id": f"CF{quarter}{len(rows):05d}",
                    "subject_type": kind,
                    "subject_code": getattr(row, key),
                    "begndate": quarter.begin.date(),
                    "enddate": (quarter.end - timedelta(days=1)).date(),
                    "fraud_flag": int(found),
                    "fund_codes": "F40-4" if found else None,
                    "loss_amt": round(float(rng.gamma(2, 900)), 2) if found else None,
                }
            )
    return pd.DataFrame(rows)


def clues(city: City, truth: pd.DataFrame, seed: int, quarter: Quarter) -> pd.DataFrame:
    """Reports from the public, some right and some not."""
    rng = stream(seed, 500, quarter.year * 4 + quarter.number)
    rows = []
    guilty = truth[truth.fund_codes.notna() & ~truth.refunded].rxno.to_numpy()
    for number in range(max(2, len(truth) // 8000)):
        if rng.random() < 0.4 and len(guilty):
            kind, code = "prescription", str(guilty[int(rng.integers(len(guilty)))])
        else:
            kind, code = (
                "institution",
                str(city.institution.fixmedins_code.iat[int(rng.integers(len(city.institution)))]),
            )
        length = (quarter.end - quarter.begin).days * 1440
        received: datetime = quarter.begin + timedelta(minutes=int(rng.integers(length)))
        rows.append(
            {
                "clue_id": f"XS{quarter}{number:04d}",
                "received_time": received,
                "subject_type": kind,
                "subject_code": code,
                "clue_text": "群众反映：未到院就诊却有开药记录" if kind == "prescription" else "群众反映：该机构药价偏高",
                "channel": str(rng.choice(["phone", "web", "letter"])),
                "anonymous_flag": int(rng.random() < 0.5),
            }
        )
    return pd.DataFrame(rows)
