"""The usual range of each feature among all rows of its grain, for the words of a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.catalogue import load_catalogue

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

LEVELS = {"q10": "0.1", "q50": "0.5", "q90": "0.9"}


def usual_ranges(source: duckdb.DuckDBPyConnection | pd.DataFrame, grain: str) -> pd.DataFrame:
    """Tenth, fiftieth and ninetieth percentile of each feature.

    Grain: one row a feature, in catalogue order: feature, q10, q50, q90 (DOUBLE; booleans as 0 and 1). Values
    that occur (percentile_disc), missing ones left out; null where a feature is missing throughout.
    ``source`` is a connection with ``features_<grain>``, or such a table as a frame.
    """
    import duckdb
    import pandas as pd

    names = [feature.name for feature in load_catalogue().of(grain)]
    if isinstance(source, pd.DataFrame):
        con = duckdb.connect()
        con.register("given", source)
        table = "given"
    else:
        con, table = source, f"features_{grain}"
    cells = [
        f"percentile_disc({level}) WITHIN GROUP (ORDER BY CAST({name} AS DOUBLE))"
        for name in names
        for level in LEVELS.values()
    ]
    values = con.execute(f"SELECT {', '.join(cells)} FROM {table}").fetchall()[0]
    rows = [(name, *values[3 * place : 3 * place + 3]) for place, name in enumerate(names)]
    frame = pd.DataFrame(rows, columns=["feature", *LEVELS])
    return frame.astype(dict.fromkeys(LEVELS, "float64"))
