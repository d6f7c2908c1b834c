"""Models at a city's size: scoring, training and explaining, each beside its floor of bare LightGBM in the same run.

``python -m tests.bench.models make|floor|score FOLDER`` are processes of their own; RXPANEL_BENCH_ROWS sets another number
of prescriptions than 7.5 million (the other sizes follow), for trying the bench itself.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.catalogue import load_catalogue
from models.boosting import matrix
from models.labels import VERDICTS, Labels
from models.loaded import LoadedModel
from models.manifest import manifest_of
from models.reasons import explain
from models.scoring import joined, ranked, raw_of_batches
from models.specs import load_specs
from models.training import train
from pipelines.scoring import groups_of
from records.output import write_frame, write_json
from tests.bench.measure import Line, timed

ROWS = 7_500_000
TRAINING, FEATURES, CASES = 1_000_000, 100, 10_000
MODELS = ("unreasonable@prescription", "fraud@prescription")
#: Rows that the scored models are grown on; they are to have the size of real ones, not their knowledge.
TAUGHT = 4_000
#: Trees of the models that are scored and explained: as many as a training may grow. Explained ones are deep, as a
#: model of very many verdicts would be: with shallow ones the words cost more than the trees.
ROUNDS, DEEP = 600, {"num_leaves": 63, "rounds": 300}
THREADS, BATCH = 2, 200_000


def models_at_size() -> list[Line]:
    """Both prescription models over a quarter, a training on a million rows, the reasons of ten thousand cases."""
    rows = int(os.environ.get("RXPANEL_BENCH_ROWS", ROWS))
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        timed(["tests.bench.models", "make", work, str(rows)], work)
        timed(["tests.bench.models", "floor", work], work)
        process = timed(["tests.bench.models", "score", work], work)
        learning = timed(["tests.bench.models", "train", work, str(rows * TRAINING // ROWS)], work)
        timed(["tests.bench.models", "explain", work, str(max(100, rows * CASES // ROWS))], work)
        told = {name: json.loads((work / f"{name}.json").read_text(encoding="utf-8")) for name in ("floor", "train", "explain")}
    floor, trained, explained = told["floor"], told["train"], told["explain"]
    return [
        Line(f"{rows:,} prescriptions scored by two models of {ROUNDS} trees, read to written", process.seconds, "s", 150),
        Line("scoring, peak memory", process.peak, "MB", 8_192),
        Line("bare Booster.predict of both on ready matrices", floor["predict"], "s"),
        Line("scoring over its floor", process.seconds / floor["predict"], "x", 1.5),
        Line(f"training on {trained['rows']:,.0f} weighted rows of {FEATURES} features, folds and test included",
             trained["whole"], "s", 90),
        Line(f"training, peak memory ({trained['rounds']:.0f} trees)", learning.peak, "MB"),
        Line("bare lightgbm.train of as many trees on the ready matrix", trained["bare"], "s"),
        Line(f"reasons of {explained['cases']:,.0f} cases, in words", explained["whole"], "s", 75),
        Line("bare pred_contrib of the same cases", explained["bare"], "s"),
        Line("reasons over their floor", explained["whole"] / explained["bare"], "x", 1.2),
    ]  # fmt: skip


def _features(count: int, seed: int, names: list[str]) -> pd.DataFrame:
    """Made-up features: most are small counts, as most of the catalogue's are."""
    chance = np.random.default_rng(seed)
    frame = {name: chance.poisson(2 if n % 3 else 0.1, count).astype(float) for n, name in enumerate(names)}
    for name in names[::5]:
        frame[name] = np.round(chance.gamma(2, 20, count), 2)
        frame[name][chance.random(count) < 0.05] = np.nan
    return pd.DataFrame(frame)


def _labels(frame: pd.DataFrame, names: list[str]) -> np.ndarray:
    chance = np.random.default_rng(9)
    signal = frame[names[1]] + frame[names[2]] - frame[names[4]] + np.nan_to_num(frame[names[0]]) / 40
    return (signal + chance.normal(0, 2, len(frame)) > 5.5).to_numpy().astype(int)


