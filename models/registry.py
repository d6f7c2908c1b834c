"""The MLflow registry: every trained model with what was known of it, and which one is champion."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.artifacts import write_artifacts
from models.gate import Judged, judge, same_person
from models.loaded import LoadedModel
from models.manifest import logged_metrics, logged_parameters, manifest_of
from models.specs import ModelSpec
from models.tracking import Tracking
from models.training import Trained
from records.errors import GateRefused, ModelNotTrained, NotFound

if TYPE_CHECKING:
    import pandas as pd

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
_IDENTITY, _TRAINED_BY = "rxpanel.identity", "rxpanel.trained_by"

#: Facts of the manifest that a run is looked up by: data, definitions of the features, snapshot.
_HASHES = ("data_hash", "feature_manifest", "snapshot")


@dataclass(frozen=True)
class Version:
    """One registered version: its number in the registry, aliases, and the facts of its manifest."""

    number: int
    aliases: tuple[str, ...]
    manifest: dict[str, Any]


class Registry:
    """The registry behind a tracking address; the embedded store (SQLite) when there is none.

    Every operation may be killed at any moment and run again: a version appears only when its artifacts are
    whole, the same training is registered once, and an alias is the last thing that moves.
    """

    def __init__(self, tracking_uri: str | None, folder: Path) -> None:
        self.tracking = Tracking(tracking_uri, folder)
        self.client = self.tracking.client

    def register(
        self, trained: Trained, alias: str, facts: dict[str, Any], by: str = "", pictures: dict[str, bytes] | None = None
    ) -> int:
        """Log a training and register it under an alias; the registry's version number comes back.

        ``facts`` = what the caller knows of the data (snapshot digest, as-of, basis version). The same training
        with the same facts is the same version, however often it is registered. ``by`` = who asked for it, which
        the gate wants to be another than who approves; ``pictures`` = PNG files by name, shown with the model.
        """
        spec, manifest = trained.spec, manifest_of(trained, facts)
        identity = hashlib.sha256(json.dumps(manifest, sort_keys=True, default=str).encode()).hexdigest()[:24]
        with self.tracking.answering():
            number = self._registered(spec, identity)
            if number is None:
                number = self._log(trained, manifest, identity, pictures or {})
            self._note_trainer(spec, number, by)
            self.client.set_registered_model_alias(spec.slug, alias, str(number))
        return number

    def _note_trainer(self, spec: ModelSpec, number: int, by: str) -> None:
        """Add a name to those who trained a version."""
        names = self._trainers(spec, number) if by.strip() else []
        if by.strip() and not any(same_person(by, name) for name in names):
            self.client.set_model_version_tag(spec.slug, str(number), _TRAINED_BY, "\n".join([*names, by.strip()]))

    def _trainers(self, spec: ModelSpec, number: int) -> list[str]:
        tags = self.client.get_model_version(spec.slug, str(number)).tags
        return str(tags.get(_TRAINED_BY, "")).splitlines()

    def _registered(self, spec: ModelSpec, identity: str) -> int | None:
        found = self.client.search_model_versions(f"name = '{spec.slug}'")
        numbers = [int(version.version) for version in found if version.tags.get(_IDENTITY) == identity]
        return min(numbers, default=None)

    def _log(self, trained: Trained, manifest: dict[str, Any], identity: str, pictures: dict[str, bytes]) -> int:
        spec, client = trained.spec, self.client
        tags = {_IDENTITY: identity, "label_source": trained.label_source}
        tags |= {f"rxpanel.{name}": str(manifest[name]) for name in _HASHES if name in manifest}
        experiment = self.tracking.experiment(spec.name, spec.slug)
        self._end_killed(experiment, identity)
        run = client.create_run(experiment, run_name=trained.version, tags=tags)
        self._log_numbers(run.info.run_id, trained)
        with tempfile.TemporaryDirectory(prefix="rxpanel-model-") as scratch:
            source = self.tracking.put(run, write_artifacts(trained, manifest, Path(scratch), pictures), "model")
        client.set_terminated(run.info.run_id)
        self._ensure_model(spec)
        version = client.create_model_version(spec.slug, source, run.info.run_id, tags=tags)
        return int(version.version)

    def _end_killed(self, experiment: str, identity: str) -> None:
        """Close what an earlier, killed registration of the same training left open."""
        chosen = f"attributes.status = 'RUNNING' AND tags.`{_IDENTITY}` = '{identity}'"
        for run in self.client.search_runs([experiment], chosen):
            self.client.set_terminated(run.info.run_id, "KILLED")

    def _log_numbers(self, run_id: str, trained: Trained) -> None:
        from mlflow.entities import Metric, Param

        settings = [Param(name, str(value)) for name, value in logged_parameters(trained).items()]
        measured = [Metric(name, number, 0, 0) for name, number in logged_metrics(trained.metrics).items()]
        self.client.log_batch(run_id, metrics=measured, params=settings)

    def _ensure_model(self, spec: ModelSpec) -> None:
        if self._aliases(spec) is None:
            self.client.create_registered_model(spec.slug, description=f"{spec.zh} {spec.en}")

    def _aliases(self, spec: ModelSpec) -> dict[str, int] | None:
        """Aliases of a registered model; None when it is not registered."""
        from mlflow.exceptions import MlflowException

        try:
            aliases = self.client.get_registered_model(spec.slug).aliases
        except MlflowException as error:
            if self.tracking.absent(error):
                return None
            raise
        return {alias: int(number) for alias, number in aliases.items()}

    def versions(self, spec: ModelSpec) -> list[Version]:
        """All versions of a model, oldest first, with aliases and manifests."""
        with self.tracking.answering():
            aliases = self._aliases(spec)
            found = [] if aliases is None else self.client.search_model_versions(f"name = '{spec.slug}'")
        listed = []
        for number in sorted(int(version.version) for version in found):
            names = tuple(sorted(alias for alias, at in (aliases or {}).items() if at == number))
            listed.append(Version(number, names, self._load(spec, number).manifest))
        return listed

    @contextmanager
    def _folder(self, spec: ModelSpec, number: int) -> Iterator[Path]:
        with self.tracking.answering():
            source = self.client.get_model_version(spec.slug, str(number)).source
        with self.tracking.artifacts(source) as folder:
            if not (folder / "manifest.json").exists():
                raise NotFound(f"The files of {spec.name} version {number} are gone: train it again.")
            yield folder

    @contextmanager
    def files(self, spec: ModelSpec, alias: str) -> Iterator[Path]:
        """The folder of the model under an alias, as MLflow loads it, for the time of the block.

        Found also where an embedded store was moved. Raises ModelNotTrained when there is none.
        """
        number = self._number(spec, alias)
        if number is None:
            raise ModelNotTrained(f"{spec.name} has no {alias}: train one with 'rxpanel train'.")
        with self._folder(spec, number) as folder:
            yield folder

    def _load(self, spec: ModelSpec, number: int) -> LoadedModel:
        with self._folder(spec, number) as folder:
            text = (folder / "model.txt").read_bytes().decode()
            return LoadedModel.of(text, json.loads((folder / "manifest.json").read_text(encoding="utf-8")))

    def _test(self, spec: ModelSpec, number: int) -> pd.DataFrame:
        import pandas as pd

        with self._folder(spec, number) as folder:
            return pd.read_parquet(folder / "evaluation.parquet")

    def _number(self, spec: ModelSpec, alias: str) -> int | None:
        with self.tracking.answering():
            return (self._aliases(spec) or {}).get(alias)

    def under(self, spec: ModelSpec, alias: str) -> LoadedModel | None:
        """The model under an alias; None when there is none."""
        number = self._number(spec, alias)
        return None if number is None else self._load(spec, number)

    def champion(self, spec: ModelSpec) -> LoadedModel | None:
        """The model that scores; None when none has been trained yet."""
        return self.under(spec, CHAMPION)

    def judged(self, spec: ModelSpec) -> Judged | None:
        """What the gate says of the challenger as it stands, without promoting it; None when there is none."""
        number, before = self._number(spec, CHALLENGER), self._number(spec, CHAMPION)
        if number is None:
            return None
        rival = before if before != number else None
        test = self._test(spec, number)
        champion = None if rival is None else self._load(spec, rival)
        return judge(self._load(spec, number), test, champion, test if rival is None else self._test(spec, rival))

    def promote(self, spec: ModelSpec, approved_by: str, override: str | None = None) -> dict[str, Any]:
        """Make the challenger champion if the gate allows it; the event to be logged comes back.

        Raises ModelNotTrained without a challenger, GateRefused when who approves is who trained, or when the gate
        says no and no reason overrides it. A reason never stands for the second person.
        """
        number, before = self._number(spec, CHALLENGER), self._number(spec, CHAMPION)
        if number is None:
            raise ModelNotTrained(f"{spec.name} has no challenger: train one with 'rxpanel train'.")
        with self.tracking.answering():
            trainers = self._trainers(spec, number)
        if not approved_by.strip() or any(same_person(approved_by, name) for name in trainers):
            raise GateRefused(f"{spec.name} was trained by {', '.join(trainers) or 'nobody named'}: a second person approves.")
        challenger = self._load(spec, number)
        rival = before if before != number else None
        champion = None if rival is None else self._load(spec, rival)
        test = self._test(spec, number)
        judged = judge(challenger, test, champion, test if rival is None else self._test(spec, rival))
        if judged.objections and not override:
            why = "; ".join(judged.objections)
            raise GateRefused(f"{spec.name} was not promoted: {why} (--override REASON to insist).")
        with self.tracking.answering():
            self.client.set_model_version_tag(spec.slug, str(number), "approved_by", approved_by)
            if rival is not None:
                self.client.set_registered_model_alias(spec.slug, PREVIOUS, str(rival))
            self.client.set_registered_model_alias(spec.slug, CHAMPION, str(number))
            self.client.delete_registered_model_alias(spec.slug, CHALLENGER)
        return {
            "model": spec.name,
            "from": champion.version if champion else challenger.version if before == number else None,
            "to": challenger.version,
            "trained_by": trainers,
            "approved_by": approved_by,
            "objections": judged.objections,
            "comparison": judged.comparison,
            "override": override if judged.objections else None,
        }

    def rollback(self, spec: ModelSpec, approved_by: str) -> dict[str, Any]:
        """Bring the previous champion back; the event to be logged comes back. Raises NotFound without one."""
        previous, current = self._number(spec, PREVIOUS), self._number(spec, CHAMPION)
        if previous is None or current is None:
            raise NotFound(f"{spec.name} has no previous champion to go back to.")
        back, left = self._load(spec, previous), self._load(spec, current)
        with self.tracking.answering():
            self.client.set_registered_model_alias(spec.slug, CHAMPION, str(previous))
            self.client.set_registered_model_alias(spec.slug, PREVIOUS, str(current))
        return {"model": spec.name, "from": left.version, "to": back.version, "approved_by": approved_by}
