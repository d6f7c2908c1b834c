"""Every model beside its baselines, as rows for a table."""

from __future__ import annotations

from typing import Any

from models.evaluation import FITTED, MODEL
from models.loaded import LoadedModel
from models.registry import CHALLENGER, CHAMPION, Registry
from models.specs import load_specs


def table(registry: Registry) -> list[dict[str, Any]]:
    """One row a model and alias (champion, challenger), in the order of the specifications.

    ``average_precision`` and ``baselines[name]`` are {value, interval90}; ``gain`` is the difference to the best
    one-column baseline with its paired interval, and ``gain_over`` names that baseline (None = there is none).
    Intervals are 90 %, by resampling whole groups; money in yuan; shares 0..1. NaN = could not be measured.
    """
    rows = []
    for spec in load_specs().values():
        for alias in (CHAMPION, CHALLENGER):
            model = registry.under(spec, alias)
            if model is not None:
                rows.append(row_of(model, alias))
    return rows


def row_of(model: LoadedModel, alias: str) -> dict[str, Any]:
    """The row of one model; see `table`."""
    metrics = model.manifest["metrics"]
    precision = dict(metrics["average_precision"])
    own = precision.pop(MODEL)
    simple = [name for name in precision if name not in FITTED]
    best = max(simple, key=lambda name: precision[name]["value"], default=None)
    return {
        "model": model.spec.name,
        "alias": alias,
        "model_version": model.version,
        "label_source": model.label_source,
        "evaluation": metrics["kind"],
        "weighting": metrics["weighting"],
        "rows": metrics["rows"],
        "positives": metrics["positives"],
        "average_precision": own,
        "baselines": precision,
        "gain_over": best,
        "gain": metrics["gain"][best] if best else None,
        "capacity_share": metrics["capacity_share"],
        **{name: {"value": metrics[name], "interval90": limits} for name, limits in metrics["intervals90"].items()},
    }
