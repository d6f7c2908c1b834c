"""The MLflow store behind the registry: a server named by its address, or an embedded one in the work folder."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from records.errors import ServiceUnavailable

#: MLflow tells of its progress on the terminal and tries a dead server for minutes, unless told otherwise.
_QUIET = {
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}


class Tracking:
    """A connection to MLflow. Artifacts of the embedded store are found again when its folder was moved."""

    def __init__(self, tracking_uri: str | None, folder: Path) -> None:
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)

        self.folder = folder.absolute()
        self.embedded = tracking_uri is None
        self._mlflow = mlflow
        # Never mlflow.set_tracking_uri: that exports the address of one work folder to every process begun later.
        self.uri = tracking_uri or f"sqlite:///{self._database()}"
        self.client = mlflow.MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def _database(self) -> Path:
        """The embedded database; made beside and linked into place, so that a kill leaves none or a whole one."""
        place = self.folder / "mlflow.db"
        if not place.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".making-") as scratch:
                draft = Path(scratch) / "mlflow.db"
                client = self._mlflow.MlflowClient(tracking_uri=f"sqlite:///{draft}", registry_uri=f"sqlite:///{draft}")
                client.search_registered_models()
                client.search_experiments()
                client._tracking_client.store.engine.dispose()
                # Replacing would lose what another process has written by now.
                if not place.exists():
                    draft.replace(place)
        return place

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Turn a failure of the store into the situation that the user can mend."""
        try:
            yield
        except self._mlflow.MlflowException as error:
            where = "the embedded MLflow store" if self.embedded else "the MLflow server (MLFLOW_TRACKING_URI)"
            said = str(error).splitlines()[0][:150]
            raise ServiceUnavailable(f"Check {where}, which did not do what was asked: {said}") from error

    @property
    def is_server(self) -> bool:
        """Whether the address is one of a server, not of a database."""
        return self.uri.startswith(("http://", "https://"))

    def absent(self, error: Any) -> bool:
        """Whether an error only says that something does not exist."""
        return getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST"

    def experiment(self, name: str, slug: str) -> str:
        """Id of an experiment, made where there is none.

        Only a server keeps artifacts itself. Of a database MLflow would put them under the folder that the
        command happens to be run in, so they go to the work folder.
        """
        found = self.client.get_experiment_by_name(name)
        if found is None:
            place = None if self.is_server else (self.folder / "artifacts" / slug).as_uri()
            return str(self.client.create_experiment(name, artifact_location=place))
        return str(found.experiment_id)

    def put(self, run: Any, made: Path, name: str) -> str:
        """Store a folder as an artifact of a run; returns its address.

        In the embedded store it appears at once and whole, under this work folder, wherever that was before.
        """
        address = f"{run.info.artifact_uri}/{name}"
        local = self._local(address)
        if local is None:
            self.client.log_artifacts(run.info.run_id, str(made), name)
            return address
        local.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=local.parent, prefix=".making-") as scratch:
            shutil.copytree(made, Path(scratch) / name)
            (Path(scratch) / name).replace(local)
        return address

    @contextmanager
    def artifacts(self, source: str) -> Iterator[Path]:
        """The folder of an artifact; fetched from a server for the time of the block."""
        local = self._local(source)
        if local is not None:
            yield local
            return
        with tempfile.TemporaryDirectory(prefix="rxpanel-model-") as scratch:
            with self.answering():
                fetched = self._mlflow.artifacts.download_artifacts(
                    artifact_uri=source, dst_path=scratch, tracking_uri=self.uri, registry_uri=self.uri
                )
            yield Path(fetched)

    def _local(self, source: str) -> Path | None:
        """Where an artifact of the embedded store lies now: <experiment>/<run>/artifacts/<name> under the folder."""
        if not self.embedded:
            return None
        return self.folder / "artifacts" / Path(*source.split("/")[-4:])
