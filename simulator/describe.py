"""What a simulated folder holds: ``python -m simulator.describe DIR``. Prevalence, and what simple baselines reach."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def average_precision(label: Any, score: Any) -> float:
    """Average precision; equal scores count as one step."""
    order = np.argsort(-score, kind="stable")
    hit = label[order]
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    found = np.cumsum(hit)[ends]
    return float((np.diff(np.append(0, found)) * found / (ends + 1)).sum() / max(1, hit.sum()))


def signs(folder: Path) -> pd.DataFrame:
    """Crude signs of each prescription: amount, and how many of five simple conditions hold."""
    lines = pd.read_parquet(folder / "fee_line.parquet")
    lines = lines[lines["rxno"].notna() & (lines["cnt"].astype(float) > 0)]
    grouped = lines.groupby("rxno")
    amount = grouped["det_item_fee_sumamt"].sum().astype(float)
    many = (grouped["hilist_code"].nunique() > 5).astype(int)
    rx = pd.read_parquet(folder / "prescription.parquet").drop_duplicates("rxno").set_index("rxno")
    days = grouped["prd_days"].max().astype(float) > 7
    long_allowed = (rx["long_rx_flag"] == 1) | rx["ext_reason"].notna()
    diagnosed = set(pd.read_parquet(folder / "diagnosis.parquet")["mdtrt_id"])
    frame = pd.DataFrame({"amount": amount, "many": many, "days": days.astype(int)}).join(rx, how="inner")
    frame["signs"] = (
        frame["many"]
        + (frame["days"] & ~long_allowed.reindex(frame.index)).astype(int)
        + (~frame["mdtrt_id"].isin(diagnosed)).astype(int)
        + frame["phar_codg"].isna().astype(int)
        + frame["usage_text"].eq("遵医嘱").astype(int)
    )
    return frame[["amount", "signs"]]


def describe(folder: Path) -> list[str]:
    """Lines of the description."""
    truth = pd.read_parquet(folder / "truth" / "prescription.parquet").set_index("rxno")
    frame = signs(folder).join(truth, how="inner")
    bad, misuse = (frame["verdict_class"] > 0).to_numpy(), frame["fund_codes"].notna().to_numpy()
    lines = [
        f"prescriptions {len(frame):,}; unreasonable {100 * bad.mean():.1f} %; suspected misuse {100 * misuse.mean():.2f} %"
    ]
    for name, label in (("unreasonable", bad), ("fraud", misuse)):
        for sign in ("amount", "signs"):
            value = average_precision(label.astype(float), frame[sign].to_numpy(dtype=float))
            lines.append(f"average precision for {name} by {sign}: {value:.3f}")
    kinds = frame["kind"].dropna().str.split().explode().value_counts()
    lines += [f"{kind}: {count}" for kind, count in kinds.items()]
    subject = pd.read_parquet(folder / "truth" / "subject.parquet")
    for kind, group in subject.groupby("subject_type"):
        lines.append(f"{kind}: {int(group['fraud_flag'].sum())} of {len(group)} in a scheme")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    sys.stdout.write("\n".join(describe(parser.parse_args().folder)) + "\n")
