"""What a case shows, gathered from the as-of connection for all sampled prescriptions at once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

MOST_EVENTS = 200
_HEAD = """
SELECT f.rxno, f.prsc_time, f.setting, p.rx_type_code, p.long_rx_flag, p.ext_reason, p.usage_text, p.age_text,
    f.age_days, f.gend, p.psn_wt, p.geso_flag, p.suck_prd_flag, person.insutype, f.psn_no, f.hosp_lv,
    i.inst_class, d.dept_name, p.phar_codg, f.total_amt, f.fund_stake, f.fixmedins_code, i.fixmedins_name,
    f.dr_codg, d.dr_name, f.mdtrt_id, members.consortium
FROM frame f JOIN chosen USING (rxno) JOIN prescription p USING (rxno) JOIN person ON person.psn_no = f.psn_no
JOIN institution i ON i.fixmedins_code = f.fixmedins_code
LEFT JOIN practitioner d ON d.dr_codg = f.dr_codg
LEFT JOIN (SELECT consortium_code, string_agg(fixmedins_code, ' ' ORDER BY fixmedins_code) AS consortium
    FROM institution WHERE consortium_code IS NOT NULL GROUP BY consortium_code) members
    ON members.consortium_code = i.consortium_code ORDER BY f.rxno"""
_LINES = """
SELECT l.rxno, l.rx_line_no AS line, l.feedetl_sn, l.med_list_codg, coalesce(l.drug_genname, n.hilist_name) AS
    drug_genname, l.drug_kind, l.atc_code, l.dosform, l.strength, l.strength_unit, l.units_per_pack, l.sin_doscnt,
    l.sin_dosunt, l.used_frqu_codg, l.medc_way_codg, l.prd_days, l.cnt, l.net_amt, l.stake_amt,
    l.max_daily_dose, l.ddd, l.bas_medn_flag, l.hi_nego_drug_flag, l.abx_tier, l.control_class, drug.lmt_text,
    q.per_day
FROM rx_line l JOIN chosen USING (rxno) LEFT JOIN drug ON drug.med_list_codg = l.med_list_codg
LEFT JOIN net_line n ON n.feedetl_sn = l.feedetl_sn
LEFT JOIN frequency q ON q.used_frqu_codg = l.used_frqu_codg ORDER BY l.rxno, l.rx_line_no"""
_DIAGNOSES = """
SELECT f.rxno, g.diag_code, g.diag_name, g.diag_type, g.maindiag_flag
FROM frame f JOIN chosen USING (rxno) JOIN diagnosis g ON g.mdtrt_id = f.mdtrt_id ORDER BY f.rxno, g.diag_srt_no"""
_EVENTS = f"""
SELECT f.rxno, l.prsc_time::DATE AS day, l.prd_days AS days, l.drug_genname AS drug, l.atc_code,
    l.rxno = f.rxno AS this, l.net_amt AS amt
FROM frame f JOIN chosen USING (rxno)
JOIN rx_line l ON l.psn_no = f.psn_no AND l.prsc_time <= f.prsc_time
    AND l.prsc_time::DATE > f.prsc_time::DATE - 366
QUALIFY row_number() OVER (PARTITION BY f.rxno ORDER BY l.prsc_time DESC, l.rxno, l.rx_line_no) <= {MOST_EVENTS}
ORDER BY f.rxno, l.prsc_time, l.rxno, l.rx_line_no"""
_CHRONIC = """
SELECT f.rxno, o.opsp_dise_code FROM frame f JOIN chosen USING (rxno)
JOIN opsp_registration o ON o.psn_no = f.psn_no AND o.begndate <= f.prsc_time::DATE
    AND coalesce(o.enddate, DATE '9999-12-31') >= f.prsc_time::DATE ORDER BY ALL"""
_PERSON = ("age_text", "age_days", "gend", "psn_wt", "geso_flag", "suck_prd_flag", "insutype")
_SEALED = ("fixmedins_code", "fixmedins_name", "dr_codg", "dr_name", "psn_no", "phar_codg", "consortium")


def _plain(value: Any) -> Any:
    """A value as JSON has it: amounts and quantities as text, days and times in ISO form."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else value


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    result = con.execute(sql)
    names = [entry[0] for entry in result.description or []]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in result.fetchall()]


