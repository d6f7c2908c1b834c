"""The MLflow registry: every trained model with what was known of it, and which one is champion."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.loaded import LoadedModel
from models.specs import ModelSpec
from models.training import Trained
from records.errors import GateRefused, ModelNotTrained, NotFound, ServiceUnavailable
from records.output import write_json, write_text

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
_REQUIREMENTS = ["lightgbm", "pandas"]


@dataclass(frozen=True)
class Version:
    """One registered version: its number in the registry, aliases, and the facts of its manifest."""

    number: int
    aliases: tuple[str, ...]
    manifest: dict[str, Any]


class Registry:
    """The registry behind a tracking address; the embedded store (SQLite) when there is none."""

    def __init__(self, tracking_uri: str | None, folder: Path) -> None:
        os.environ.setdefault("MLFLOW_TRACKING_URI", tracking_uri or "")
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow

        self.folder = folder
        self.embedded = tracking_uri is None
        self._mlflow = mlflow
        uri = tracking_uri or f"sqlite:///{self._database()}"
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        self.client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)

    def _database(self) -> Path:
        """The embedded database; made beside and renamed, so that a kill leaves none or a whole one."""
        place = self.folder / "mlflow.db"
        if not place.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(dir=self.folder, prefix=".making-"))
            draft = f"sqlite:///{scratch / 'mlflow.db'}"
            client = self._mlflow.MlflowClient(tracking_uri=draft, registry_uri=draft)
            client.search_registered_models()
            client.search_experiments()
            client._tracking_client.store.engine.dispose()
            (scratch / "mlflow.db").replace(place)
            shutil.rmtree(scratch, ignore_errors=True)
        return place

    def _experiment(self, spec: ModelSpec) -> str:
        found = self.client.get_experiment_by_name(spec.name)
        if found is not None:
            return str(found.experiment_id)
        place = (self.folder / "artifacts" / spec.slug).absolute().as_uri() if self.embedded else None
        return str(self.client.create_experiment(spec.name, artifact_location=place))

    def register(self, trained: Trained, alias: str, facts: dict[str, Any]) -> int:
        """Log a training and register it under an alias; the registry's version number comes back.

        ``facts`` = what the caller knows of the data (snapshot digest, as-of, basis version).
        """
        spec = trained.spec
        manifest = {
            "model": spec.name,
            "model_version": trained.version,
            "features": trained.names,
            "calibration": asdict(trained.calibration),
            "label_source": trained.label_source,
            "quarters": trained.quarters,
            "rounds": trained.rounds,
            "parameters": dict(spec.parameters),
            "usual": trained.usual,
            "metrics": trained.metrics,
            **facts,
        }
        try:
            run = self.client.create_run(self._experiment(spec), run_name=trained.version)
            self._log(run.info.run_id, trained, manifest)
            self._ensure_model(spec)
            source = f"{run.info.artifact_uri}/model"
            version = self.client.create_model_version(spec.slug, source, run.info.run_id)
            self.client.set_terminated(run.info.run_id)
            self.client.set_registered_model_alias(spec.slug, alias, version.version)
        except self._mlflow.MlflowException as error:
            raise ServiceUnavailable(
                "The MLflow store does not accept the model: check MLFLOW_TRACKING_URI and try again."
            ) from error
        return int(version.version)

    def _log(self, run_id: str, trained: Trained, manifest: dict[str, Any]) -> None:
        for name, value in {**dict(trained.spec.parameters), "rounds": trained.rounds}.items():
            self.client.log_param(run_id, name, value)
        metrics = trained.metrics
        flat = {
            "average_precision": metrics["average_precision"]["model"]["value"],
            "precision_at_capacity": metrics["precision_at_capacity"],
            "calibration_error": metrics["calibration_error"],
            "brier": metrics["brier"],
        }
        for name, value in flat.items():
            if value == value:  # noqa: PLR0124
                self.client.log_metric(run_id, name, value)
        self.client.set_tag(run_id, "label_source", trained.label_source)
        with tempfile.TemporaryDirectory(prefix="rxpanel-model-") as scratch:
            folder = Path(scratch) / "model"
            write_text(folder / "model.txt", trained.text)
            write_json(folder / "manifest.json", manifest)
            write_text(folder / "requirements.txt", "\n".join(_REQUIREMENTS) + "\n")
            write_text(folder / "card.md", model_card(manifest))
            self.client.log_artifacts(run_id, str(folder), "model")

    def _ensure_model(self, spec: ModelSpec) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.get_registered_model(spec.slug)
        except MlflowException:
            self.client.create_registered_model(spec.slug, description=f"{spec.zh} {spec.en}")

    def versions(self, spec: ModelSpec) -> list[Version]:
        """All versions of a model, oldest first, with aliases and manifests."""
        found = self.client.search_model_versions(f"name = '{spec.slug}'")
        by_number: dict[int, list[str]] = {}
        if found:
            aliases = self.client.get_registered_model(spec.slug).aliases
            for alias, number in aliases.items():
                by_number.setdefault(int(number), []).append(alias)
        numbers = sorted(int(version.version) for version in found)
        return [Version(n, tuple(sorted(by_number.get(n, []))), self._load(spec, str(n))[1]) for n in numbers]

    def _load(self, spec: ModelSpec, number: str) -> tuple[str, dict[str, Any]]:
        version = self.client.get_model_version(spec.slug, number)
        with tempfile.TemporaryDirectory(prefix="rxpanel-model-") as scratch:
            place = self._local(version.source)
            if place is None:
                fetched = self._mlflow.artifacts.download_artifacts(
                    artifact_uri=version.source, dst_path=scratch
                )
                place = Path(fetched)
            text = (place / "model.txt").read_bytes().decode()
            manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
        return text, manifest

    def _local(self, source: str) -> Path | None:
        """Where an artifact of the embedded store lies, also after the work folder was moved."""
        if not self.embedded:
            return None
        _, found, rest = source.partition("/artifacts/")
        return self.folder / "artifacts" / rest if found else None

    def _number(self, spec: ModelSpec, alias: str) -> int | None:
        from mlflow.exceptions import MlflowException

        try:
            return int(self.client.get_model_version_by_alias(spec.slug, alias).version)
        except MlflowException:
            return None

    def under(self, spec: ModelSpec, alias: str) -> LoadedModel | None:
        """The model under an alias; None when there is none."""
        number = self._number(spec, alias)
        if number is None:
            return None
        return LoadedModel.of(*self._load(spec, str(number)))

    def champion(self, spec: ModelSpec) -> LoadedModel | None:
        """The model that scores; None when none has been trained yet."""
        return self.under(spec, CHAMPION)

    def promote(self, spec: ModelSpec, approved_by: str, override: str | None) -> dict[str, Any]:
        """Make the challenger champion if the gate allows it; the event to be logged comes back.

        Raises ModelNotTrained without a challenger, GateRefused when the gate says no and nothing overrides it.
        """
        number = self._number(spec, CHALLENGER)
        if number is None:
            raise ModelNotTrained(f"{spec.name} has no challenger: train one with 'rxpanel train'.")
        challenger = LoadedModel.of(*self._load(spec, str(number)))
        before = self._number(spec, CHAMPION)
        champion = self.champion(spec)
        objections = [] if champion is None else gate(challenger.manifest, champion.manifest)
        if objections and not override:
            raise GateRefused(
                f"{spec.name} was not promoted: {'; '.join(objections)} (--override REASON to insist)."
            )
        if before is not None and before != number:
            self.client.set_registered_model_alias(spec.slug, PREVIOUS, str(before))
        self.client.set_registered_model_alias(spec.slug, CHAMPION, str(number))
        self.client.delete_registered_model_alias(spec.slug, CHALLENGER)
        return {
            "model": spec.name,
            "from": champion.version if champion else None,
            "to": challenger.version,
            "approved_by": approved_by,
            "objections": objections,
            "override": override if objections else None,
        }

    def rollback(self, spec: ModelSpec, approved_by: str) -> dict[str, Any]:
        """Bring the previous champion back. Raises NotFound when there is none."""
        previous, current = self._number(spec, PREVIOUS), self._number(spec, CHAMPION)
        if previous is None or current is None:
            raise NotFound(f"{spec.name} has no previous champion to go back to.")
        self.client.set_registered_model_alias(spec.slug, CHAMPION, str(previous))
        self.client.set_registered_model_alias(spec.slug, PREVIOUS, str(current))
        now = self.champion(spec)
        return {"model": spec.name, "to": now.version if now else None, "approved_by": approved_by}


def gate(challenger: dict[str, Any], champion: dict[str, Any]) -> list[str]:
    """What speaks against a promotion, as sentences; nothing when the challenger may replace the champion.

    Models of unlike label sources were tested on unlike labels; then the challenger must beat its own baselines.
    """
    found = []
    new, old = challenger["metrics"], champion["metrics"]
    same = challenger["label_source"] == champion["label_source"] and new["kind"] == old["kind"]
    value = new["average_precision"]["model"]["value"]
    if same and value < old["average_precision"]["model"]["interval90"][0]:
        found.append("its average precision lies below the champion's 90 % interval")
    for name, gain in new["gain"].items():
        if not gain["value"] > 0:
            found.append(f"it does not beat the baseline '{name}'")
    return found


def model_card(manifest: dict[str, Any]) -> str:
    """A short model card, Chinese first."""
    weak = "（弱标签：仅由规则发现推断）" if "weak" in str(manifest["label_source"]) else ""
    rows = [
        f"| {name} | {entry['value']:.3f} |"
        for name, entry in manifest["metrics"]["average_precision"].items()
    ]
    return "\n".join(
        [
            f"# {manifest['model']} {manifest['model_version']}",
            f"标签来源 label source: {manifest['label_source']}{weak}",
            f"训练季度 training quarters: {', '.join(manifest['quarters'])}",
            f"评估方式 evaluation: {manifest['metrics']['kind']}",
            "",
            "| 平均精度 average precision | |",
            "|---|---|",
            *rows,
            "",
            "评分是疑点指向，不是违规认定。A score points; only the competent authority establishes.",
            "",
        ]
    )
