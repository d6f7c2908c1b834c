"""Great Expectations itself: a context that lives as long as one check, and the Data Docs it leaves."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from expectations.data_docs import make_local
from records.periods import Quarter

if TYPE_CHECKING:
    from expectations.frames import Frame
    from expectations.suites import Judged, Suite

_OURS = ("type", "severity", "zh", "en", "owner")


def _great_expectations() -> Any:
    """The library, without PySpark, which it would import where that is installed: frames here are pandas' alone.

    PySpark alone is a third of the time that the import takes.
    """
    hidden = "pyspark" not in sys.modules
    if hidden:
        sys.modules["pyspark"] = None  # type: ignore[assignment]
    try:
        import great_expectations as gx
    finally:
        if hidden:
            del sys.modules["pyspark"]
    return gx


class Docs:
    """Validates frames and publishes the pages. A context of its own each time, so that no two checks collide."""

    def __init__(self, out: Path, quarter: Quarter) -> None:
        self._out, self._quarter = out, quarter
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        self._out.mkdir(parents=True, exist_ok=True)
        self._stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        gx = _great_expectations()
        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        self._scratch = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix=".gx-", dir=self._out)))
        self._gx = gx
        self._context = gx.get_context(mode="file", project_root_dir=self._scratch)
        self._context.variables.progress_bars = {"globally": False}
        self._source = self._context.data_sources.add_pandas("accepted")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _held(self, suite: Suite) -> Any:
        held = self._context.suites.add(self._gx.ExpectationSuite(name=suite.name))
        for number, entry in enumerate(suite.expectation):
            arguments = {key: value for key, value in entry.items() if key not in _OURS}
            kind = "".join(part.capitalize() for part in entry["type"].split("_"))
            words = f"{entry['zh']} {entry['en']} ({entry['owner']})"
            held.add_expectation(
                getattr(self._gx.expectations, kind)(**arguments, notes=words, meta={"number": number, "notes": words})
            )
        return held

    def validate(self, suite: Suite, frame: Frame) -> Judged:
        """Hold a suite against its frame."""
        from expectations.suites import Judged

        gx, name = self._gx, suite.name
        batch = self._source.add_dataframe_asset(name=name).add_batch_definition_whole_dataframe("accepted rows")
        definition = gx.ValidationDefinition(name=name, data=batch, suite=self._held(suite))
        checkpoint = gx.Checkpoint(
            name=name,
            validation_definitions=[self._context.validation_definitions.add(definition)],
            actions=[],  # The pages are built once, by ``publish``.
            # No value of the data in the pages: what stands in a cell must never become part of a page.
            result_format={
                "result_format": "COMPLETE",
                "partial_unexpected_count": 0,
                "unexpected_index_column_names": ["_frame_row"],
            },
        )
        data = frame.data.assign(_frame_row=range(len(frame.data)))
        run = gx.RunIdentifier(run_name=f"{self._quarter}", run_time=self._quarter.end)
        outcome = self._context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": data}, run_id=run)
        (validated,) = outcome.run_results.values()
        found = sorted(validated.results, key=lambda result: int(result.expectation_config.meta["number"]))
        failed = [sorted(int(at["_frame_row"]) for at in one.result.get("unexpected_index_list") or []) for one in found]
        results = [_result(suite, one, at, len(data)) for one, at in zip(found, failed, strict=True)]
        return Judged(suite, frame, results, failed)

    def publish(self, pages: dict[str, list[tuple[str, str]]]) -> None:
        """Build the Data Docs; ``pages`` gives for each suite the sentences and pages of what failed."""
        self._context.build_data_docs()
        made = self._scratch / "gx" / "uncommitted" / "data_docs" / "local_site"
        shutil.rmtree(self._out / "data_docs", ignore_errors=True)
        make_local(made, pages)
        made.rename(self._out / "data_docs")


def _result(suite: Suite, result: Any, failed: list[int], size: int) -> dict[str, Any]:
    entry = suite.expectation[int(result.expectation_config.meta["number"])]
    success, blocking = bool(result.success), entry["severity"] == "blocking"
    return {
        **{key: entry[key] for key in ("type", "severity", "zh", "en", "owner")},
        "suite": suite.name,
        "table": suite.table,
        "column": entry.get("column", ""),
        "success": success,
        "failed": len(failed),
        "of": size,
        "observed": f"{len(failed)}/{size}",
        "page": "",
        "blocks": not success and blocking,
        "sentence_zh": f"{suite.name}：{entry['zh']}（{size} 项中 {len(failed)} 项不符），请核对抽取",
        "sentence_en": f"{suite.name}: {entry['en']} ({len(failed)} of {size} do not hold): check the extract.",
    }
