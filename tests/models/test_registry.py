"""The registry: what is registered stays, is found again, and survives being killed between any two steps."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.artifacts import pictures_of
from models.compare import table
from models.definitions import feature_manifest
from models.labels import WEAK
from models.loaded import LoadedModel
from models.manifest import manifest_of
from models.registry import CHALLENGER, CHAMPION, PREVIOUS, Registry
from models.specs import ModelSpec, load_specs
from models.tracking import Tracking
from models.training import Trained, train
from records.errors import GateRefused, ModelNotTrained, NotFound, ServiceUnavailable

FACTS = {"snapshot": "abc", "as_of": "2026-07-01"}


class Killed(BaseException):
    """Stands for the end of the process."""


class Mortal:
    """A client whose process dies before its n-th call."""

    def __init__(self, client: Any, calls: int) -> None:
        self.client, self.left = client, calls

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            if self.left == 0:
                raise Killed
            self.left -= 1
            return getattr(self.client, name)(*arguments, **named)

        return call


def _mortal(registry: Registry, calls: int) -> Mortal:
    client = Mortal(registry.client, calls)
    registry.client = registry.tracking.client = client
    return client


@pytest.fixture(scope="module")
def better(spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]) -> Trained:
    """Another model of the same quality: the same labels and features, another seed."""
    return train(spec, rows, labels_of(rows), groups, threads=1, seed=7)


@pytest.fixture(scope="module")
def worse(spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]) -> Trained:
    """A model that was kept from the features that tell anything."""
    hidden = {name: group for name, group in groups.items() if name in ("total_amount", "age", "findings")}
    return train(spec, rows, labels_of(rows), hidden, threads=1)


def test_a_registered_model_scores_as_the_trained_one(
    registry: Registry, trained: Trained, spec: ModelSpec, rows: pd.DataFrame
) -> None:
    assert registry.champion(spec) is None
    assert registry.versions(spec) == []
    number = registry.register(trained, CHAMPION, FACTS)
    model = registry.champion(spec)
    assert model is not None
    assert model.text == trained.text
    assert model.version == trained.version
    assert model.manifest["snapshot"] == "abc"
    assert model.calibration == trained.calibration
    assert [(v.number, v.aliases) for v in registry.versions(spec)] == [(number, (CHAMPION,))]


def test_it_can_be_loaded_by_mlflow_itself(registry: Registry, trained: Trained, spec: ModelSpec, rows: pd.DataFrame) -> None:
    import lightgbm
    import mlflow

    pictures = pictures_of(trained, LoadedModel.of(trained.text, manifest_of(trained, FACTS)))
    registry.register(trained, CHAMPION, FACTS, pictures=pictures)
    with pytest.raises(ModelNotTrained), registry.files(spec, CHALLENGER):
        pass
    with registry.files(spec, CHAMPION) as folder:
        loaded = mlflow.pyfunc.load_model(str(folder))
        made = {path.name for path in folder.rglob("*")}
        drawn = {path.stem: path.read_bytes() for path in (folder / "pictures").iterdir()}
        defined = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
        card = (folder / "card.md").read_text(encoding="utf-8")
        json.loads((folder / "manifest.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert drawn == pictures
    assert set(drawn) == {"precision_recall", "calibration", "shap_summary", "shap_waterfall_highest"}
    assert all(content.startswith(b"\x89PNG") for content in drawn.values())
    assert [entry["name"] for entry in defined] == trained.names
    assert {"python", "lightgbm", "mlflow", "shap"} <= set(environment)
    assert {"model.txt", "manifest.json", "metrics.json", "evaluation.parquet", "MLmodel"} <= made
    assert not [name for name in made if name.endswith((".pkl", ".pickle", ".joblib"))]
    assert "不是违规认定" in card
    assert trained.version in card
    example = loaded.input_example
    assert list(example.columns) == trained.names
    assert len(loaded.predict(example)) == len(example)
    features = rows[trained.names].astype("float64")
    expected = lightgbm.Booster(model_str=trained.text).predict(features.to_numpy())
    np.testing.assert_array_equal(loaded.predict(features), expected)


def test_parameters_and_metrics_with_intervals_are_logged(registry: Registry, trained: Trained, spec: ModelSpec) -> None:
    registry.register(trained, CHALLENGER, FACTS)
    client = registry.client
    experiment = client.get_experiment_by_name(spec.name)
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["num_leaves"] == str(dict(spec.parameters)["num_leaves"])
    assert run.data.tags["rxpanel.data_hash"] == trained.data_hash
    assert run.data.tags["rxpanel.feature_manifest"] == feature_manifest(spec.grain, trained.names)
    value = trained.metrics["average_precision"]["model"]["value"]
    assert run.data.metrics["average_precision"] == pytest.approx(value)
    assert run.data.metrics["average_precision.low90"] <= value <= run.data.metrics["average_precision.high90"]


def test_the_same_training_is_registered_once(registry: Registry, trained: Trained, spec: ModelSpec) -> None:
    first = registry.register(trained, CHALLENGER, FACTS)
    assert registry.register(trained, CHAMPION, FACTS) == first
    (only,) = registry.versions(spec)
    assert only.aliases == (CHALLENGER, CHAMPION) or only.aliases == (CHAMPION, CHALLENGER)
    assert registry.register(trained, CHALLENGER, {**FACTS, "snapshot": "other"}) != first


def test_a_registration_may_be_killed_before_any_step(empty_store: Path, tmp_path: Path, trained: Trained) -> None:
    spec, calls = trained.spec, 0
    while True:
        folder = tmp_path / str(calls)
        shutil.copytree(empty_store, folder)
        registry = Registry(None, folder)
        client = _mortal(registry, calls)
        try:
            registry.register(trained, CHALLENGER, FACTS, "甲")
        except Killed:
            pass
        else:
            break
        again = Registry(None, folder)
        again.versions(spec)
        again.register(trained, CHALLENGER, FACTS, "甲")
        assert [version.aliases for version in again.versions(spec)] == [(CHALLENGER,)], calls
        assert again._trainers(spec, again.versions(spec)[0].number) == ["甲"]
        experiment = again.client.get_experiment_by_name(spec.name)
        runs = again.client.search_runs([experiment.experiment_id])
        assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
        calls += 1
    assert client.left == 0
    assert calls > 6


def test_half_copied_artifacts_are_never_a_version(
    registry: Registry, trained: Trained, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(source: Path, target: Path) -> None:
        Path(target).mkdir(parents=True)
        (Path(target) / "model.txt").write_text("half")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("models.tracking.shutil.copytree", torn)
        with pytest.raises(Killed):
            registry.register(trained, CHALLENGER, FACTS)
    assert registry.versions(spec) == []
    registry.register(trained, CHALLENGER, FACTS)
    model = registry.under(spec, CHALLENGER)
    assert model is not None
    assert model.text == trained.text


def test_a_database_that_was_being_made_when_killed_is_made_again(tmp_path: Path, empty_store: Path) -> None:
    folder = tmp_path / "mlflow"
    (folder / ".making-x").mkdir(parents=True)
    (folder / ".making-x" / "mlflow.db").write_bytes(b"SQLite format 3\x00 and no more")
    assert not (folder / "mlflow.db").exists()
    assert Registry(None, folder).champion(load_specs()["fraud@person"]) is None
    assert (folder / "mlflow.db").exists()


def test_a_moved_work_folder_keeps_its_models_and_takes_new_ones(
    registry: Registry, trained: Trained, better: Trained, spec: ModelSpec, tmp_path: Path
) -> None:
    registry.register(trained, CHAMPION, FACTS)
    moved = tmp_path / "数据 artifacts" / "artifacts" / "mlflow"
    moved.parent.mkdir(parents=True)
    shutil.move(tmp_path / "mlflow", moved)
    there = Registry(None, moved)
    champion = there.champion(spec)
    assert champion is not None
    assert champion.version == trained.version
    there.register(better, CHALLENGER, FACTS)
    assert not (tmp_path / "mlflow").exists()
    assert {version.manifest["model_version"] for version in there.versions(spec)} == {
        trained.version,
        better.version,
    }


def test_promotion_and_rollback(registry: Registry, trained: Trained, better: Trained, spec: ModelSpec) -> None:
    with pytest.raises(ModelNotTrained, match="rxpanel train"):
        registry.promote(spec, "李主任")
    with pytest.raises(NotFound):
        registry.rollback(spec, "李主任")
    registry.register(trained, CHALLENGER, FACTS)
    first = registry.promote(spec, "李主任")
    assert (first["from"], first["to"], first["override"]) == (None, trained.version, None)
    registry.register(better, CHALLENGER, FACTS)
    event = registry.promote(spec, "李主任")
    assert (event["from"], event["to"]) == (trained.version, better.version)
    assert event["comparison"]["rows"] > 100
    assert event["approved_by"] == "李主任"
    json.dumps(event)
    assert registry.under(spec, CHALLENGER) is None
    back = registry.rollback(spec, "王副局长")
    assert (back["from"], back["to"]) == (better.version, trained.version)
    champion = registry.champion(spec)
    assert champion is not None
    assert champion.version == trained.version
    previous = registry.under(spec, PREVIOUS)
    assert previous is not None
    assert previous.version == better.version


def test_the_gate_refuses_what_ranks_worse_and_yields_to_a_reason(
    registry: Registry, trained: Trained, worse: Trained, spec: ModelSpec
) -> None:
    registry.register(trained, CHAMPION, FACTS)
    registry.register(worse, CHALLENGER, FACTS)
    with pytest.raises(GateRefused, match="below the champion's on the same"):
        registry.promote(spec, "李主任")
    champion = registry.champion(spec)
    assert champion is not None
    assert champion.version == trained.version
    event = registry.promote(spec, "李主任", "the old one was trained on wrong data")
    assert event["override"] == "the old one was trained on wrong data"
    assert event["objections"]
    assert event["comparison"]["interval90"][1] < 0


def test_an_older_champion_is_scored_on_the_test_rows_of_the_challenger(
    registry: Registry, spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], trained: Trained
) -> None:
    older = rows[rows["quarter"] < "2026Q2"]
    champion = train(spec, older, labels_of(older), groups, threads=1)
    registry.register(champion, CHAMPION, FACTS)
    registry.register(trained, CHALLENGER, FACTS)
    event = registry.promote(spec, "李主任")
    assert "scored the challenger's test rows" in event["comparison"]["how"]
    assert event["comparison"]["rows"] == trained.metrics["rows"]


def test_a_champion_of_weak_labels_meets_the_verdicts(
    registry: Registry, spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], trained: Trained
) -> None:
    weak = labels_of(rows, source=WEAK)
    weak.frame["label"] = (rows["findings"] > 0).astype(int)
    registry.register(train(spec, rows, weak, groups, threads=1), CHAMPION, FACTS)
    registry.register(trained, CHALLENGER, FACTS)
    assert "scored the challenger's test rows" in registry.promote(spec, "李主任")["comparison"]["how"]


@pytest.mark.parametrize("calls", range(12))
def test_a_promotion_may_be_killed_before_any_step(
    registry: Registry, trained: Trained, better: Trained, spec: ModelSpec, tmp_path: Path, calls: int
) -> None:
    registry.register(trained, CHAMPION, FACTS)
    registry.register(better, CHALLENGER, FACTS)
    _mortal(registry, calls)
    try:
        registry.promote(spec, "李主任")
    except Killed:
        again = Registry(None, tmp_path / "mlflow")
        champion = again.champion(spec)
        assert champion is not None
        assert champion.version in {trained.version, better.version}
        again.promote(spec, "李主任")
    done = Registry(None, tmp_path / "mlflow")
    found = {alias: model.version for alias in (CHAMPION, PREVIOUS) if (model := done.under(spec, alias))}
    assert found == {CHAMPION: better.version, PREVIOUS: trained.version}
    assert done.under(spec, CHALLENGER) is None


def test_files_that_are_gone_are_said(registry: Registry, trained: Trained, spec: ModelSpec, tmp_path: Path) -> None:
    registry.register(trained, CHAMPION, FACTS)
    shutil.rmtree(tmp_path / "mlflow" / "artifacts")
    with pytest.raises(NotFound, match="train it again"):
        registry.champion(spec)


def test_a_store_that_refuses_is_a_situation(registry: Registry, trained: Trained) -> None:
    from mlflow.exceptions import MlflowException

    def refuse(*arguments: Any, **named: Any) -> Any:
        raise MlflowException("the disk is full")

    registry.client.create_run = refuse
    with pytest.raises(ServiceUnavailable, match="disk is full"):
        registry.register(trained, CHALLENGER, FACTS)


def test_a_server_keeps_its_own_artifacts(tmp_path: Path, empty_store: Path) -> None:
    tracking = Tracking(f"sqlite:///{empty_store / 'mlflow.db'}", tmp_path)
    assert not tracking.embedded
    assert tracking._local("mlflow-artifacts:/1/abc/artifacts/model") is None


@pytest.mark.parametrize("named", [False, True])
def test_nothing_is_left_in_the_folder_a_command_is_run_in(
    named: bool, empty_store: Path, tmp_path: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    here, work = tmp_path / "here", tmp_path / "work"
    here.mkdir()
    shutil.copytree(empty_store, work)
    monkeypatch.chdir(here)
    registry = Registry(f"sqlite:///{work / 'mlflow.db'}" if named else None, work)
    registry.register(trained, CHAMPION, FACTS)
    champion = registry.champion(trained.spec)
    assert champion is not None
    assert champion.version == trained.version
    assert list(here.iterdir()) == []
    # Another work folder of the same process, and whatever process it begins, has a store of its own.
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_the_comparison_lists_champions_and_challengers(
    registry: Registry, trained: Trained, worse: Trained, spec: ModelSpec
) -> None:
    assert table(registry) == []
    registry.register(trained, CHAMPION, FACTS)
    registry.register(worse, CHALLENGER, FACTS)
    first, second = table(registry)
    assert (first["model"], first["alias"], second["alias"]) == (spec.name, CHAMPION, CHALLENGER)
    assert first["positives"] == trained.metrics["positives"]
    assert first["average_precision"] == trained.metrics["average_precision"]["model"]
    simple = {name: first["baselines"][name]["value"] for name in ("total amount", "number of findings")}
    assert first["gain_over"] == max(simple, key=lambda name: simple[name])
    assert first["gain"]["interval90"][0] > 0
    assert set(first["baselines"]) == {"total amount", "number of findings", "isolation forest", "logistic regression"}
    for name in ("precision_at_capacity", "recall_at_capacity", "calibration_error", "money_per_100_reviews"):
        low, high = first[name]["interval90"]
        assert low <= high
    assert replace(spec) == spec
