"""Pictures of a model for the experiment tracker and for one subject, as PNG, drawn by shap and matplotlib.

Labels are the features' own names: matplotlib brings no Chinese letters, and whoever reads these pictures knows them.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import SEED, matrix
from models.loaded import LoadedModel
from models.measures import calibration_bins
from models.themes import exact_parts

if TYPE_CHECKING:
    import pandas as pd

#: Rows of a summary: more only make the picture slower.
_SUMMARY_ROWS = 400
_SHOWN = 12


@contextmanager
def _canvas(width: float, height: float) -> Iterator[tuple[Any, io.BytesIO]]:
    """A figure without a screen, and where its PNG goes when the block ends; nothing of matplotlib's state stays."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot

        figure, into = pyplot.figure(figsize=(width, height), dpi=90), io.BytesIO()
        try:
            yield figure, into
            # shap draws into a figure of its own size.
            pyplot.gcf().savefig(into, format="png", bbox_inches="tight", metadata={"Software": None})
        finally:
            pyplot.close("all")


def _explanation(model: LoadedModel, features: pd.DataFrame) -> Any:
    """The exact contributions as shap's own type."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

    x = matrix(features, model.names)
    parts, _ = exact_parts(model, x)
    return shap.Explanation(parts[:, :-1], base_values=parts[:, -1], data=x, feature_names=model.names)


def waterfall(model: LoadedModel, features: pd.DataFrame, key: str) -> bytes:
    """From the base value to the raw score of one subject, feature by feature (log-odds). KeyError for no such row."""
    row = features[features[model.spec.key].astype(str) == key]
    if row.empty:
        raise KeyError(key)
    explained = _explanation(model, row)[0]
    with _canvas(8, 6) as (_, into):
        import shap

        shap.plots.waterfall(explained, max_display=_SHOWN, show=False)
    return into.getvalue()


def summary(model: LoadedModel, features: pd.DataFrame) -> bytes:
    """The contributions (log-odds) of the strongest features over some of the rows, a dot a row."""
    some = features.sample(_SUMMARY_ROWS, random_state=SEED) if len(features) > _SUMMARY_ROWS else features
    explained = _explanation(model, some)
    with _canvas(8, 6) as (_, into):
        import shap

        # shap spreads equal dots by the global generator.
        state = np.random.get_state()
        np.random.seed(SEED)
        try:
            shap.plots.beeswarm(explained, max_display=_SHOWN, show=False, s=6)
        finally:
            np.random.set_state(state)
    return into.getvalue()


def precision_recall(test: pd.DataFrame) -> bytes:
    """Precision over recall on the test rows (columns label, raw, weight), weighted as the evaluation is."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(test["label"], test["raw"], sample_weight=test["weight"])
    with _canvas(5, 4) as (figure, into):
        axes = figure.subplots()
        axes.step(recall, precision, where="post")
        axes.axhline(np.average(test["label"], weights=test["weight"]), linestyle=":", color="grey")
        axes.set(xlabel="recall", ylabel="precision (dotted: prevalence)", xlim=(0, 1), ylim=(0, 1.02))
    return into.getvalue()


def calibration(test: pd.DataFrame) -> bytes:
    """Observed share over predicted probability in tenths of the test rows (columns label, probability, weight)."""
    bins, weight = calibration_bins(test["probability"].to_numpy(dtype=float)), test["weight"].to_numpy(dtype=float)
    mass = np.bincount(bins, weights=weight)
    predicted = np.bincount(bins, weights=weight * test["probability"]) / mass
    observed = np.bincount(bins, weights=weight * test["label"]) / mass
    with _canvas(5, 4) as (figure, into):
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
        axes.plot(predicted, observed, marker="o")
        most = float(max(predicted.max(), observed.max(), 0.01)) * 1.05
        axes.set(xlabel="predicted probability", ylabel="observed share", xlim=(0, most), ylim=(0, most))
    return into.getvalue()


def learning_curve(points: list[dict[str, float]]) -> bytes:
    """Average precision over the number of verdicts; points hold labels, value, low90 and high90."""
    labels = [point["labels"] for point in points]
    with _canvas(5, 4) as (figure, into):
        axes = figure.subplots()
        axes.plot(labels, [point["value"] for point in points], marker="o")
        axes.fill_between(labels, [p["low90"] for p in points], [p["high90"] for p in points], alpha=0.2)
        axes.set(xlabel="verdicts", ylabel="average precision (90 % interval)", ylim=(0, 1))
    return into.getvalue()
