"""Every feature as it looks on a simulated city and on real orders: the file ``features/measured.csv``."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from features.catalogue import GRAINS, KEYS, Feature, load_catalogue
from features.measured import FILE, Measured, as_csv
from models.reasons import OTHER, explain
from models.registry import CHAMPION, Registry
from models.specs import ModelSpec, load_specs
from records.output import write_text
from records.workplace import Workplace
from tests.study.cities import ROOT, rxpanel

ORDERS = ROOT.parent / "shared" / "data" / "mimic_demo"
QUARTER, PERSONS, SEED, MONTHS = "2026Q3", 5000, 5, 6
BLOCKS, EMPTY = "▁▂▃▄▅▆▇█", "·"
#: Reasons of the models of a grain: by target and feature, the share of subjects they name it for.
Shares = dict[str, dict[str, float]]


def sketch(values: np.ndarray) -> str:
    """Values, none missing, as one block a bin; see the head of docs/features.md."""
    if not len(values):
        return ""
    low, high = np.quantile(values, [0.01, 0.99], method="lower")
    if low == high:
        low, high = values.min(), values.max()
    if low == high:
        return BLOCKS[-1]
    counts, _ = np.histogram(values[(values >= low) & (values <= high)], bins=len(BLOCKS), range=(low, high))
    heights = np.ceil(len(BLOCKS) * np.sqrt(counts / counts.max())).astype(int)
    return "".join(BLOCKS[height - 1] if height else EMPTY for height in heights)


def may_take(spec: ModelSpec, feature: Feature) -> bool:
    return spec.grain == feature.grain and feature.group not in spec.leaves_out


def reason_shares(work: Path, grain: str, rows: pd.DataFrame) -> Shares:
    """For the models trained on the city: the features they took, each with its share of subjects told it."""
    workplace = Workplace(work)
    registry = Registry(workplace.tracking_uri(), workplace.mlflow)
    keys = set(rows[KEYS[grain]].astype(str))
    found: Shares = {}
    for spec in load_specs().values():
        model = registry.under(spec, CHAMPION) if spec.grain == grain else None
        if model is not None:
            named = explain(model, rows, keys)
            times = named.loc[named["feature"] != OTHER, "feature"].value_counts()
            found[spec.target] = {name: int(times.get(name, 0)) / len(rows) for name in model.names}
    return found


def measured(feature: Feature, city: pd.DataFrame, orders: pd.DataFrame, shares: Shares) -> Measured:
    column = city[feature.name]
    values = column.dropna().to_numpy(dtype=float)
    quantiles = [float(q) for q in np.quantile(values, [0.1, 0.5, 0.9], method="lower")] if len(values) else [None] * 3
    specs = [spec for spec in load_specs().values() if may_take(spec, feature)]
    return Measured(
        grain=feature.grain,
        feature=feature.name,
        rows=len(column),
        missing=int(column.isna().sum()),
        sketch=sketch(values),
        quantiles=(quantiles[0], quantiles[1], quantiles[2]),
        city=column.nunique() > 1,
        orders=orders[feature.name].nunique() > 1,
        reasons=tuple((spec.target, shares.get(spec.target, {}).get(feature.name)) for spec in specs),
    )


def report(entries: list[Measured]) -> None:
    """How many vary where, which are constant, and how many no model ever gave as a reason."""
    by_grain: dict[str, list[Measured]] = defaultdict(list)
    for entry in entries:
        by_grain[entry.grain].append(entry)
    for grain, seen in by_grain.items():
        silent = sum(not any(share for _, share in entry.reasons) for entry in seen)
        print(
            f"{grain:<13} {len(seen):>4} features, vary in the city {sum(e.city for e in seen):>3}, "
            f"in the real orders {sum(e.orders for e in seen):>3}, in no reason {silent:>3}"
        )
    neither = [".".join(entry.key) for entry in entries if not entry.city and not entry.orders]
    print(f"constant in both: {', '.join(neither) or 'none'}")


def measure(scratch: Path) -> int:
    """Write the file; exit code 1 when the real orders are not here, because half a measurement is none."""
    if not ORDERS.is_dir():
        print("The real orders (../shared/data/mimic_demo) are not here: features/measured.csv is left as it is.")
        return 1
    city, work, on_orders = scratch / "city", scratch / "work", scratch / "orders"
    rxpanel("simulate", "--persons", PERSONS, "--seed", SEED, "--months", MONTHS, "--quarter", QUARTER, "--out", city)
    rxpanel("run", "--data", city, "--quarter", QUARTER, "--work", work)
    rxpanel("run", "--data", ORDERS, "--quarter", QUARTER, "--work", on_orders)
    entries = []
    for grain in GRAINS:
        here, there = (pd.read_parquet(w / QUARTER / f"features_{grain}.parquet") for w in (work, on_orders))
        shares = reason_shares(work, grain, here)
        entries += [measured(feature, here, there, shares) for feature in load_catalogue().of(grain)]
    write_text(FILE, as_csv(entries))
    report(entries)
    return 0
