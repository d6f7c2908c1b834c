"""``rxpanel models why``: the themes behind one score, and what it would be if a theme were as usual."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.feeding import with_kept
from pipelines.models import registry_of
from pipelines.scoring import features_of
from pipelines.tables import show
from records.errors import ModelNotTrained, NotFound
from records.output import write_bytes
from records.periods import Quarter
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd


def show_why(workplace: Workplace, which: str, code: str, quarter: str | None, picture: Path | None) -> None:
    """Print themes and sentences for one subject, by the champion; the waterfall goes to ``picture`` (PNG).

    Raises ModelNotTrained without a champion, NotFound for a subject that the quarter does not have.
    """
    from models.plots import waterfall
    from models.reasons import explain
    from models.specs import spec_named
    from models.themes import theme_table

    spec = spec_named(which)
    model = registry_of(workplace).champion(spec)
    if model is None:
        raise ModelNotTrained(f"{which} has no champion: run a quarter first.")
    folder = workplace.quarter(Quarter.parse(quarter) if quarter else workplace.newest())
    features = _mine(folder / f"features_{spec.grain}.parquet", spec.key, code)
    if features.empty:
        raise NotFound(f"{code} has no row of grain {spec.grain} in {folder.name}.")
    features = with_kept(folder, spec.grain, spec.key, features)
    findings = _mine(folder / "findings.parquet", spec.key, code)
    themes = theme_table(model, features, {code}, findings)
    show(["主题 theme", "", "贡献 contribution", "评分 score", "如同常 if as usual"],
         [(row.theme_zh, row.theme_en, f"{row.contribution:+.3f}", f"{row.score:.3f}", f"{row.score_if_usual:.3f}")
          for row in themes.itertuples()])  # fmt: skip
    words = {feature.name: feature for feature in features_of(spec.grain)}
    for row in explain(model, features, {code}, words, findings).itertuples():
        sys.stdout.write(f"{row.contribution:+.4f} {row.reason_zh} / {row.reason_en}\n")
    if picture is not None:
        write_bytes(picture, waterfall(model, features, code))
        sys.stdout.write(f"{picture}\n")


def _mine(path: Path, key: str, code: str) -> pd.DataFrame:
    """Rows of a quarter's file about one subject."""
    import duckdb

    if not path.exists():
        raise NotFound(f"{path.name} is not in {path.parent}: run that quarter first.")
    with duckdb.connect() as con:
        frame: pd.DataFrame = con.execute(f"SELECT * FROM read_parquet($1) WHERE {key} = $2", [str(path), code]).df()
    return frame
