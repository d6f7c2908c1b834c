"""A tiny folder of contract tables, written by hand and changed by each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from records.asof import connect, open_asof
from records.contract import load_contract
from records.periods import Quarter
from records.readers import read_source
from records.snapshot import write_snapshot

TABLES: dict[str, str] = {
    "institution": "fixmedins_code,fixmedins_name,fixmedins_type,hosp_lv,admdvs,tcm_flag\nH1,一院,1,3,530302,0\n",
    "practitioner": "dr_codg,dr_name,fixmedins_code,dept_codg,dept_name,narcotic_flag\nD1,王,H1,01,内科,0\n",
    "person": "psn_no,gend,brdy,insutype,insu_admdvs,dead_date\n"
    "P1,1,1960-05-01,310,530302,\nP2,2,2000-01-01,390,530302,2026-10-05\n",
    "settlement": "setl_id,mdtrt_id,psn_no,fixmedins_code,med_type,insutype,begndate,enddate,setl_time,"
    "medfee_sumamt,fulamt_ownpay_amt,inscp_scp_amt,fund_pay_sumamt,acct_pay,psn_cash_pay,refd_setl_flag,"
    "orig_setl_id\n",
    "diagnosis": "mdtrt_id,diag_srt_no,diag_type,diag_code,diag_name,maindiag_flag\n",
    "prescription": "rxno,mdtrt_id,psn_no,fixmedins_code,dr_codg,dept_codg,prsc_time,rx_type_code,long_rx_flag,rx_circ_flag\n",
    "fee_line": "feedetl_sn,setl_id,mdtrt_id,rxno,fee_ocur_time,list_type,hilist_code,hilist_name,cnt,pric,"
    "det_item_fee_sumamt,inscp_scp_amt\n",
    "drug": "med_list_codg,drug_genname,drug_kind,dosform,inj_flag,units_per_pack,bas_medn_flag,"
    "hi_nego_drug_flag,vbp_selected_flag,chrgitm_lv,preg_contra_flag\n"
    "XA,甲,11,片剂,0,10,1,0,0,01,0\nXB,乙,11,片剂,0,10,1,0,0,02,0\n",
}

Asof = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def asof(tmp_path: Path) -> Asof:
    """Open made-up rows as of a quarter: ``asof(settlement="...", fee_line="...")`` adds rows to the tables.

    The rows are taken as accepted without a gate, so that these tests stand on records alone.
    """

    def build(quarter: str = "2026Q3", **rows: str) -> duckdb.DuckDBPyConnection:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for name, text in TABLES.items():
            (folder / f"{name}.csv").write_text(text + rows.pop(name, ""), encoding="utf-8")
        for name, text in rows.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        con, contract = connect(), load_contract()
        report = read_source(con, folder, contract)
        con.execute("CREATE SCHEMA accepted")
        for table in contract:
            source = report.tables.get(table.name)
            present = source.columns_present if source else []
            columns = ", ".join(
                f"{column.name if column.name in present else 'NULL'}::{column.duckdb_type} AS {column.name}"
                for column in table.columns
            )
            place = f"raw.{table.name}" if source else "(SELECT 1) WHERE false"
            con.execute(f"CREATE TABLE accepted.{table.name} AS SELECT {columns} FROM {place}")
        snapshot = write_snapshot(con, contract, tmp_path / "snapshots", report)
        return open_asof(snapshot, Quarter.parse(quarter))

    return build
