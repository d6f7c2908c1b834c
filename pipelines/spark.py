"""Where Spark runs for a command, told before any long work begins what is missing for it."""

from __future__ import annotations

import os
from pathlib import Path

from records.engine import SparkPlace
from records.workplace import Workplace


def spark_place(master: str | None, threads: int, memory_limit: str, workplace: Workplace) -> SparkPlace:
    """The place that options and environment name. Errors as ``records.spark_session.ready`` has them.

    Stages are kept in RXPANEL_SPARK_SCRATCH, else in the work folder; every worker must see that folder.
    """
    from records.spark_session import ready

    scratch = os.environ.get("RXPANEL_SPARK_SCRATCH")
    folder = Path(scratch).absolute() if scratch else workplace.scratch / "spark"
    place = SparkPlace(master or f"local[{threads}]", threads, memory_limit, folder)
    ready(place)
    return place
