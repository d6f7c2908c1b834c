"""Every model beside its baselines: on what panels and investigations said, and on what is true."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.boosting import SEED, folds, matrix
from models.crossfit import cross_fit, grow
from models.evaluation import LOGISTIC, MODEL, rivals
from models.labels import Labels, enough
from models.logistic import logistic
from models.measures import Ranking, interval, resampled
from models.specs import ModelSpec, load_specs
from models.training import Trained, prepared, train
from pipelines.scoring import groups_of
from records.errors import ModelNotTrained
from tests.study.world import THREADS, World

#: Months of look-back of the larger cities: the simulator's own default, because few subjects are investigated a quarter.
LOOK_BACK = 12


def fitted(world: World, spec: ModelSpec, labels: Labels) -> Trained:
    rows = world.fed(spec, world.labelled.rows(sorted(set(labels.frame["quarter"])), spec.grain))
    return train(spec, rows, labels, groups_of(spec.grain), threads=THREADS)


def beside_baselines(worlds: list[World]) -> bool:
    """Each model and each baseline on the test rows of all seeds together, with the paired interval of the difference."""
    return _compared({spec: [_tested(world, spec) for world in worlds] for spec in load_specs().values() if _many(spec)})


def against_truth(worlds: list[World]) -> bool:
    """The same against the truth of the newest quarter, which nobody judged yet; each score by labels of other groups."""
    return _compared({spec: [_told(world, spec) for world in worlds] for spec in load_specs().values() if _many(spec)})


def few_subjects(scratch: Path, persons: int = 100_000, seeds: int = 5) -> int:
    """The models of practitioners and institutions beside their baselines, in larger cities, one after the other."""
    began = time.perf_counter()
    specs = [spec for spec in load_specs().values() if not _many(spec)]
    tested: dict[ModelSpec, list[pd.DataFrame | None]] = {spec: [] for spec in specs}
    told: dict[ModelSpec, list[pd.DataFrame | None]] = {spec: [] for spec in specs}
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory(dir=scratch) as place:
            world = World.make(Path(place), seed, persons, LOOK_BACK)
            for spec in specs:
                tested[spec].append(_tested(world, spec))
                told[spec].append(_told(world, spec))
        minutes = (time.perf_counter() - began) / 60
        print(f"{seed} of {seeds} cities of {persons:,} persons, {minutes:.1f} minutes", flush=True)
    held = [_said("on the investigations of the newest labelled quarter", tested)]
    held.append(_said("against the truth of the newest quarter, which nobody judged yet", told))
    return int(not all(held))


def _said(what: str, tested: dict[ModelSpec, list[pd.DataFrame | None]]) -> bool:
    print(f"\n{what}")
    held = _compared(tested)
    print("held" if held else "MISSED", flush=True)
    return held


def _many(spec: ModelSpec) -> bool:
    """Whether a city has many subjects of the grain; of practitioners and institutions it takes a larger city."""
    return spec.grain not in ("practitioner", "institution")


def _compared(tested: dict[ModelSpec, list[pd.DataFrame | None]]) -> bool:
    rows: list[tuple[Any, ...]] = []
    for spec, cities in tested.items():
        parts = [part for part in cities if part is not None]
        if not parts:
            print(f"{spec.name}: too few labels in every city")
            continue
        rows += _paired(spec, pd.concat(parts, ignore_index=True))
    columns = ["model", "test rows", "positive", "AP", "rival", "its AP", "difference", "low 90 %", "high 90 %"]
    shown = pd.DataFrame(rows, columns=columns)
    print(shown.round(3).to_string(index=False))
    return bool(rows) and len(tested) == shown["model"].nunique() and bool((shown["low 90 %"] > 0).all())


def _tested(world: World, spec: ModelSpec) -> pd.DataFrame | None:
    """Test rows of a training, each score as its rank in the city from 0 to 1."""
    labels = world.past(spec)
    if not enough(labels, spec):
        return None
    try:
        trained = fitted(world, spec, labels)
    except ModelNotTrained:
        return None
    test = trained.test[trained.test["known"] | ~trained.test["known"].any()]
    return _ranked(world, test, {MODEL: test["raw"].to_numpy(), **rivals(test, trained.names, dict(spec.baselines))})


def _told(world: World, spec: ModelSpec) -> pd.DataFrame | None:
    """Every subject of the newest quarter with the truth as label, scored from labels of other groups in older quarters."""
    labels = world.past(spec)
    if not enough(labels, spec):
        return None
    newest = world.quarter(0)
    rows = world.fed(spec, world.labelled.rows([*sorted(set(labels.frame["quarter"])), newest], spec.grain))
    here = (rows["quarter"] == newest).to_numpy()
    _, names, sheet = prepared(spec, rows[~here], labels, groups_of(spec.grain), THREADS, SEED)
    rounds, now = cross_fit(sheet).rounds, rows[here].reset_index(drop=True)
    now["group"] = now["group"].astype(object).where(now["group"].notna(), now["key"]).astype(str)
    x, fold = matrix(now, names), folds(now["group"])
    raw, line = np.zeros(len(now)), np.zeros(len(now))
    for number in np.unique(fold):
        others, mine = sheet.take(sheet.fold != number), fold == number
        if not others.has_both:
            return None
        raw[mine] = grow(others, rounds).predict(x[mine], raw_score=True)
        line[mine] = logistic(others)(x[mine])
    scores = {MODEL: raw, **rivals(now, names, dict(spec.baselines)), LOGISTIC: line}
    return _ranked(world, now.assign(label=world.bad(now["key"], spec), weight=1.0), scores)


def _ranked(world: World, rows: pd.DataFrame, scores: dict[str, Any]) -> pd.DataFrame:
    ranks = {name: pd.Series(values).rank(pct=True).to_numpy() for name, values in scores.items()}
    frame = rows[["label", "weight"]].assign(group=f"{world.seed} " + rows["group"].astype(str))
    return frame.reset_index(drop=True).assign(**ranks)


def _paired(spec: ModelSpec, test: pd.DataFrame) -> list[tuple[Any, ...]]:
    label, weight = test["label"].to_numpy(dtype=float), test["weight"].to_numpy(dtype=float)
    names = [name for name in test.columns if name not in ("label", "weight", "group")]
    ranked = {name: Ranking(test[name].to_numpy()) for name in names}
    draws = [
        {name: ranked[name].average_precision(label, weight * times) for name in names}
        for times in resampled(test["group"].to_numpy(), 300, 1)
    ]
    own = ranked[MODEL].average_precision(label, weight)
    found = []
    for name in (name for name in names if name != MODEL):
        low, high = interval([draw[MODEL] - draw[name] for draw in draws])
        theirs = ranked[name].average_precision(label, weight)
        found.append((spec.name, len(test), int(label.sum()), own, name, theirs, own - theirs, low, high))
    return found
