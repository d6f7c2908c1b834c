"""Reading what earlier commands left in the work folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from records.errors import NotFound
from records.periods import Quarter
from records.snapshot import Snapshot
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd


def read_record(workplace: Workplace, quarter: Quarter) -> dict[str, Any]:
    """run.json of a quarter. Raises NotFound when the quarter has no finished run."""
    path = workplace.quarter(quarter) / "run.json"
    if not path.exists():
        raise NotFound(f"{quarter} has no finished run in {workplace.work}: run it with 'rxpanel run'.")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def read_output(workplace: Workplace, quarter: Quarter, name: str) -> pd.DataFrame:
    """A Parquet output of a quarter. Raises NotFound when it is not there."""
    import pandas as pd

    path = workplace.quarter(quarter) / name
    if not path.exists():
        raise NotFound(f"{path} is not there: run {quarter} again.")
    return pd.read_parquet(path)


def snapshot_of_quarter(workplace: Workplace, quarter: Quarter) -> Snapshot:
    """The snapshot that a quarter's run rests on."""
    digest = str(read_record(workplace, quarter)["snapshot"])
    return Snapshot.load(workplace.snapshots / digest[:12])
