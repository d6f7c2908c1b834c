"""How unusual a prescription is among those of its quarter, for the small share of the draw that looks for new patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_SQL = """
WITH pair AS (
    SELECT DISTINCT f.rxno, l.drug_genname AS drug, left(g.diag_code, 3) AS diagnosis
    FROM frame f JOIN rx_line l ON l.rxno = f.rxno
    JOIN diagnosis g ON g.mdtrt_id = f.mdtrt_id AND g.maindiag_flag = 1
    WHERE l.drug_genname IS NOT NULL
), counted AS (
    SELECT drug, diagnosis, count(*) AS prescriptions FROM pair GROUP BY drug, diagnosis
)
SELECT rxno, 1.0::DOUBLE / min(prescriptions) AS novelty FROM pair JOIN counted USING (drug, diagnosis)
GROUP BY rxno ORDER BY rxno"""


def novelty_of(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """rxno and novelty, one row a prescription of the frame with a drug and a main diagnosis, by rxno.

    Novelty = 1 / prescriptions of the quarter that have the rarest of its pairs of drug and main diagnosis (three
    characters): 1 = a pair seen nowhere else. ``con`` is an as-of connection; nothing of scores or verdicts enters.
    """
    frame: pd.DataFrame = con.sql(_SQL).df()
    return frame