def make(work: Path, rows: int) -> None:
    """Two boosters on the catalogue's features, a deep one, and the feature file of a quarter, in the order of the key."""
    import lightgbm

    names = [feature.name for feature in load_catalogue().of("prescription")]
    small = _features(TAUGHT, 1, names)
    data = {"key": [f"R{n:06d}" for n in range(TAUGHT)], "rxno": [f"R{n:06d}" for n in range(TAUGHT)], "quarter": "2026Q2",
            "group": [f"D{n % 400}" for n in range(TAUGHT)], "as_of": pd.Timestamp("2026-07-01")}  # fmt: skip
    label = _labels(small, names)
    given = pd.DataFrame(data).assign(label=label, weight=1.0, known=True, random=True, loss=0.0)
    frame = pd.concat([pd.DataFrame(data), small], axis=1)
    columns = ["key", "quarter", "label", "weight", "known", "random", "loss"]
    for name in MODELS:
        spec = load_specs()[name]
        trained = train(spec, frame, Labels(given[columns], VERDICTS), groups_of("prescription"), threads=THREADS)
        x, settings = matrix(small, trained.names), {**dict(spec.parameters), "verbosity": -1, "num_threads": THREADS}
        many = lightgbm.train({**settings, "objective": "binary"}, lightgbm.Dataset(x, label), ROUNDS)
        _keep(work / f"{spec.slug}.json", replace(trained, text=many.model_to_string()))
        if name == MODELS[0]:
            settings |= {"num_leaves": DEEP["num_leaves"], "min_data_in_leaf": 20, "objective": "binary"}
            deep = lightgbm.train(settings, lightgbm.Dataset(x, label), DEEP["rounds"])
            _keep(work / "deep.json", replace(trained, text=deep.model_to_string()))
    writer = None
    for start in range(0, rows, BATCH):
        part = _features(min(BATCH, rows - start), start + 2, names)
        part.insert(0, "rxno", [f"RX{n:011d}" for n in range(start, start + len(part))])
        table = pa.Table.from_pandas(part, preserve_index=False)
        writer = writer or pq.ParquetWriter(work / "features.parquet", table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _keep(path: Path, trained: Any) -> None:
    write_json(path, {"text": trained.text, "manifest": manifest_of(trained, {})})


def _model(path: Path) -> LoadedModel:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return LoadedModel.of(kept["text"], kept["manifest"])


def floor(work: Path) -> None:
    """Seconds of predicting alone, the matrices being ready."""
    boosters = [(model := _model(work / f"{load_specs()[name].slug}.json")).booster for name in MODELS]
    names, seconds = model.names, 0.0
    for batch in pq.ParquetFile(work / "features.parquet").iter_batches(BATCH):
        x = matrix(batch.to_pandas(), names)
        began = time.perf_counter()
        for booster in boosters:
            booster.predict(x, raw_score=True, num_threads=THREADS)
        seconds += time.perf_counter() - began
    write_json(work / "floor.json", {"predict": seconds})


def score(work: Path) -> None:
    """The measured process: from the feature file to the file of scores."""
    models = [_model(work / f"{load_specs()[name].slug}.json") for name in MODELS]
    keys, raw = raw_of_batches(models, pq.ParquetFile(work / "features.parquet").iter_batches(BATCH))
    parts = [ranked(model, keys, found, 16_000) for model, found in zip(models, raw, strict=True)]
    del keys, raw
    write_frame(joined(parts, "prescription"), work / "scores.parquet")


def learn(work: Path, rows: int) -> None:
    """A whole training on weighted rows of two quarters, and bare LightGBM with as many trees."""
    import lightgbm

    names = [f"f{n}" for n in range(FEATURES)]
    frame = _features(rows, 3, names)
    numbers = np.arange(rows)
    keys = pd.DataFrame({"key": [f"R{n:08d}" for n in numbers], "group": [f"D{n % (rows // 200 + 5)}" for n in numbers]})
    keys["quarter"], keys["as_of"] = np.where(numbers % 2, "2026Q1", "2026Q2"), pd.Timestamp("2026-07-01")
    weight = np.random.default_rng(4).gamma(2, 0.5, rows)
    label = _labels(frame, names)
    labels = keys[["key", "quarter"]].assign(label=label, weight=weight, known=True, random=True, loss=0.0)
    data = pd.concat([keys.assign(rxno=keys["key"]), frame], axis=1)
    spec = replace(load_specs()[MODELS[0]], baselines=(("total amount", "f0"),), constrained=())
    began = time.perf_counter()
    trained = train(spec, data, Labels(labels, VERDICTS), dict.fromkeys(names, "made up"), threads=THREADS)
    whole = time.perf_counter() - began
    x = matrix(frame, names)
    began = time.perf_counter()
    settings = {**dict(spec.parameters), "objective": "binary", "verbosity": -1, "num_threads": THREADS}
    lightgbm.train(settings, lightgbm.Dataset(x, label, weight=weight), trained.rounds)
    bare = time.perf_counter() - began
    write_json(work / "train.json", {"rows": rows, "whole": whole, "bare": bare, "rounds": trained.rounds})


def reasons(work: Path, cases: int) -> None:
    """The reasons of so many cases of a deep model, and its bare contributions."""
    model = _model(work / "deep.json")
    frame = next(pq.ParquetFile(work / "features.parquet").iter_batches(cases)).to_pandas()
    x = matrix(frame, model.names)
    began = time.perf_counter()
    model.booster.predict(x, pred_contrib=True, num_threads=THREADS)
    bare = time.perf_counter() - began
    began = time.perf_counter()
    found = explain(model, frame, set(frame["rxno"]))
    whole = time.perf_counter() - began
    write_json(work / "explain.json", {"cases": found["rxno"].nunique(), "whole": whole, "bare": bare})


if __name__ == "__main__":
    step = {"make": make, "floor": floor, "score": score, "train": learn, "explain": reasons}[sys.argv[1]]
    step(Path(sys.argv[2]), *map(int, sys.argv[3:]))
