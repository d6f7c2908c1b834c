"""Training one model: grouped folds, early stopping, calibration on what was held out, honest evaluation."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.background import with_background
from models.boosting import SEED, faster, folds, matrix, threads_for
from models.calibration import AnyCalibration, fit_best
from models.crossfit import Sheet, cross_fit, grow
from models.distribution import Distribution
from models.evaluation import evaluate
from models.gate import never_saw
from models.holdout import hold_out
from models.labels import WEAK, Labels, enough
from models.loaded import LoadedModel
from models.plain import without_nan
from models.rule_precision import RulePrecision, table
from models.scoring import raw_of_frame
from models.search import search
from models.specs import ModelSpec
from records.errors import ModelNotTrained
from records.output import write_frame, write_json

if TYPE_CHECKING:
    import pandas as pd


#: Folds and the test are worked out on at most so many rows; trees of the model itself grow on all.
MOST_HELD_OUT = 50_000


@dataclass
class Trained:
    """A trained model with everything that must be known about it later.

    ``out_of_fold``: key, as_of, label, score of every labelled row (of very many, a part), by trees of other groups.
    ``test``: the rows of the evaluation with their features, label, weight and score. ``believed``: how far each
    rule was.
    """

    spec: ModelSpec
    text: str
    names: list[str]
    groups: dict[str, str]
    calibration: AnyCalibration
    label_source: str
    metrics: dict[str, Any]
    out_of_fold: pd.DataFrame
    test: pd.DataFrame
    usual: dict[str, list[float | None]]
    distribution: dict[str, Distribution]
    quarters: list[str]
    rounds: int
    labels: dict[str, int]
    data_hash: str
    believed: RulePrecision | None = None

    @property
    def version(self) -> str:
        """First 12 hex digits of the model file's SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


def train(
    spec: ModelSpec,
    rows: pd.DataFrame,
    labels: Labels,
    groups_of: dict[str, str],
    *,
    threads: int = 2,
    seed: int = SEED,
    champion: LoadedModel | None = None,
    trials: int = 0,
) -> Trained:
    """Train on labelled rows.

    ``rows``: key, quarter, as_of, group and features, one row a key and quarter; ``groups_of`` tells each
    feature's catalogue group; ``threads`` serve large tables only; ``champion`` is a rival where it never saw the
    test rows; so many ``trials`` of other tree settings are made first. Raises ModelNotTrained when positives or
    negatives are too few.
    """
    everybody, names, whole = prepared(spec, rows, labels, groups_of, threads, seed)
    spec = faster(spec) if len(everybody) > MOST_HELD_OUT else spec
    whole = replace(whole, spec=spec)
    data, sheet = _part(everybody, whole)
    if trials:
        settings = search(sheet, data["quarter"].to_numpy(dtype=object), trials)
        spec = replace(spec, parameters=tuple(sorted(settings.items())))
        whole, sheet = replace(whole, spec=spec), replace(sheet, spec=spec)
    held, judged = cross_fit(sheet), sheet.judged
    calibration = fit_best(held.raw[judged], sheet.fits[judged], sheet.weight[judged], sheet.fold[judged])
    booster = grow(whole, held.rounds)
    test, kind = hold_out(data, sheet, held)
    if champion is not None and never_saw(champion, test):
        test["raw_champion"] = champion.booster.predict(matrix(test, champion.names), raw_score=True)
    return Trained(
        spec=spec,
        text=booster.model_to_string(),
        names=names,
        groups={name: groups_of[name] for name in names},
        calibration=calibration,
        label_source=labels.source,
        metrics=evaluate(test, names, spec, kind, _baselines(spec, labels.source, groups_of), seed),
        out_of_fold=_out_of_fold(data, calibration.apply(held.raw), spec),
        test=test,
        usual=_usual(rows, names),
        distribution=_distributions(rows, names, booster),
        quarters=sorted(set(everybody.loc[~everybody["by_rule"], "quarter"])),
        rounds=held.rounds,
        labels=_counts(everybody),
        data_hash=_hash(everybody, whole),
        believed=labels.believed or whole.believed(),
    )


def prepared(
    spec: ModelSpec, rows: pd.DataFrame, labels: Labels, groups_of: dict[str, str], threads: int, seed: int
) -> tuple[pd.DataFrame, list[str], Sheet]:
    """Labelled rows, the features that may be used, and both as arrays; arguments and errors as of ``train``."""
    data = _labelled(spec, rows, labels)
    names = _usable(spec, data, labels.source, groups_of)
    return data, names, _sheet(spec, names, data, labels, threads, seed)


def _sheet(spec: ModelSpec, names: list[str], data: pd.DataFrame, labels: Labels, threads: int, seed: int) -> Sheet:
    x, weak = matrix(data, names), labels.source == WEAK
    label, target, weight = (data[name].to_numpy(dtype=float) for name in ("label", "target", "weight"))
    sheet = Sheet(spec, names, x, label, target, weight, folds(data["group"]), threads_for(x.size, threads), seed, weak)
    if labels.rules is None:
        return sheet
    fired = labels.rules.fired[data["rule_row"].to_numpy()]
    return replace(sheet, by_rule=data["by_rule"].to_numpy(), rules=replace(labels.rules, fired=fired))


def _part(data: pd.DataFrame, sheet: Sheet) -> tuple[pd.DataFrame, Sheet]:
    """Whole groups with at most `MOST_HELD_OUT` rows together: enough to choose, calibrate and test by.

    The groups whose names hash lowest, the same in every run; all of them where there are fewer rows.
    """
    if len(data) <= MOST_HELD_OUT:
        return data, sheet
    sizes = data.groupby("group").size()
    order = sorted(sizes.index, key=lambda group: (zlib.crc32(f"part {group}".encode()), group))
    kept = sizes[order].cumsum()
    chosen = data["group"].isin(kept.index[kept <= MOST_HELD_OUT]).to_numpy()
    return data[chosen].reset_index(drop=True), sheet.take(chosen)


