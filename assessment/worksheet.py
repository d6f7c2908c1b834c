"""The review worksheet (处方点评工作表) of an institution, with its foot A to P.

Source: worksheet of the hospital prescription-review rules (trial, 2010).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_ROWS = """
WITH lines AS (
    SELECT rxno, count(DISTINCT coalesce(drug_genname, med_list_codg)) AS drugs, max((abx_tier IS NOT NULL)::INTEGER) AS abx,
        max(inj_flag) AS injection,
        count(DISTINCT coalesce(drug_genname, med_list_codg)) FILTER (bas_medn_flag = 1) AS essential,
        count(DISTINCT drug_genname) AS generic
    FROM rx_line SEMI JOIN drawn USING (rxno) GROUP BY rxno
), told AS (
    SELECT f.rxno, string_agg(d.diag_name, '；' ORDER BY d.diag_srt_no) AS diagnoses
    FROM frame f JOIN diagnosis d USING (mdtrt_id) SEMI JOIN drawn USING (rxno) GROUP BY f.rxno
)
SELECT f.rxno, f.fixmedins_code, f.prsc_time::DATE::VARCHAR AS prsc_date, f.age_days // 365 AS age, told.diagnoses,
    coalesce(l.drugs, 0)::INTEGER AS drugs, coalesce(l.abx, 0)::INTEGER AS antibacterial,
    coalesce(l.injection, 0)::INTEGER AS injection, coalesce(l.essential, 0)::INTEGER AS essential,
    coalesce(l.generic, 0)::INTEGER AS generic, f.total_amt, f.dr_codg, p.phar_codg, p.disp_phar_codg
FROM frame f SEMI JOIN drawn USING (rxno) JOIN prescription p USING (rxno)
LEFT JOIN lines l USING (rxno) LEFT JOIN told USING (rxno) ORDER BY f.rxno"""
#: Columns of the worksheet as people know them, Chinese first.
HEADER = (
    "序号 no.", "处方编号 rxno", "处方日期 date", "年龄 age", "诊断 diagnosis", "药品品种 drugs", "抗菌药 antibacterial",
    "注射剂 injection", "国家基本药物品种数 essential", "药品通用名数 generic names", "处方金额(元) amount",
    "处方医师 prescriber", "审核药师 reviewing pharmacist", "调配核发药师 dispensing pharmacist", "是否合理 reasonable",
    "存在问题(代码) problem codes",
)  # fmt: skip


def source_rows(con: duckdb.DuckDBPyConnection, rxnos: list[str]) -> pd.DataFrame:
    """What the worksheet shows of each prescription. Grain: one row a prescription of the frame, by rxno.

    ``con`` is an as-of connection. Age in whole years; flags 0/1; amount in yuan; missing texts null.
    """
    import pandas as pd

    con.register("drawn_rows", pd.DataFrame({"rxno": pd.Series(rxnos, dtype="str")}))
    con.execute("CREATE OR REPLACE TEMP TABLE drawn AS SELECT rxno::VARCHAR AS rxno FROM drawn_rows")
    rows: pd.DataFrame = con.sql(_ROWS).df()
    return rows


def _share(part: int, whole: int) -> str:
    return "" if not whole else f"{100 * part / whole:.2f}%"


def _mean(total: Decimal, count: int) -> str:
    return "" if not count else str((total / count).quantize(Decimal("0.01"), ROUND_HALF_UP))


def sheet(rows: list[dict[str, Any]], verdicts: dict[str, tuple[str, str]]) -> tuple[list[list[object]], list[list[object]]]:
    """Rows of one institution's worksheet, and its foot. ``verdicts``: rxno to (1, 0 or empty; problem codes).

    O and P count judged prescriptions only; the others are shown empty and said in the foot.
    """
    body: list[list[object]] = []
    for number, row in enumerate(rows, start=1):
        reasonable, codes = verdicts.get(str(row["rxno"]), ("", ""))
        body.append(
            [number, row["rxno"], row["prsc_date"], row["age"], row["diagnoses"], row["drugs"], row["antibacterial"],
             row["injection"], row["essential"], row["generic"], f"{Decimal(str(row['total_amt'])):.2f}", row["dr_codg"],
             row["phar_codg"], row["disp_phar_codg"], reasonable, codes]
        )  # fmt: skip
    return body, _foot(body)


def _foot(body: list[list[object]]) -> list[list[object]]:
    n = len(body)

    def total(place: int) -> int:
        return sum(int(str(row[place])) for row in body)

    drugs, abx, injections, essential, generic = (total(place) for place in (5, 6, 7, 8, 9))
    amount = sum((Decimal(str(row[10])) for row in body), Decimal(0))
    judged = [row for row in body if row[14] != ""]
    reasonable = sum(row[14] == "1" for row in judged)
    return [
        ["A", "用药品种总数 drugs", drugs],
        ["B", "平均每张处方用药品种数 = A/n drugs a prescription", _mean(Decimal(drugs), n)],
        ["C", "使用抗菌药的处方数 with antibacterial", abx],
        ["D", "抗菌药使用百分率 = C/n", _share(abx, n)],
        ["E", "使用注射剂的处方数 with injection", injections],
        ["F", "注射剂使用百分率 = E/n", _share(injections, n)],
        ["G", "国家基本药物品种总数 essential", essential],
        ["H", "国家基本药物占处方用药的百分率 = G/A", _share(essential, drugs)],
        ["I", "药品通用名总数 generic names", generic],
        ["J", "药品通用名占处方用药的百分率 = I/A", _share(generic, drugs)],
        ["K", "处方总金额 amount (元)", f"{amount:.2f}"],
        ["L", "平均每张处方金额 = K/n (元)", _mean(amount, n)],
        ["O", "合理处方总数 reasonable", reasonable if judged else ""],
        ["P", "合理处方百分率 = O/已评审数 of those judged", _share(reasonable, len(judged))],
        ["n", "处方数，其中已评审 prescriptions, judged", f"{n} / {len(judged)}"],
    ]
