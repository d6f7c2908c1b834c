"""Refunds against the settlements they reverse: the one reference of a table to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.reading import Reading

if TYPE_CHECKING:
    import duckdb

# Refunds that alone exceed their original are out; where the others of one original exceed it together, which
# of them is wrong cannot be told, so all are out.
_JUDGE = """
CREATE OR REPLACE TEMP TABLE refund AS
WITH original AS (
    SELECT setl_id, bool_or(ok) AS ok, min(refd_setl_flag) AS flag, max(abs(medfee_sumamt)) AS total
    FROM settled WHERE setl_id IN (SELECT orig_setl_id FROM settled WHERE refd_setl_flag = 1) GROUP BY setl_id
), judged AS (
    SELECT r._row, r.orig_setl_id, r.ok, abs(r.medfee_sumamt) AS amount, o.total, CASE
        WHEN o.setl_id IS NULL OR o.flag = 1 THEN 'refund_without_original:orig_setl_id'
        WHEN NOT o.ok THEN 'parent_quarantined:orig_setl_id'
        WHEN abs(r.medfee_sumamt) > o.total + 0.01 THEN 'refund_exceeds:medfee_sumamt' END AS mark
    FROM settled r LEFT JOIN original o ON o.setl_id = r.orig_setl_id
    WHERE r.refd_setl_flag = 1
), together AS (
    SELECT orig_setl_id FROM judged WHERE ok AND mark IS NULL
    GROUP BY orig_setl_id HAVING sum(amount) > max(total) + 0.01
)
SELECT _row, CASE WHEN mark IS NULL AND ok AND orig_setl_id IN (SELECT orig_setl_id FROM together)
    THEN 'refund_exceeds:medfee_sumamt' ELSE mark END AS mark
FROM judged
"""
_MARK = """
CREATE OR REPLACE TABLE flagged.settlement AS
SELECT coalesce(f._row, r._row) AS _row, CASE WHEN r.mark IS NULL THEN f.marks
    ELSE list_sort(list_append(coalesce(f.marks, []::VARCHAR[]), r.mark)) END AS marks,
    coalesce(f.mended, false) AS mended, coalesce(f.noted, 0)::UBIGINT AS noted
FROM flagged.settlement f FULL JOIN (SELECT _row, mark FROM refund WHERE mark IS NOT NULL) r ON r._row = f._row
"""


def sort_refunds(con: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    """Mark refunds in ``flagged.settlement`` without an original, of a quarantined one, or exceeding it."""
    columns = [reading.table.column(name) for name in ("setl_id", "refd_setl_flag", "orig_setl_id", "medfee_sumamt")]
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW settled AS SELECT t.*, coalesce(len(f.marks), 0) = 0 AS ok "
        f"FROM ({reading.sql(columns)}) t LEFT JOIN flagged.settlement f ON f._row = t._row"
    )
    con.execute(_JUDGE)
    con.execute(_MARK)
    con.execute("DROP TABLE refund")
    con.execute("DROP VIEW settled")
