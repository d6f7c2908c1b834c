"""Whether reasons name the cause that was planted: the share of true positives whose cause is in the first themes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd

from models.registry import CHAMPION, Registry
from models.specs import spec_named
from models.themes import theme_table
from records.workplace import Workplace
from tests.study.cities import rxpanel

CAUSES = Path(__file__).parent / "causes.toml"
QUARTER, PERSONS, SEEDS = "2026Q3", 5_000, (1, 2, 3)
FIRST, LEAST = 3, 0.8
TARGETS = ("unreasonable", "fraud")


def causes_of(target: str) -> dict[str, set[str]]:
    """The themes that tell each planted cause."""
    entries = tomllib.loads(CAUSES.read_text(encoding="utf-8"))[target]
    return {cause: set(themes) for cause, themes in entries.items()}


def named_causes(truth: Path, work: Path, quarter: str, target: str) -> pd.DataFrame:
    """Grain: one planted cause of one true positive (flagged, and truly so). rxno, cause, named (in the first themes)."""
    workplace, key = Workplace(work), "rxno"
    model = Registry(workplace.tracking_uri(), workplace.mlflow).under(spec_named(f"{target}@prescription"), CHAMPION)
    assert model is not None
    known = pd.read_parquet(truth / "prescription.parquet").set_index(key)
    scores = pd.read_parquet(work / quarter / "scores_prescription.parquet")
    flagged = known.loc[scores.loc[(scores["target"] == target) & scores["flagged"], key]]
    bad = flagged["verdict_class"] > 0 if target == "unreasonable" else flagged["fund_codes"].notna()
    features = pd.read_parquet(work / quarter / "features_prescription.parquet")
    findings = pd.read_parquet(work / quarter / "findings.parquet")
    told = theme_table(model, features, set(flagged.index[bad]), findings)
    first = told.groupby(key).head(FIRST).groupby(key)["theme"].agg(set)
    tells, rows = causes_of(target), []
    for rxno, kinds in flagged.loc[bad, "kind"].items():
        rows += [(rxno, cause, bool(tells[cause] & first[rxno])) for cause in str(kinds).split() if cause in tells]
    return pd.DataFrame(rows, columns=[key, "cause", "named"])


def share_named(causes: pd.DataFrame) -> float:
    """Share of the true positives with a cause, of which one is named at least. NaN without any."""
    return float(causes.groupby("rxno")["named"].any().mean())


def study(scratch: Path) -> int:
    """Print the shares, of all cities together; exit code 1 when one of the targets is below the least."""
    found: dict[str, list[pd.DataFrame]] = {target: [] for target in TARGETS}
    for seed in SEEDS:
        city, work = scratch / f"city{seed}", scratch / f"work{seed}"
        rxpanel("simulate", "--persons", PERSONS, "--seed", seed, "--quarter", QUARTER, "--out", city)
        rxpanel("run", "--data", city, "--quarter", QUARTER, "--work", work)
        for target in TARGETS:
            causes = named_causes(city / "truth", work, QUARTER, target)
            found[target].append(causes.assign(rxno=f"{seed} " + causes["rxno"]))
    shares = {}
    for target, parts in found.items():
        causes = pd.concat(parts, ignore_index=True)
        shares[target] = share_named(causes)
        by_cause = causes.groupby("cause")["named"].agg(["size", "mean"]).round(2)
        print(
            f"{target}: planted cause in the first {FIRST} themes of {shares[target]:.1%} of {causes['rxno'].nunique()} true "
            f"positives ({len(SEEDS)} cities of {PERSONS:,} persons, the flagged of each)"
        )
        print(by_cause.rename(columns={"size": "cases", "mean": "named"}).to_string())
    return int(min(shares.values()) < LEAST)
