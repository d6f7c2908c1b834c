"""Great Expectations over the accepted tables: suites as data, Data Docs without a request to anywhere."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import tomllib
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.periods import Quarter

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_HERE = Path(__file__).parent
_ARGUMENTS_OF_OURS = ("type", "severity", "zh", "en", "owner")
#: The newest rows are enough for a gate over a whole table; more would not fit beside the data.
MOST_ROWS = 1_000_000


@cache
def load_suites() -> dict[str, list[dict[str, Any]]]:
    """Expectations by table."""
    return tomllib.loads((_HERE / "suites.toml").read_text(encoding="utf-8"))


def _slice(con: duckdb.DuckDBPyConnection, table: str, entries: list[dict[str, Any]]) -> pd.DataFrame:
    columns = sorted({entry["column"] for entry in entries if "column" in entry} - {"birth_year"})
    chosen = [f"{name}::DOUBLE AS {name}" if name in ("pric", "medfee_sumamt") else name for name in columns]
    if table == "person":
        chosen.append("year(brdy)::INTEGER AS birth_year")
    return con.sql(f"SELECT {', '.join(chosen) or '1 AS n'} FROM accepted.{table} LIMIT {MOST_ROWS}").df()


def run_suites(con: duckdb.DuckDBPyConnection, quarter: Quarter, out: Path) -> list[dict[str, Any]]:
    """Validate every suite; writes Data Docs to ``out/data_docs``.

    Grain: one dict an expectation: table, type, column, severity, reason, owner, success, observed, blocks,
    sentence. An empty table that may be empty is not validated.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    results: list[dict[str, Any]] = []
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="rxpanel-gx-") as scratch:
        warnings.simplefilter("ignore")
        import great_expectations as gx

        context = gx.get_context(mode="file", project_root_dir=scratch)
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_pandas("accepted")
        for table, entries in load_suites().items():
            frame = _slice(con, table, entries)
            if len(frame) or table in ("settlement", "person"):
                results += _validate(gx, context, source, (table, entries, frame), quarter)
        context.build_data_docs()
        docs = out / "data_docs"
        shutil.rmtree(docs, ignore_errors=True)
        shutil.copytree(Path(scratch) / "gx" / "uncommitted" / "data_docs" / "local_site", docs)
    _make_local(docs)
    return results


def _validate(
    gx: Any, context: Any, source: Any, work: tuple[str, list[dict[str, Any]], pd.DataFrame], quarter: Quarter
) -> list[dict[str, Any]]:
    table, entries, frame = work
    suite = context.suites.add(gx.ExpectationSuite(name=f"{table}"))
    for number, entry in enumerate(entries):
        arguments = {key: value for key, value in entry.items() if key not in _ARGUMENTS_OF_OURS}
        kind = "".join(part.capitalize() for part in entry["type"].split("_"))
        words = f"{entry['zh']} {entry['en']} ({entry['owner']})"
        meta = {"number": number, "severity": entry["severity"], "owner": entry["owner"]}
        suite.add_expectation(getattr(gx.expectations, kind)(**arguments, notes=words, meta=meta))
    batch = source.add_dataframe_asset(name=table).add_batch_definition_whole_dataframe("accepted rows")
    definition = gx.ValidationDefinition(name=f"{table} {quarter}", data=batch, suite=suite)
    context.validation_definitions.add(definition)
    action = gx.checkpoint.UpdateDataDocsAction(name="docs")
    checkpoint = gx.Checkpoint(
        name=f"{table} {quarter}", validation_definitions=[definition], actions=[action]
    )
    outcome = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    (validated,) = outcome.run_results.values()
    return [_row(table, entries, result) for result in validated.results]


def _row(table: str, entries: list[dict[str, Any]], result: Any) -> dict[str, Any]:
    entry = entries[int(result.expectation_config.meta["number"])]
    observed = result.result.get("observed_value", result.result.get("unexpected_percent"))
    failed = not result.success
    return {
        "table": table,
        "type": entry["type"],
        "column": entry.get("column", ""),
        "severity": entry["severity"],
        "zh": entry["zh"],
        "en": entry["en"],
        "owner": entry["owner"],
        "success": bool(result.success),
        "observed": "" if observed is None else str(observed),
        "blocks": failed and entry["severity"] == "blocking",
        "sentence": f"Table {table}: {entry['en']}; check the extract ({entry['owner']}).",
    }


def _make_local(docs: Path) -> None:
    """Take every reference to another machine out of the pages, so that opening them asks nobody anything."""
    import re

    remote = re.compile(
        r"<(script|link|img)\b[^>]*(?:src|href)=[\"'](?:https?:)?//[^>]*>(?:\s*</script>)?", re.IGNORECASE
    )
    for page in docs.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(remote.sub("", text), encoding="utf-8")
