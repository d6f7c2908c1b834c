"""The registry from the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pipelines.cases import CLI
from pipelines.tables import show
from records.errors import GateRefused, ModelNotTrained, NotFound
from records.workplace import Workplace

if TYPE_CHECKING:
    from models.registry import Registry


def registry_of(workplace: Workplace) -> Registry:
    """The registry of a work folder, or of the server named by the environment. Raises NotFound where there is none."""
    from models.registry import Registry

    if workplace.tracking_uri() is None and not workplace.mlflow.exists():
        raise NotFound(f"There is no model in {workplace.work}: start with 'rxpanel run', or name another --work.")
    return Registry(workplace.tracking_uri(), workplace.mlflow)


def _must_be_changeable(workplace: Workplace) -> None:
    """Raises WrongUse or NotFound where models or the log stand in the work folder and it cannot be written."""
    if workplace.tracking_uri() is None or workplace.store_url().startswith("sqlite"):
        workplace.must_be_writable()


def log_event(workplace: Workplace, action: str, event: dict[str, Any]) -> None:
    """Write what was done to a model into the hash-chained log."""
    from panel.audit import record
    from panel.store import open_store

    with open_store(workplace.store_url()) as store, store.change() as connection:
        record(connection, CLI, action, str(event["model"]), event)


def show_models(workplace: Workplace) -> None:
    """Print every registered version."""
    from models.specs import all_specs

    registry, rows = registry_of(workplace), []
    for name, spec in all_specs().items():
        for version in registry.versions(spec):
            manifest = version.manifest
            precision = manifest["metrics"]["average_precision"]["model"]["value"]
            rows.append((name, version.number, manifest["model_version"], " ".join(version.aliases),
                         manifest["label_source"], " ".join(manifest["quarters"]), f"{precision:.3f}"))  # fmt: skip
    show(["模型 model", "版本 version", "文件 file", "别名 aliases", "标签 labels", "季度 quarters", "AP"], rows)


def _span(entry: dict[str, Any]) -> str:
    low, high = entry["interval90"]
    return f"{entry['value']:.3f} [{low:.3f}, {high:.3f}]"


def show_comparison(workplace: Workplace) -> None:
    """Print each trained model beside its baselines, with 90 % intervals; challengers stand below champions."""
    from models.registry import CHALLENGER, CHAMPION
    from models.specs import all_specs

    registry = registry_of(workplace)
    rows, kinds = [], []
    for name, spec in all_specs().items():
        for alias in (CHAMPION, CHALLENGER):
            model = registry.under(spec, alias)
            if model is None:
                continue
            metrics = model.manifest["metrics"]
            precision = metrics["average_precision"]
            best = min(metrics["gain"].items(), key=lambda item: item[1]["value"])
            others = [_span(precision[key]) if key in precision else "" for key in
                      ("total amount", "number of findings", "isolation forest")]  # fmt: skip
            rows.append((name, alias, metrics["rows"], metrics["positives"], _span(precision["model"]), *others,
                         f"{_span(best[1])}", f"{metrics['precision_at_capacity']:.3f}",
                         f"{metrics['calibration_error']:.3f}", f"{metrics['money_per_100_reviews']:.0f}"))  # fmt: skip
            kinds.append(f"{name} {alias}: {metrics['kind']}; labels {model.label_source}")
    if not rows:
        raise ModelNotTrained("No model has been trained in this work folder: run a quarter first.")
    show(["模型 model", "", "行 rows", "阳性 +", "AP", "总额 amount", "发现数 findings", "孤立森林 forest",
          "最小优势 least gain", "P@容量 capacity", "校准误差 ECE", "元/百次 yuan/100"], rows)  # fmt: skip
    sys.stdout.write("\n".join(["AP = average precision, 90 % intervals by resampling whole groups", *kinds]) + "\n")


def promote_models(workplace: Workplace, which: str | None, approved_by: str, override: str | None) -> None:
    """Promote one challenger or all; each event goes into the log, refusals too."""
    from models.registry import CHALLENGER
    from models.specs import all_specs, spec_named

    _must_be_changeable(workplace)
    registry = registry_of(workplace)
    specs = (
        [spec_named(which)]
        if which
        else [spec for spec in all_specs().values() if registry.under(spec, CHALLENGER) is not None]
    )
    if not specs:
        raise ModelNotTrained("There is no challenger: train one with 'rxpanel train'.")
    refused = []
    for spec in specs:
        try:
            event = registry.promote(spec, approved_by, override)
        except GateRefused as refusal:
            log_event(workplace, "promotion refused", {"model": spec.name, "why": str(refusal), "approved_by": approved_by})
            refused.append(str(refusal))
            continue
        log_event(workplace, "model promoted", event)
        sys.stdout.write(f"{spec.name}: {event['from'] or '-'} -> {event['to']}\n")
    if refused:
        raise GateRefused(" ".join(refused))


def roll_back(workplace: Workplace, which: str, approved_by: str) -> None:
    """Bring the previous champion back."""
    from models.specs import spec_named

    _must_be_changeable(workplace)
    event = registry_of(workplace).rollback(spec_named(which), approved_by)
    log_event(workplace, "model rolled back", event)
    sys.stdout.write(f"{which}: {event['from'] or '-'} -> {event['to']}\n")
