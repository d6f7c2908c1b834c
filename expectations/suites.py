"""Great Expectations over the accepted tables: suites as data (``suite/*.toml``), one checkpoint each.

Rows are handed over as pandas frames of the columns a suite asks for, month by month where a table is large.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.data_docs import make_local
from records.contract import Contract
from records.periods import Quarter
from records.readers import quoted

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from expectations.counting import TableCounts

_OURS = ("type", "severity", "zh", "en", "owner")
#: A pandas frame of more rows would not fit beside the data: such a table is validated month by month.
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Suite:
    """Expectations of one table, or of one query over the accepted tables."""

    name: str
    table: str
    expectation: tuple[dict[str, Any], ...]
    columns: dict[str, str]
    sql: str = ""
    by_month: str = ""


@cache
def load_suites() -> tuple[Suite, ...]:
    """All suites by name. Raises KeyError or TypeError where an expectation lacks its severity or reason."""
    suites = []
    for path in sorted((Path(__file__).parent / "suite").glob("*.toml")):
        entry = tomllib.loads(path.read_text(encoding="utf-8"))
        expected = tuple(entry.pop("expectation"))
        for one in expected:
            if one["severity"] not in ("blocking", "warning") or not (one["zh"] and one["en"] and one["owner"]):
                raise KeyError(f"{path.name}: {one['type']} needs severity, zh, en and owner")
        suites.append(Suite(path.stem, expectation=expected, columns=entry.pop("columns", {}), **entry))
    return tuple(suites)


def _chosen(suite: Suite, contract: Contract) -> str:
    """SQL: the columns a suite looks at; decimals as floating numbers, which pandas can compare fast."""
    chosen = []
    for name in sorted({entry["column"] for entry in suite.expectation if "column" in entry}):
        if name in suite.columns:
            chosen.append(f"{suite.columns[name]} AS {quoted(name)}")
        else:
            kind = contract[suite.table].column(name).kind
            chosen.append(f"{quoted(name)}::DOUBLE AS {quoted(name)}" if kind == "decimal" else quoted(name))
    return ", ".join(chosen)


def _slices(
    con: duckdb.DuckDBPyConnection, contract: Contract, suite: Suite, rows: int, quarter: Quarter
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Frames to validate, with the name of their part; none where there is nothing to look at."""
    if suite.sql:
        sql = suite.sql.replace("$quarter_begin", f"TIMESTAMP '{quarter.begin}'")
        frame = con.sql(sql.replace("$quarter_end", f"TIMESTAMP '{quarter.end}'")).df()
        if len(frame):
            yield "", frame
        return
    select = f"SELECT {_chosen(suite, contract)} FROM accepted.{suite.table}"
    if rows <= MOST_ROWS or not suite.by_month:
        yield "", con.sql(select).df()
        return
    month = f"strftime({quoted(suite.by_month)}, '%Y-%m')"
    months = con.sql(f"SELECT DISTINCT {month} FROM accepted.{suite.table} ORDER BY 1").fetchall()
    for (name,) in months:
        yield str(name), con.execute(f"{select} WHERE {month} = ?", [name]).df()


def run_suites(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    counts: dict[str, TableCounts],
    quarter: Quarter,
    out: Path,
) -> list[dict[str, Any]]:
    """Validate every suite whose table has accepted rows; writes Data Docs to ``out/data_docs``.

    Grain: one dict an expectation and part: suite, table, part (a month or empty), type, column, severity,
    zh, en, owner, success, observed, blocks, sentence_zh, sentence_en.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    out.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = []
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix=".gx-", dir=out) as scratch:
        warnings.simplefilter("ignore")
        import great_expectations as gx

        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        context = gx.get_context(mode="file", project_root_dir=scratch)
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_pandas("accepted")
        for suite in load_suites():
            rows = counts[suite.table].accepted if suite.table in counts else 0
            if rows:
                held = _Held(gx, context, source, suite, quarter)
                for part, frame in _slices(con, contract, suite, rows, quarter):
                    results += held.validate(part, frame)
        context.build_data_docs()
        made = Path(scratch) / "gx" / "uncommitted" / "data_docs" / "local_site"
        make_local(made)
        shutil.rmtree(out / "data_docs", ignore_errors=True)
        made.rename(out / "data_docs")
    return results


class _Held:
    """A suite as Great Expectations holds it, made once and validated part by part."""

    def __init__(self, gx: Any, context: Any, source: Any, suite: Suite, quarter: Quarter) -> None:
        self._gx, self._context, self._source, self._suite, self._quarter = (
            gx,
            context,
            source,
            suite,
            quarter,
        )
        self._held = context.suites.add(gx.ExpectationSuite(name=suite.name))
        for number, entry in enumerate(suite.expectation):
            arguments = {key: value for key, value in entry.items() if key not in _OURS}
            kind = "".join(part.capitalize() for part in entry["type"].split("_"))
            words = f"{entry['zh']} {entry['en']} ({entry['owner']})"
            self._held.add_expectation(
                getattr(gx.expectations, kind)(**arguments, notes=words, meta={"number": number, "notes": words})
            )

    def validate(self, part: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
        gx, name = self._gx, " ".join(filter(None, (self._suite.name, part)))
        batch = self._source.add_dataframe_asset(name=name).add_batch_definition_whole_dataframe("accepted rows")
        definition = gx.ValidationDefinition(name=name, data=batch, suite=self._held)
        checkpoint = gx.Checkpoint(
            name=name,
            validation_definitions=[self._context.validation_definitions.add(definition)],
            actions=[gx.checkpoint.UpdateDataDocsAction(name="docs")],
            # No value of the data in the pages: what stands in a cell must never become part of a page.
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
        )
        run = gx.RunIdentifier(run_name=f"{self._quarter}", run_time=self._quarter.end)
        outcome = self._context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame}, run_id=run)
        (validated,) = outcome.run_results.values()
        return [self._row(part, result) for result in validated.results]

    def _row(self, part: str, result: Any) -> dict[str, Any]:
        entry = self._suite.expectation[int(result.expectation_config.meta["number"])]
        observed = result.result.get("observed_value", result.result.get("unexpected_percent"))
        success, where = bool(result.success), " ".join(filter(None, (self._suite.name, part)))
        return {
            **{key: entry[key] for key in ("type", "severity", "zh", "en", "owner")},
            "suite": self._suite.name,
            "table": self._suite.table,
            "part": part,
            "column": entry.get("column", ""),
            "success": success,
            "observed": _shown(observed),
            "blocks": not success and entry["severity"] == "blocking",
            "sentence_zh": f"{where}：{entry['zh']}（观察值 {_shown(observed)}），请核对抽取",
            "sentence_en": f"{where}: {entry['en']} (observed {_shown(observed)}): check the extract.",
        }


def _shown(observed: object) -> str:
    """An observed value for people, rounded, so that the last bits of a floating sum never show."""
    if isinstance(observed, float):
        return f"{observed:.6g}"
    return "" if observed is None else str(observed)
