"""A made-up table of labelled rows with a real signal, one model trained on it, and an empty MLflow store to copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.labels import VERDICTS, Labels
from models.loaded import LoadedModel
from models.manifest import manifest_of
from models.registry import Registry
from models.specs import ModelSpec, load_specs
from models.training import Trained, train

QUARTERS = ("2025Q4", "2026Q1", "2026Q2")
GROUPS = {
    "total_amount": "amount",
    "amount_per_day": "amount",
    "drug_count": "content",
    "age": "person",
    "findings": "findings",
}
MakeRows = Callable[..., pd.DataFrame]
MakeLabels = Callable[..., Labels]


def make_rows(count: int = 900, seed: int = 1, grain_key: str = "rxno") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"key": [f"R{n:05d}" for n in range(count)]})
    frame["quarter"] = np.array(QUARTERS)[np.arange(count) % len(QUARTERS)]
    frame["group"] = [f"D{n % 44:03d}" for n in range(count)]
    frame["as_of"] = frame["quarter"].map(
        dict(zip(QUARTERS, pd.to_datetime(["2026-01-01", "2026-04-01", "2026-07-01"]), strict=True))
    )
    frame[grain_key] = frame["key"]
    frame["total_amount"] = rng.gamma(2, 40, count).round(2)
    frame["amount_per_day"] = rng.gamma(2, 10, count).round(2)
    frame["drug_count"] = rng.integers(1, 8, count)
    frame["age"] = np.where(rng.random(count) < 0.1, np.nan, rng.integers(1, 95, count))
    frame["findings"] = rng.poisson(0.4, count)
    return frame


def make_labels(rows: pd.DataFrame, seed: int = 2, source: str = VERDICTS) -> Labels:
    rng = np.random.default_rng(seed)
    signal = rows["drug_count"] * 0.8 + rows["amount_per_day"] / 15 - 5.6 + rng.normal(0, 0.8, len(rows))
    frame = rows[["key", "quarter"]].assign(
        label=(signal > 0).astype(int), weight=1.0, known=True, random=True, loss=rows["total_amount"] * (signal > 0)
    )
    return Labels(frame, source)


@pytest.fixture(scope="session")
def rows_of() -> MakeRows:
    return make_rows


@pytest.fixture(scope="session")
def labels_of() -> MakeLabels:
    return make_labels


@pytest.fixture(scope="session")
def groups() -> dict[str, str]:
    return dict(GROUPS)


@pytest.fixture(scope="session")
def spec() -> ModelSpec:
    return load_specs()["unreasonable@prescription"]


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return make_rows()


@pytest.fixture(scope="session")
def trained(spec: ModelSpec, rows: pd.DataFrame) -> Trained:
    return train(spec, rows, make_labels(rows), GROUPS, threads=1)


@pytest.fixture(scope="session")
def model(trained: Trained) -> LoadedModel:
    return LoadedModel.of(trained.text, manifest_of(trained, {}))


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store, made once: its first making takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow") / "mlflow"
    Registry(None, folder)
    return folder


@pytest.fixture
def registry(empty_store: Path, tmp_path: Path) -> Registry:
    shutil.copytree(empty_store, tmp_path / "mlflow")
    return Registry(None, tmp_path / "mlflow")
