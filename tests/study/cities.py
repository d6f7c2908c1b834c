"""Cities of several seeds through the chain: each model beside its baselines, against the truth and the verdicts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd

from models.measures import average_precision

ROOT = Path(__file__).resolve().parents[2]
SEEDS, PERSONS = (1, 2, 3), 20_000
BASELINES = {"total amount": "total_amount", "number of findings": "findings"}


def rxpanel(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "pipelines.main", *map(str, arguments)], cwd=ROOT, check=True)


def rows_of(city: Path, work: Path, seed: int) -> list[tuple[object, ...]]:
    """Average precision against the truth of the quarter's frame, one row a target and ranking."""
    truth = pd.read_parquet(city / "truth" / "prescription.parquet").set_index("rxno")
    scores = pd.read_parquet(work / "2026Q3" / "scores_prescription.parquet")
    features = pd.read_parquet(work / "2026Q3" / "features_prescription.parquet").set_index("rxno")
    found: list[tuple[object, ...]] = []
    for target, group in scores.groupby("target"):
        known = truth.loc[group["rxno"]]
        bad = known["verdict_class"] > 0 if target == "unreasonable" else known["fund_codes"].notna()
        label = bad.to_numpy(dtype=float)
        weight = pd.Series(1.0, index=group.index).to_numpy()
        found.append((seed, target, "model", average_precision(label, group["raw_score"].to_numpy(), weight)))
        for name, column in BASELINES.items():
            rival = features.loc[group["rxno"], column].astype("float64").fillna(0).to_numpy()
            found.append((seed, target, name, average_precision(label, rival, weight)))
    return found


def study(scratch: Path) -> int:
    """Print the table; exit code 1 when a prescription model does not beat a baseline on every seed."""
    rows: list[tuple[object, ...]] = []
    for seed in SEEDS:
        city, work = scratch / f"city{seed}", scratch / f"work{seed}"
        rxpanel("simulate", "--persons", PERSONS, "--seed", seed, "--out", city)
        rxpanel("run", "--data", city, "--quarter", "2026Q3", "--work", work)
        rxpanel("models", "compare", "--work", work)
        rows += rows_of(city, work, seed)
    table = pd.DataFrame(rows, columns=["seed", "target", "ranking", "average precision"])
    wide = table.pivot_table(index=["target", "ranking"], columns="seed", values="average precision").round(3)
    print(wide.to_string())
    best = wide.drop(index="model", level="ranking").groupby("target").max()
    return int(not (wide.xs("model", level="ranking") > best).all().all())