def _grouped(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row.pop("rxno")].append(row)
    return grouped


def build(
    con: duckdb.DuckDBPyConnection,
    rxnos: list[str],
    findings: pd.DataFrame,
    scores: pd.DataFrame,
    reasons: pd.DataFrame,
    at_once: duckdb.DuckDBPyConnection | None = None,
) -> dict[str, dict[str, Any]]:
    """Payload of each sampled prescription, by rxno. Amounts are yuan as text; missing values are None.

    ``at_once`` is a connection that sees the persons' whole look-back, where ``con`` does not.
    ``sealed`` and ``after_blind`` are kept apart: what is shown when is decided by ``panel.blindness``.
    """
    with _chosen(at_once or con, rxnos):
        events = _grouped(_rows(at_once or con, _EVENTS))
    with _chosen(con, rxnos):
        lines, diagnoses = _grouped(_rows(con, _LINES)), _grouped(_rows(con, _DIAGNOSES))
        chronic, heads = _grouped(_rows(con, _CHRONIC)), _rows(con, _HEAD)
    opened = _after_blind(set(rxnos), findings, scores, reasons)
    payloads = {}
    for row in heads:
        rxno = row["rxno"]
        kept = {k: v for k, v in row.items() if k not in (*_PERSON, *_SEALED)}
        payloads[rxno] = {
            **kept,
            "pharmacist_reviewed": row["phar_codg"] is not None,
            "person": {
                **{name: row[name] for name in _PERSON},
                "chronic": [entry["opsp_dise_code"] for entry in chronic.get(rxno, [])],
            },
            "diagnoses": diagnoses.get(rxno, []),
            "lines": lines.get(rxno, []),
            "timeline": [{**e, "days": None if e["days"] is None else float(e["days"])} for e in events.get(rxno, [])],
            "sealed": {name: row[name] for name in _SEALED},
            "after_blind": opened[rxno],
        }
    return payloads


@contextmanager
def _chosen(con: duckdb.DuckDBPyConnection, rxnos: list[str]) -> Iterator[None]:
    """Table ``chosen`` of prescriptions, in the block."""
    import pandas as pd

    con.register("chosen_rows", pd.DataFrame({"rxno": pd.Series(rxnos, dtype="str")}))
    con.execute("CREATE OR REPLACE TEMP TABLE chosen AS SELECT rxno::VARCHAR AS rxno FROM chosen_rows")
    yield
    con.execute("DROP TABLE chosen")
    con.unregister("chosen_rows")


def _text(value: Any) -> Any:
    missing = value is None or value != value
    return None if missing else _plain(value.item() if hasattr(value, "item") else value)


def _after_blind(
    rxnos: set[str], findings: pd.DataFrame, scores: pd.DataFrame, reasons: pd.DataFrame
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    opened: dict[str, dict[str, list[dict[str, Any]]]] = {rxno: {"findings": [], "scores": [], "reasons": []} for rxno in rxnos}
    for part, frame in (("findings", findings), ("scores", scores), ("reasons", reasons)):
        for row in frame[frame["rxno"].isin(rxnos)].to_dict("records"):
            entry = {str(key): _text(value) for key, value in row.items()}
            rxno = str(entry.pop("rxno"))
            if part == "findings":
                evidence = json.loads(entry.pop("vola_evid") or "{}")
                entry["evidence_zh"], entry["evidence_en"] = evidence.get("zh", ""), evidence.get("en", "")
                entry["evidence"] = evidence
            opened[rxno][part].append(entry)
    return opened
