"""Scoring by partitions: the booster is loaded where the rows are, once a partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from models.boosting import matrix
from models.loaded import LoadedModel

if TYPE_CHECKING:
    from records.engine import Mapped


def raw_scorer(model: LoadedModel) -> Mapped:
    """A function from Arrow batches of a grain's features to batches of key and raw score (log-odds).

    It carries the text of the model and nothing else, so that it can be sent to a worker. A row's score does not
    depend on the rows beside it: any partition gives the same numbers as the whole table.
    """
    text, names, key = model.text, model.names, model.spec.key

    def scored(batches: Iterator[Any]) -> Iterator[Any]:
        import lightgbm
        import pyarrow as pa

        booster = lightgbm.Booster(model_str=text)
        for batch in batches:
            frame = batch.to_pandas()
            # One thread: on a cluster the partitions beside this one have the other cores.
            raw = booster.predict(matrix(frame, names), raw_score=True, num_threads=1)
            yield pa.record_batch([pa.array(frame[key], pa.string()), pa.array(raw, pa.float64())], [key, "raw_score"])

    return scored
