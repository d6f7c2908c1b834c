"""Refunds against the settlements they reverse: the one reference of a table to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Refunds that alone exceed their original are out; where the others of one original exceed it together, which
# of them is wrong cannot be told, so all are out.
_JUDGE = """
CREATE OR REPLACE TEMP TABLE refund AS
WITH original AS (
    SELECT setl_id, bool_or(ok) AS ok, min(refd_setl_flag) AS flag, max(abs(medfee_sumamt)) AS total
    FROM sorted.settlement WHERE setl_id IS NOT NULL GROUP BY setl_id
), judged AS (
    SELECT r._row, r.orig_setl_id, r.ok, abs(r.medfee_sumamt) AS amount, o.total, CASE
        WHEN o.setl_id IS NULL OR o.flag = 1 THEN 'refund_without_original:orig_setl_id'
        WHEN NOT o.ok THEN 'parent_quarantined:orig_setl_id'
        WHEN abs(r.medfee_sumamt) > o.total + 0.01 THEN 'refund_exceeds:medfee_sumamt' END AS mark
    FROM sorted.settlement r LEFT JOIN original o ON o.setl_id = r.orig_setl_id
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
UPDATE sorted.settlement SET marks = list_sort(list_append(marks, refund.mark)), ok = false
FROM refund WHERE refund._row = settlement._row AND refund.mark IS NOT NULL
"""


def sort_refunds(con: duckdb.DuckDBPyConnection) -> None:
    """Mark refunds in ``sorted.settlement`` without an original, of a quarantined one, or exceeding it."""
    con.execute(_JUDGE)
    con.execute(_MARK)
    con.execute("DROP TABLE refund")
