"""Where Spark runs for a command, told before any long work begins what is missing for it."""

from __future__ import annotations

import os
from pathlib import Path

from records.engine import SparkPlace
from records.workplace import Workplace


def spark_place(master: str | None, threads: int, memory_limit: str, workplace: Workplace) -> SparkPlace:
    """The place that options and environment name. Errors as ``records.spark_session.ready`` has them.

    Stages are kept in RXPANEL_SPARK_SCRATCH, else in the work folder; every worker must see that folder. Further
    settings of Spark come from the file that RXPANEL_SPARK_CONF names.
    """
    from records.spark_session import read_settings, ready

    given = os.environ.get("RXPANEL_SPARK_CONF")
    settings = read_settings(Path(given)) if given else ()
    scratch = os.environ.get("RXPANEL_SPARK_SCRATCH")
    folder = Path(scratch).absolute() if scratch else workplace.scratch / "spark"
    place = SparkPlace(master or f"local[{threads}]", threads, memory_limit, folder, settings)
    ready(place)
    return place
