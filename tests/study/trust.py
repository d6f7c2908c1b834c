"""The tables of docs/models.md: each function simulates, prints one table, and returns whether what was promised held."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.catalogue import load_catalogue
from models.boosting import SEED, matrix
from models.crossfit import cross_fit, grow
from models.labels import Labels
from models.measures import average_precision, calibration_error
from models.novelty import novelty, of_frame
from models.specs import ModelSpec, load_specs
from models.training import Trained, prepared
from pipelines.labelled import PLACE, weak_labels
from pipelines.sampling import risk_of
from pipelines.scoring import groups_of
from sampling.design import load_design
from sampling.draw import select
from sampling.probabilities import Prepared, prepare
from tests.study.beside import against_truth, beside_baselines, fitted
from tests.study.world import THREADS, World

UNREASONABLE = load_specs()["unreasonable@prescription"]
AP = "average precision"
VERDICTS = (100, 300, 1000, 3000)
#: Of the average precision of the full truth, at 3,000 verdicts; of the cold start's finds, a quarter later; novelty's lift.
PROMISED_SHARE, PROMISED_TIMES, PROMISED_LIFT = 0.85, 1.3, 5.0


def raw(trained: Trained, rows: pd.DataFrame) -> np.ndarray:
    import lightgbm

    scores: np.ndarray = lightgbm.Booster(model_str=trained.text).predict(matrix(rows, trained.names), raw_score=True)
    return scores


def weighting(worlds: list[World]) -> bool:
    """Verdicts lean towards what was flagged: with and without design weights, tested on the newest random arm."""
    ways: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
        "no weights": lambda frame: frame.assign(weight=1.0),
        "weights": lambda frame: frame,
    }
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in ways}
    for world in worlds:
        labels = world.past(replace(UNREASONABLE, rule_rows=0)).frame
        newest = max(labels["quarter"])
        arm = labels[(labels["quarter"] == newest) & labels["random"]]
        rows = world.rows(newest).merge(arm[["key", "label", "weight"]], on="key")
        for name, way in ways.items():
            older = Labels(way(labels[labels["quarter"] < newest]), "past_verdict")
            model = fitted(world, UNREASONABLE, older)
            scores = raw(model, rows)
            told = rows[["key", "group", "label", "weight"]].assign(seed=world.seed, p=model.calibration.apply(scores))
            found[name].append(told)
    table = []
    for name, parts in found.items():
        rows = pd.concat(parts)
        label, p, weight = (rows[column].to_numpy(dtype=float) for column in ("label", "p", "weight"))
        expected = float((weight * p).sum() / (weight * label).sum())
        error = calibration_error(label, p, weight)
        table.append((name, len(rows), int(label.sum()), average_precision(label, p, weight), error, expected))
    columns = ["trained", "rows", "positive", "average precision", "calibration error", "expected / found"]
    shown = pd.DataFrame(table, columns=columns).set_index("trained")
    print(shown.round(3).to_string())
    return bool(abs(shown.loc["weights", "expected / found"] - 1) < abs(shown.loc["no weights", "expected / found"] - 1))


def learning(worlds: list[World]) -> bool:
    """How fast verdicts take over from rules, and how much of the full truth 3,000 random verdicts give."""
    table = pd.DataFrame([row for world in worlds for row in _learned(world)], columns=["verdicts", "learned from", AP])
    full_truth = table.loc[table["learned from"] == "full truth", AP].mean()
    table["verdicts"] = table["verdicts"].where(table["learned from"] != "full truth", -1)
    shown = table.groupby(["verdicts", "learned from"], sort=True)[AP].agg(["mean", "min", "max"])
    shown["of the full truth"] = shown["mean"] / full_truth
    print(shown.rename(index={-1: "all"}, level=0).round(3).to_string())
    at = min(VERDICTS[-1], max(table["verdicts"]))
    return bool(shown.loc[(at, "verdicts and rules"), "of the full truth"] >= PROMISED_SHARE)


def _learned(world: World) -> list[tuple[int, str, float]]:
    """Average precision of a city by verdicts and what was learned from."""
    began, before, few = time.perf_counter(), world.quarter(1), replace(UNREASONABLE, least_labels=2)
    every = world.rows(before)
    order = np.random.default_rng(world.seed).permutation(len(every))
    rows = [(0, "rules alone", _final(world, UNREASONABLE, weak_labels(world.labelled, UNREASONABLE)))]
    for count in [count for count in VERDICTS if count < len(every)]:
        labels = world.truth_labels(before, UNREASONABLE, every.iloc[np.sort(order[:count])])
        for name, given in (("verdicts alone", labels), ("verdicts and rules", world.beside(labels, before, UNREASONABLE))):
            rows.append((count, name, _final(world, few, given)))
    rows.append((len(every), "full truth", _final(world, UNREASONABLE, world.truth_labels(before, UNREASONABLE))))
    print(f"city {world.seed}: {(time.perf_counter() - began) / 60:.1f} minutes", flush=True)
    return rows


def _final(world: World, spec: ModelSpec, labels: Labels) -> float:
    """Average precision on the newest quarter of the model that a training would register, without testing it first."""
    rows = world.labelled.rows(sorted(set(labels.frame["quarter"])), spec.grain)
    _, names, sheet = prepared(spec, rows, labels, groups_of(spec.grain), THREADS, SEED)
    now = world.rows(world.quarter(0))
    scores = grow(sheet, cross_fit(sheet).rounds).predict(matrix(now, names), raw_score=True)
    return average_precision(world.bad(now["key"], spec), scores, np.ones(len(now)))


def second_quarter(worlds: list[World]) -> bool:
    """Problems expected per 100 targeted reviews: the cold start, and what its quarter's verdicts or all truth taught."""
    rows = []
    for world in worlds:
        first, second = world.quarter(1), world.quarter(0)
        early = replace(world.labelled, quarter=world.labelled.quarter.shift(-1), current=None)
        cold = fitted(world, UNREASONABLE, weak_labels(early, UNREASONABLE))
        sample = select(_planned(world, first, cold), load_design(), f"study {world.seed}")
        judged = world.rows(first).merge(sample.rename(columns={"rxno": "key"})[["key", "incl_prob_any"]], on="key")
        labels = world.truth_labels(first, UNREASONABLE, judged.sort_values("key", ignore_index=True))
        weight = 1 / judged.sort_values("key")["incl_prob_any"]
        labels.frame["weight"] = (weight.clip(upper=10 * weight.median()) / weight.mean()).to_numpy()
        warm = fitted(world, UNREASONABLE, world.beside(labels, first, UNREASONABLE))
        whole = fitted(world, replace(UNREASONABLE, rule_rows=0), world.truth_labels(first, UNREASONABLE))
        now = [_expected(world, _planned(world, second, model)) for model in (cold, warm, whole)]
        rows.append((world.seed, len(sample), _expected(world, _planned(world, first, cold)), *now))
    columns = ["seed", "verdicts", "cold start, first quarter", "cold start, second", "by its verdicts", "by its truth"]
    shown = pd.DataFrame(rows, columns=columns).set_index("seed")
    shown.loc["mean"] = shown.mean()
    shown["times"], shown["of at most"] = (shown[name] / shown[columns[2]] for name in columns[4:])
    print(shown.round(2).to_string())
    return bool(shown.loc["mean", "times"] >= PROMISED_TIMES)


