"""The work folder: where a run keeps its files, and the lock that lets one process write at a time."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from records.errors import NotFound, StoreLocked, WrongUse
from records.periods import Quarter


@dataclass(frozen=True)
class Workplace:
    """A WORK folder. Nothing is created until it is needed."""

    work: Path

    @classmethod
    def of(cls, given: Path | None) -> Workplace:
        """The folder given, else RXPANEL_WORK, else ./work."""
        return cls((given or Path(os.environ.get("RXPANEL_WORK") or "work")).absolute())

    def quarter(self, quarter: Quarter | str) -> Path:
        """Folder of a quarter's output."""
        return self.work / str(quarter)

    @property
    def snapshots(self) -> Path:
        """Folder of the snapshots, each named by its hash."""
        return self.work / "snapshots"

    @property
    def mlflow(self) -> Path:
        """Folder of the embedded MLflow store and its artifacts."""
        return self.work / "mlflow"

    @property
    def training(self) -> Path:
        """Folder of training records: out-of-fold scores and metrics."""
        return self.work / "training"

    @property
    def basis(self) -> Path:
        """Folder of rules and knowledge published locally."""
        return self.work / "basis"

    @property
    def months(self) -> Path:
        """Folder of what past months leave for the look-back of later quarters; there only where months are kept."""
        return self.work / "months"

    @property
    def scratch(self) -> Path:
        """Folder for what a running process needs and nobody keeps."""
        return self.work / "scratch"

    def store_url(self) -> str:
        """SQL database of cases and verdicts: RXPANEL_DATABASE_URL, else SQLite in the work folder."""
        return os.environ.get("RXPANEL_DATABASE_URL") or f"sqlite:///{self.work / 'panel.db'}"

    def tracking_uri(self) -> str | None:
        """MLflow server named by the environment; None means the embedded store."""
        return os.environ.get("MLFLOW_TRACKING_URI") or None

    def quarters(self) -> list[Quarter]:
        """Quarters that have a finished run here, oldest first."""
        found = [p for p in self.work.glob("*Q*") if re.fullmatch(r"\d{4}Q[1-4]", p.name)]
        return sorted(Quarter.parse(p.name) for p in found if (p / "run.json").exists())

    def newest(self) -> Quarter:
        """The newest quarter with a run. Raises NotFound when there is none."""
        quarters = self.quarters()
        if not quarters:
            raise NotFound(f"There is no finished run in {self.work}: start with 'rxpanel run'.")
        return quarters[-1]

    def must_be_writable(self) -> None:
        """Raises WrongUse where something cannot be kept in the folder, NotFound where there is none."""
        if not self.work.is_dir():
            raise NotFound(f"There is no work folder {self.work}: name one with --work, or start with 'rxpanel run'.")
        if not os.access(self.work, os.W_OK | os.X_OK):
            raise WrongUse(f"{self.work} may not be written: change that, or name another --work.")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder against other writers.

        Raises StoreLocked when somebody else holds it, WrongUse when it cannot be written.

        An advisory lock of the operating system: it ends with the process, however that ends. What a killed run
        left in the scratch folder is removed by whoever holds the lock next.
        """
        import fcntl

        try:
            self.work.mkdir(parents=True, exist_ok=True)
            (self.work / ".lock").touch()
        except OSError as error:
            raise WrongUse(f"{self.work} cannot be a work folder ({error.strerror}): name another --work.") from error
        in_the_way = [path for path in self.work.glob("*Q*") if re.fullmatch(r"\d{4}Q[1-4]", path.name) and not path.is_dir()]
        if in_the_way:
            raise WrongUse(f"{in_the_way[0]} is a file where a quarter's folder belongs: move it away.")
        with (self.work / ".lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreLocked(
                    f"Another rxpanel command is writing to {self.work}: wait for it, or name another --work."
                ) from error
            for left in [
                *self.months.glob(".*"),
                *self.months.glob("rules/.*"),
                *self.scratch.glob("features-*"),
                self.scratch / "spill",
                *self.scratch.glob("spark/tables-*"),
            ]:
                shutil.rmtree(left, ignore_errors=True)
            yield
