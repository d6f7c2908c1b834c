"""``rxpanel models watch``: whether the champions are still what was tested, for people, schedulers and pages."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipelines.feeding import with_kept
from pipelines.models import registry_of
from pipelines.tables import show
from records.errors import DriftLarge, DriftNoticed, NotFound
from records.output import write_json
from records.periods import Quarter
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

    from models.loaded import LoadedModel

#: More rows of a quarter say no more about a shift of a tenth: every n-th is taken.
MOST_ROWS = 200_000
_END_OF_TIME = datetime(9999, 12, 31)
_WORDS = {"ok": "正常 ok", "notice": "留意 look", "large": "显著 large"}


def watch_models(workplace: Workplace, quarter: str | None) -> None:
    """Print and write what became of every champion. Raises DriftNoticed or DriftLarge for a scheduler.

    Written to WORK/watch/<quarter>.json, the same numbers as shown.
    """
    from models.plain import without_nan
    from models.specs import all_specs
    from models.watch import watched

    chosen = Quarter.parse(quarter) if quarter else workplace.newest()
    workplace.must_be_writable()
    registry, found = registry_of(workplace), []
    for spec in all_specs().values():
        model = registry.champion(spec)
        if model is not None:
            found.append(watched(model, _features(workplace, chosen, spec.grain), _judged(workplace, chosen, model)))
    if not found:
        raise NotFound("There is no champion to watch: run a quarter first.")
    content = without_nan({"quarter": str(chosen), "models": found})
    write_json(workplace.work / "watch" / f"{chosen}.json", content)
    show(["模型 model", "", "评分位移 score", "显著特征 moved far", "预期 AP expected", "实得 AP found", "结论数 verdicts",
          "缘由 why"], [_row(entry) for entry in found])  # fmt: skip
    _tell(found)


def _row(entry: dict[str, Any]) -> tuple[Any, ...]:
    kept = entry["verdicts"]
    return (
        entry["model"],
        _WORDS[entry["level"]],
        f"{entry['score_shift']:.2f}",
        f"{entry['moved']:.0%}",
        _span(entry["expected"]["average_precision"]),
        _span(kept["found"]["average_precision"]) if kept else "",
        entry["n_verdicts"] or "",
        entry["why"],
    )


def _span(entry: dict[str, Any]) -> str:
    low, high = entry["interval90"]
    return f"{entry['value']:.3f} [{low:.3f}, {high:.3f}]"


def _tell(found: list[dict[str, Any]]) -> None:
    said = {level: [f"{e['model']} ({e['why']})" for e in found if e["level"] == level] for level in _WORDS}
    if said["large"]:
        raise DriftLarge(f"No longer what was tested, consider training anew: {', '.join(said['large'])}.")
    if said["notice"]:
        raise DriftNoticed(f"Look at what moved: {', '.join(said['notice'])}.")
    sys.stdout.write("没有需要留意的变化 nothing moved that needs a look\n")


def _file(workplace: Workplace, quarter: Quarter, grain: str) -> str:
    path = workplace.quarter(quarter) / f"features_{grain}.parquet"
    if not path.exists():
        raise NotFound(f"There are no features of {quarter} in {workplace.work}: run that quarter first.")
    return str(path)


def _features(workplace: Workplace, quarter: Quarter, grain: str) -> pd.DataFrame:
    """Rows of a grain, every n-th of a large city."""
    import duckdb

    from models.specs import KEYS

    path = _file(workplace, quarter, grain)
    with duckdb.connect() as con:
        counted = con.execute("SELECT count(*) FROM read_parquet($1)", [path]).fetchone()
        every = max(1, -(-(counted[0] if counted else 0) // MOST_ROWS))
        chosen = "SELECT * EXCLUDE (file_row_number) FROM read_parquet($1, file_row_number = true)"
        frame: pd.DataFrame = con.execute(
            f"{chosen} WHERE file_row_number % $2 = 0 ORDER BY file_row_number", [path, every]
        ).df()
    return with_kept(workplace.quarter(quarter), grain, KEYS[grain], frame)


def _judged(workplace: Workplace, quarter: Quarter, model: LoadedModel) -> pd.DataFrame | None:
    """Features of the quarter's random arm that is judged, with label, weight and group; None where that is no test."""
    from models.labels import STORE, from_verdicts
    from panel.store import open_store
    from panel.verdicts import final_verdicts

    spec = model.spec
    if spec.grain != "prescription" or str(quarter) in model.quarters:
        return None
    with open_store(workplace.store_url()) as store:
        verdicts = final_verdicts(store, str(quarter))
    verdicts = verdicts[verdicts["closed"] & (verdicts["selection"] == "random")]
    if verdicts.empty:
        return None
    quarters = dict.fromkeys(verdicts["rxno"], str(quarter))
    labels = from_verdicts(verdicts, quarters, spec, _END_OF_TIME, STORE).frame
    groups = verdicts.rename(columns={"fixmedins_code": "group", "rxno": "key"})[["key", "group"]]
    return _rows(workplace, quarter, spec.key, labels[["key", "label", "weight"]].merge(groups, on="key"))


def _rows(workplace: Workplace, quarter: Quarter, key: str, labels: pd.DataFrame) -> pd.DataFrame:
    import duckdb

    with duckdb.connect() as con:
        con.register("labels", labels)
        sql = f'SELECT f.*, l.label, l.weight, l."group" FROM read_parquet($1) f JOIN labels l ON l.key = f.{key} ORDER BY 1'
        frame: pd.DataFrame = con.execute(sql, [_file(workplace, quarter, "prescription")]).df()
    return frame
