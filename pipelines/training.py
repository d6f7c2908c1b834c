"""``rxpanel train``: a challenger from every labelled quarter before the as-of."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.feeding import with_fed
from pipelines.gate import Source, fresh, pass_gate, refuse_when_blocked, snapshot_of
from pipelines.knowledge import basis_of
from pipelines.labelled import Labelled, labels_of_folder, labels_of_store, left_out, with_rules
from pipelines.progress import Steps
from pipelines.quarter import machine_of
from pipelines.scoring import groups_of
from records.errors import ModelNotTrained
from records.snapshot import Snapshot
from records.workplace import Workplace

if TYPE_CHECKING:
    from models.labels import Labels
    from models.specs import ModelSpec
    from models.training import Trained


def train_challenger(
    source: Source, name: str, given: str | None, workplace: Workplace, by: str | None = None, trials: int = 0
) -> None:
    """Train, evaluate, log and register a challenger; writes WORK/training/<target>_<grain>.

    Labels: ``store`` = closed verdicts and outcomes of leads; a folder = its past_verdict / past_finding; None =
    the data folder's own, else the store's. ``by`` = who trains (None = the machine's account). ``trials``: other
    tree settings that are tried first. Raises ModelNotTrained when there are too few.
    """
    from models.labels import enough
    from models.registry import Registry
    from models.specs import spec_named
    from models.training import train, write_training

    spec = spec_named(name)
    steps = Steps(3)
    with workplace.lock():
        with steps.step("gate", "校验 Check"):
            snapshot = _snapshot(source, workplace)
        basis = basis_of(workplace, source.data)
        labelled = Labelled(snapshot, source.quarter, basis, machine_of(source, workplace))
        if given not in (None, "store"):
            labelled.given = _label_snapshot(Path(str(given)), workplace)
        labels = _labels(labelled, spec, given, workplace)
        if not enough(labels, spec):
            positives = int(labels.frame["label"].sum())
            raise ModelNotTrained(
                f"{name} needs at least {spec.least_labels} positive and negative labels before "
                f"{source.quarter.as_of:%Y-%m-%d}: there are {positives} and {len(labels.frame) - positives}."
                + ("" if given == "store" else left_out(labelled, spec))
            )
        with steps.step("features", "特征 Features of the labelled quarters"):
            labels = with_rules(labelled, spec, labels)
            rows = labelled.rows(sorted(set(labels.frame["quarter"])), spec.grain)
            rows = with_fed(labelled, spec, rows, lambda one: _labels(labelled, one, given, workplace), source.threads)
        with steps.step("training", "训练 Train and register"):
            present = Registry(workplace.tracking_uri(), workplace.mlflow).champion(spec)
            groups = groups_of(spec.grain)
            trained = train(spec, rows, labels, groups, threads=source.threads, champion=present, trials=trials)
            facts = {"snapshot": snapshot.digest, "as_of": str(source.quarter.as_of)}
            facts["basis_version"] = basis.rulebook.version
            number = _register(trained, facts, (by or "").strip() or account(), workplace)
            folder = write_training(trained, workplace.training)
    metric = trained.metrics["average_precision"]["model"]
    sys.stdout.write(
        f"{name} challenger {number} ({trained.version}), labels {labels.source}: average precision "
        f"{metric['value']:.3f} [{metric['interval90'][0]:.3f}, {metric['interval90'][1]:.3f}]  {folder}\n"
    )


def account() -> str:
    """Name of the account that runs this process; empty where the machine knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _register(trained: Trained, facts: dict[str, str], by: str, workplace: Workplace) -> int:
    """Register a challenger with its pictures, and log who trained it."""
    from models.artifacts import pictures_of
    from models.loaded import LoadedModel
    from models.manifest import manifest_of
    from models.registry import CHALLENGER, Registry
    from pipelines.models import log_event

    pictures = pictures_of(trained, LoadedModel.of(trained.text, manifest_of(trained, facts)))
    registry = Registry(workplace.tracking_uri(), workplace.mlflow)
    number = registry.register(trained, CHALLENGER, facts, by, pictures)
    event = {"model": trained.spec.name, "to": trained.version, "number": number, "trained_by": by, **facts}
    log_event(workplace, "challenger trained", {**event, "label_source": trained.label_source})
    return number


def _snapshot(source: Source, workplace: Workplace) -> Snapshot:
    building = fresh(workplace.scratch / f"train-{source.quarter}")
    accepted = pass_gate(source, workplace, building)
    refuse_when_blocked(accepted, building)
    snapshot = snapshot_of(accepted, workplace)
    fresh(building).rmdir()
    return snapshot


def _labels(labelled: Labelled, spec: ModelSpec, given: str | None, workplace: Workplace) -> Labels:
    if given == "store":
        return labels_of_store(labelled, spec, workplace.store_url())
    if given is not None:
        return labels_of_folder(labelled, spec, labelled.given)
    labels = labels_of_folder(labelled, spec)
    return labels if len(labels.frame) else labels_of_store(labelled, spec, workplace.store_url())


def _label_snapshot(folder: Path, workplace: Workplace) -> Snapshot:
    """The label tables of a folder that holds nothing else of the contract, checked column by column."""
    from records.label_folder import read_label_folder

    snapshot, notes = read_label_folder(folder, fresh(workplace.scratch / "labels"))
    for note in notes:
        sys.stderr.write(f"{note}\n")
    return snapshot