def _planned(world: World, name: str, trained: Trained) -> Prepared:
    """A quarter's frame with the probabilities that the shipped design gives it by a model's scores."""
    rows = world.rows(name)
    scores = pd.DataFrame({"rxno": rows["key"], "score": trained.calibration.apply(raw(trained, rows))})
    frame = rows[["key", PLACE]].set_axis(["rxno", "fixmedins_code"], axis=1)
    return prepare(frame, risk_of(scores), set(), load_design())


def _expected(world: World, planned: Prepared) -> float:
    """Problems per 100 reviews of the targeted arm over all draws; what the random arm draws too is counted there."""
    chance = (planned.frame["p_targeted"] * (1 - planned.frame["p_random"])).to_numpy()
    return float(100 * (chance * world.bad(planned.frame["rxno"], UNREASONABLE)).sum() / chance.sum())


def novel(worlds: list[World]) -> bool:
    """Each scheme kept from all rules and labels: how much more frequent among the novelty picks than overall."""
    counted: dict[str, np.ndarray] = {}
    for world in worlds:
        name = world.quarter(0)
        rows, findings = world.rows(name), world.labelled.findings(name)
        kinds = world.truth.loc[rows["key"]]
        fund = kinds["fund_codes"].notna().to_numpy()
        split = kinds["kind"].where(kinds["fund_codes"].notna()).str.split()
        days = world.days.loc[rows["key"]].astype(str).to_numpy()
        for scheme in sorted(set(split.dropna().explode()) & set(_schemes())):
            cases = np.array([isinstance(found, list) and scheme in found for found in split]) & fund
            there = set(rows.loc[cases, "key"])
            of_scheme = findings.groupby("rule_id")["rxno"].agg(lambda named, there=there: named.isin(there).mean())
            kept = findings[findings["rule_id"].map(of_scheme) < 0.1]
            told = novelty(of_frame(rows), days, rows["key"].isin(kept["rxno"]).to_numpy(), load_catalogue().of("prescription"))
            add = [float(told[cases].sum()), float(told.sum()), int(cases.sum()), len(rows)]
            counted[scheme] = counted.get(scheme, np.zeros(4)) + np.array(add)
    table = [
        (scheme, int(cases), cases / rows, part / whole, part / whole * rows / cases)
        for scheme, (part, whole, cases, rows) in counted.items()
    ]
    shown = pd.DataFrame(table, columns=["withheld scheme", "cases", "overall", "among the picks", "times"])
    print(shown.set_index("withheld scheme").round(4).to_string())
    return bool((shown["times"] >= PROMISED_LIFT).any())


def _schemes() -> list[str]:
    from simulator.visits import SCHEMES

    return [scheme for scheme in SCHEMES if scheme]


#: The tables by the area that prints it alone.
TABLES: dict[str, Callable[[list[World]], bool]] = {
    "weighting": weighting,
    "learning": learning,
    "second-quarter": second_quarter,
    "novelty": novel,
    "baselines": beside_baselines,
    "truth": against_truth,
}


def study(scratch: Path, persons: int = 20_000, seeds: int = 5, only: str = "") -> int:
    """Print every table, or one, with the minutes it took; exit code 1 when something promised was missed."""
    began = time.perf_counter()
    worlds = []
    for seed in range(1, seeds + 1):
        worlds.append(World.make(scratch, seed, persons))
        minutes = (time.perf_counter() - began) / 60
        print(f"{seed} of {seeds} cities of {persons:,} persons made, {minutes:.1f} minutes", flush=True)
    missed = []
    for table in [TABLES[only]] if only else TABLES.values():
        began = time.perf_counter()
        print(f"\n{(table.__doc__ or '').splitlines()[0]}", flush=True)
        held = table(worlds)
        print(f"{'held' if held else 'MISSED'}, {(time.perf_counter() - began) / 60:.1f} minutes", flush=True)
        missed += [] if held else [table.__name__]
    return int(bool(missed))