def _counts(data: pd.DataFrame) -> dict[str, int]:
    positive, presumed, by_rule = (int(data[name].sum()) for name in ("label", "presumed", "by_rule"))
    negative = len(data) - positive - presumed - by_rule
    return {"positive": positive, "negative": negative, "presumed_negative": presumed, "by_rule": by_rule}


def _labelled(spec: ModelSpec, rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    data = _joined(rows, labels.frame)
    data["by_rule"] = data["by_rule"].astype(bool) if "by_rule" in data else False
    if not enough(Labels(data, labels.source), spec):
        positives = int(data["label"].sum())
        raise ModelNotTrained(
            f"{spec.name} needs at least {spec.least_labels} positive and negative labels in the data: "
            f"there are {positives} and {int((~data['by_rule']).sum()) - positives}."
        )
    data = with_background(spec, rows, data)
    target = data["target"] if "target" in data else data["label"]
    data["target"] = target.astype("float64").fillna(data["label"])
    # A row without a group (no prescriber named) stands for itself.
    data["group"] = data["group"].astype(object).where(data["group"].notna(), data["key"]).astype(str)
    judged = ~data["by_rule"].to_numpy(dtype=bool)
    data["weight"] = data["weight"] / data.loc[judged, "weight"].mean()
    if not judged.all():
        data.loc[~judged, "weight"] = min(1.0, spec.rule_rows / int((~judged).sum()))
    return data


def _joined(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Labelled rows in the order of quarter and key; the wide columns are copied once."""
    import pandas as pd

    pairs = rows[["key", "quarter"]].assign(_at=np.arange(len(rows))).merge(labels, on=["key", "quarter"], how="inner")
    pairs = pairs.sort_values(["quarter", "key"], ignore_index=True)
    wide = rows.iloc[pairs.pop("_at").to_numpy()].reset_index(drop=True)
    return pd.concat([wide, pairs.drop(columns=["key", "quarter"])], axis=1)


def _usable(spec: ModelSpec, data: pd.DataFrame, source: str, groups_of: dict[str, str]) -> list[str]:
    left_out = set(spec.leaves_out) | (set(spec.weak_leaves_out) if source == WEAK else set())
    names = [name for name in groups_of if name in data.columns and groups_of[name] not in left_out]
    names = [name for name in names if data[name].notna().any()]
    if not names:
        raise ModelNotTrained(f"{spec.name} has no feature with any value in the labelled rows.")
    return names


def _baselines(spec: ModelSpec, source: str, groups_of: dict[str, str]) -> dict[str, str]:
    """One-column rivals; with weak labels none that the labels themselves are made of."""
    out = set(spec.weak_leaves_out) if source == WEAK else set()
    return {name: column for name, column in spec.baselines if groups_of.get(column) not in out}


def _out_of_fold(data: pd.DataFrame, score: Any, spec: ModelSpec) -> pd.DataFrame:
    """Scores of the rows that somebody judged; the presumed clean are none of them."""
    frame = data[["key", "as_of", "label"]].assign(score=score, label=data["label"].astype("int64"))
    frame = frame[~(data["presumed"] | data["by_rule"])]
    return frame.rename(columns={"key": spec.key}).sort_values([spec.key, "as_of"], ignore_index=True)


def _column(rows: pd.DataFrame, name: str) -> Any:
    return matrix(rows, [name])[:, 0]


def _usual(rows: pd.DataFrame, names: list[str]) -> dict[str, list[float | None]]:
    """q10, q50 and q90 of each feature over all rows given, values that occur; None where all are missing."""
    usual: dict[str, list[float | None]] = {}
    for name in names:
        values = _column(rows, name)
        values = values[~np.isnan(values)]
        limits = np.quantile(values, [0.1, 0.5, 0.9], method="lower") if len(values) else []
        usual[name] = [float(value) for value in limits] or [None, None, None]
    return usual


def _distributions(rows: pd.DataFrame, names: list[str], booster: Any) -> dict[str, Distribution]:
    """How features and the raw score (named "") lay over all rows of the training quarters."""
    found = {name: Distribution.of(_column(rows, name)) for name in names}
    return {"": Distribution.of(raw_of_frame(booster, rows, names)), **found}


def _hash(data: pd.DataFrame, sheet: Sheet) -> str:
    digest = hashlib.sha256("\n".join([*sheet.names, *data["quarter"], *data["key"], *data["group"]]).encode())
    fired = () if sheet.rules is None else (sheet.rules.fired.indptr, sheet.rules.fired.indices, sheet.rules.prior)
    for part in (sheet.x, sheet.label, sheet.target, sheet.weight, *fired):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def write_training(trained: Trained, root: Path) -> Path:
    """Write out_of_fold.parquet and metrics.json under ``root/<target>_<grain>``; the folder comes back.

    Where rules were asked, what is believed of each is written beside them: rule_precision.parquet.
    """
    folder = root / trained.spec.slug
    if trained.believed is not None:
        write_frame(table(trained.believed), folder / "rule_precision.parquet")
    write_frame(trained.out_of_fold, folder / "out_of_fold.parquet")
    write_json(
        folder / "metrics.json",
        without_nan(
            {
                "model": trained.spec.name,
                "model_version": trained.version,
                "label_source": trained.label_source,
                "labels": trained.labels,
                "quarters": trained.quarters,
                "rounds": trained.rounds,
                **trained.metrics,
            }
        ),
    )
    return folder
