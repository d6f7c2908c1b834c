"""Refunds, money at stake and the frame, each as a small drawn case."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import pytest

Asof = Callable[..., duckdb.DuckDBPyConnection]


def settled(setl_id: str, day: str, total: str, *, fund: str, refund_of: str = "") -> str:
    scope = total
    flag = "1" if refund_of else "0"
    return (
        f"{setl_id},V1,P1,H1,11,310,{day} 08:00:00,{day} 09:00:00,{day} 09:00:00,{total},0.00,{scope},{fund},"
        f"0.00,0.00,{flag},{refund_of}\n"
    )


def line(sn: str, setl_id: str, day: str, code: str, cnt: str, pric: str, amount: str, rxno: str = "R1") -> str:
    return f"{sn},{setl_id},V1,{rxno},{day} 08:30:00,101,{code},{code},{cnt},{pric},{amount},{amount}\n"


def rx(rxno: str, day: str) -> str:
    return f"{rxno},V1,P1,H1,D1,01,{day} 08:10:00,1,0,0\n"


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


DAY, LATER, NEXT = "2026-08-03", "2026-08-04", "2026-10-02"
S1 = settled("S1", DAY, "30.00", fund="15.00")
L1 = line("F1", "S1", DAY, "XA", "2", "10", "20.00") + line("F2", "S1", DAY, "XB", "1", "10", "10.00")


def test_a_full_refund_takes_the_prescription_out_of_the_frame(asof: Asof) -> None:
    con = asof(
        prescription=rx("R1", DAY),
        settlement=S1 + settled("S2", LATER, "-30.00", fund="-15.00", refund_of="S1"),
        fee_line=L1 + line("F3", "S2", LATER, "XA", "-2", "10", "-20.00") + line("F4", "S2", LATER, "XB", "-1", "10", "-10.00"),
    )
    assert rows(con, "SELECT * FROM net_line") == []
    assert rows(con, "SELECT * FROM frame") == []


def test_a_refund_without_lines_reverses_the_whole_settlement(asof: Asof) -> None:
    con = asof(
        prescription=rx("R1", DAY),
        settlement=S1 + settled("S2", LATER, "-30.00", fund="-15.00", refund_of="S1"),
        fee_line=L1,
    )
    assert rows(con, "SELECT * FROM frame") == []


def test_refunded_and_settled_again_stays_in(asof: Asof) -> None:
    con = asof(
        prescription=rx("R1", DAY),
        settlement=S1
        + settled("S2", LATER, "-30.00", fund="-15.00", refund_of="S1")
        + settled("S3", LATER, "30.00", fund="15.00"),
        fee_line=L1
        + line("F3", "S2", LATER, "XA", "-2", "10", "-20.00")
        + line("F4", "S2", LATER, "XB", "-1", "10", "-10.00")
        + line("F5", "S3", LATER, "XA", "2", "10", "20.00")
        + line("F6", "S3", LATER, "XB", "1", "10", "10.00"),
    )
    assert rows(con, "SELECT feedetl_sn FROM net_line ORDER BY 1") == [("F5",), ("F6",)]
    assert rows(con, "SELECT rxno, total_amt FROM frame") == [("R1", Decimal("30.00"))]


@pytest.mark.parametrize("refund_rx", ["R1", ""])
def test_a_partial_refund_leaves_the_rest(asof: Asof, refund_rx: str) -> None:
    con = asof(
        prescription=rx("R1", DAY),
        settlement=S1 + settled("S2", LATER, "-10.00", fund="-5.00", refund_of="S1"),
        fee_line=L1 + line("F3", "S2", LATER, "XA", "-1", "10", "-10.00", refund_rx),
    )
    found = rows(con, "SELECT feedetl_sn, net_cnt, net_amt, stake_amt, refunded_cnt FROM net_line ORDER BY 1")
    assert found == [
        ("F1", Decimal("1.0000"), Decimal("10.00"), Decimal("5.00"), Decimal("1.0000")),
        ("F2", Decimal("1.0000"), Decimal("10.00"), Decimal("5.00"), Decimal("0.0000")),
    ]


def test_a_refund_after_the_as_of_is_not_known(asof: Asof) -> None:
    con = asof(
        prescription=rx("R1", DAY),
        settlement=S1 + settled("S2", NEXT, "-30.00", fund="-15.00", refund_of="S1"),
        fee_line=L1 + line("F3", "S2", NEXT, "XA", "-2", "10", "-20.00"),
    )
    assert rows(con, "SELECT rxno FROM frame") == [("R1",)]
    assert rows(con, "SELECT count(*) FROM fee_line") == [(2,)]


def test_a_death_after_the_as_of_is_not_known(asof: Asof) -> None:
    assert rows(asof(), "SELECT psn_no FROM person WHERE dead_date IS NOT NULL") == []
    known = asof(quarter="2026Q4")
    assert rows(known, "SELECT psn_no FROM person WHERE dead_date IS NOT NULL") == [("P2",)]


def test_labels_are_not_to_be_seen(asof: Asof) -> None:
    views = rows(asof(), "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main'")
    names = {name for (name,) in views}
    assert "settlement" in names
    assert not names & {"past_verdict", "past_finding"}


def test_stake_follows_the_share_the_fund_paid(asof: Asof) -> None:
    con = asof(
        prescription=rx("R1", DAY),
        settlement=settled("S1", DAY, "30.00", fund="20.00"),
        fee_line=L1,
    )
    # 20.00 x 20/30 = 13.333..; 10.00 x 20/30 = 6.666..: half up in fen.
    found = rows(con, "SELECT feedetl_sn, stake_amt, stake_method FROM net_line ORDER BY 1")
    assert found == [("F1", Decimal("13.33"), "line_share"), ("F2", Decimal("6.67"), "line_share")]


@pytest.mark.parametrize("scope", ["19999999.99", "20000000.00", "20000000.01", "9999999999.99"])
def test_stake_is_exact_where_short_numbers_end(asof: Asof, scope: str) -> None:
    fund = Decimal(scope) - Decimal("7.77")
    con = asof(
        prescription=rx("R1", DAY),
        settlement=settled("S1", DAY, scope, fund=str(fund)),
        fee_line=line("F1", "S1", DAY, "XA", "1", scope, scope),
    )
    assert rows(con, "SELECT stake_amt FROM net_line") == [(fund,)]


def test_a_prescription_of_another_quarter_is_not_in_the_frame(asof: Asof) -> None:
    con = asof(quarter="2026Q4", prescription=rx("R1", DAY), settlement=S1, fee_line=L1)
    assert rows(con, "SELECT * FROM frame") == []
    assert rows(con, "SELECT DISTINCT in_quarter FROM net_line") == [(False,)]


def test_prescribed_lines_are_the_object_where_they_are_there(asof: Asof) -> None:
    con = asof(
        prescription=rx("R1", DAY),
        settlement=S1,
        fee_line=L1,
        prescription_line="rxno,rx_line_no,med_list_codg,prd_days\nR1,1,XA,7\nR1,2,XC,7\n",
    )
    found = rows(con, "SELECT rx_line_no, med_list_codg, feedetl_sn, net_amt, prd_days FROM rx_line ORDER BY 1")
    assert found == [
        (1, "XA", "F1", Decimal("20.00"), Decimal("7.00")),
        (2, "XC", None, Decimal("0.00"), Decimal("7.00")),
    ]
