"""The part of an amount above a limit, beside exact fractions: whole fen, half a fen up."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from basis.find import find
from basis.rulebook import Rulebook, load_rulebook
from tests.basis import drawn

DAYS = drawn.Scenario("days", {"line": [{"line": "F1", "rx": "R1", "drug": "XA", "days": "10"}]}, ["R1"])
DOSE = drawn.Scenario(
    "dose", {"line": [{"line": "F1", "rx": "R1", "drug": "XA", "dose": "20", "unit": "mg", "freq": "11"}]}, ["R1"]
)
Part = Callable[[Fraction], Fraction]


@pytest.mark.parametrize(
    ("rule", "scenario", "column", "part"),
    [("rx-days", DAYS, "prd_days", lambda days: 1 - 7 / days), ("rx-dose", DOSE, "sin_doscnt", lambda dose: 1 - 10 / dose)],
)
def test_the_part_above_the_limit_is_exact(
    rule: str, scenario: drawn.Scenario, column: str, part: Part, tmp_path: Path
) -> None:
    con, snapshot = drawn.open_scenario(scenario, tmp_path)
    book, rng = Rulebook((load_rulebook().rule(rule),)), random.Random(7)
    cases = [("16.81", "14"), ("45.09", "14"), ("0.01", "20"), ("99999999.99", "84")]
    cases += [(f"{rng.randrange(1, 99999) / 100:.2f}", str(rng.choice((12, 14, 16, 20, 21, 28, 56, 84)))) for _ in range(60)]
    for stake, value in cases:
        con.execute(f"UPDATE rx_line SET stake_amt = {stake}, {column} = {value}")
        find(con, snapshot, book)
        fen = Fraction(stake) * 100 * part(Fraction(value))
        assert con.execute("SELECT vola_amt FROM findings").fetchall() == [(Decimal(math.floor(fen + Fraction(1, 2))) / 100,)]
