"""What a connection holds as plain rows, and what can be read from one line: doses, days, parts of money."""

from __future__ import annotations

import csv
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
_TABLES = Path(__file__).resolve().parents[2] / "basis" / "knowledge_tables"
_UNITS = {"mg": ("mass", 1), "g": ("mass", 1000), "ug": ("mass", Fraction(1, 1000)), "ml": ("volume", 1), "片": ("piece", 1)}
_TIMES = {"11": Fraction(1), "12": Fraction(2), "13": Fraction(3), "21": Fraction(142857, 1000000), "42": Fraction(1, 2)}


class World:
    """All rows of a connection, as dictionaries."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        def rows(query: str) -> list[Row]:
            found = con.execute(query)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        self.lines = rows("SELECT * FROM net_line ORDER BY feedetl_sn")
        self.frame = {row["rxno"]: row for row in rows("SELECT * FROM frame")}
        self.on_rx = rows("SELECT * FROM rx_line ORDER BY rxno, rx_line_no")
        self.drug = {row["med_list_codg"]: row for row in rows("SELECT * FROM drug")}
        self.rx = {row["rxno"]: row for row in rows("SELECT * FROM prescription")}
        self.person = {row["psn_no"]: row for row in rows("SELECT * FROM person")}
        self.doctor = {row["dr_codg"]: row for row in rows("SELECT * FROM practitioner")}
        self.place = {row["fixmedins_code"]: row for row in rows("SELECT * FROM institution")}
        self.registered = rows("SELECT * FROM opsp_registration")
        self.codes: dict[str, list[str]] = {}
        for row in rows("SELECT * FROM diagnosis ORDER BY diag_srt_no"):
            self.codes.setdefault(row["mdtrt_id"], []).append(row["diag_code"])
        self.main = {row["mdtrt_id"]: row["diag_code"] for row in rows("SELECT * FROM diagnosis WHERE maindiag_flag = 1")}
        self.items = rows("SELECT * FROM service_item")
        self.traces = rows("SELECT * FROM drug_trace")
        self.stock = rows("SELECT * FROM stock_record")
        self.prescribed = rows("SELECT * FROM prescription_line")


@cache
def knowledge(name: str) -> list[dict[str, str]]:
    """A knowledge table as it lies in its file."""
    with (_TABLES / f"{name}.csv").open(encoding="utf-8") as source:
        return list(csv.DictReader(source))


def atc_of(world: World, code: str) -> str:
    """The ATC code of a drug; empty without one."""
    return str(world.drug[code]["atc_code"] or "") if code in world.drug else ""


def fen(amount: Decimal, share: Fraction) -> int:
    """Part of an amount in fen, half a fen up."""
    return math.floor(Fraction(amount) * 100 * share + Fraction(1, 2))


def daily_dose(line: Row, drug: Row) -> Fraction | None:
    """Daily dose in the unit of the drug's strength; None where a part is missing or cannot be compared."""
    times = _TIMES.get(line["used_frqu_codg"] or "")
    if line["sin_doscnt"] is None or times is None:
        return None
    written, strong = (_UNITS.get((unit or "").strip().lower()) for unit in (line["sin_dosunt"], drug["strength_unit"]))
    if written is None or strong is None:
        return None
    if written[0] == strong[0]:
        return Fraction(line["sin_doscnt"]) * Fraction(written[1]) / Fraction(strong[1]) * times
    return Fraction(line["sin_doscnt"]) * Fraction(drug["strength"]) * times if written[0] == "piece" else None


def grams(line: Row) -> Fraction | None:
    """Grams of a piece in a dose of the decoction; None where they are not written as a mass."""
    written = _UNITS.get((line["sin_dosunt"] or "").strip().lower())
    if line["sin_doscnt"] is None or written is None or written[0] != "mass":
        return None
    return Fraction(line["sin_doscnt"]) * Fraction(written[1]) / 1000


def quantity_days(line: Row, drug: Row) -> Fraction | None:
    """Days that the net quantity lasts."""
    dose = daily_dose(line, drug)
    if not dose or not drug["strength"]:
        return None
    return Fraction(line["net_cnt"]) * Fraction(drug["units_per_pack"]) * Fraction(drug["strength"]) / dose


def day_of(line: Row) -> date:
    """The day on which a line arose."""
    moment: datetime = line["fee_ocur_time"]
    return moment.date()


def span(line: Row, days: int) -> set[date]:
    """The days from a line's on."""
    return {day_of(line) + timedelta(days=n) for n in range(days)}
