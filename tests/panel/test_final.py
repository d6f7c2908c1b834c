"""The final verdict: the contract's rules as a drawn table, and against a slow second reading."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel.final import Final, Opinion, final_of


def opinion(text: str, number: int) -> Opinion:
    """'2 2-5,2-7 F38-2d 30 adjudication' with '-' for nothing."""
    parts = [*text.split(), *["-"] * 5][:5]
    split = lambda cell: frozenset() if cell == "-" else frozenset(cell.split(","))  # noqa: E731
    stage = "blind" if parts[4] == "-" else parts[4]
    loss = None if parts[3] == "-" else Decimal(parts[3])
    return Opinion(f"E{number}", stage, parts[0], split(parts[1]), split(parts[2]), loss)


TABLE = [
    (["0", "0"], "0", "", "", None),
    (["0", "2 2-5"], None, "", "", None),
    (["2 2-5", "2 2-5,2-7"], "2", "2-5", "", None),
    (["0", "2 2-5", "2 2-5 - - adjudication"], "2", "2-5", "", None),
    (["0", "1 1-3", "3 3-1 - - adjudication"], "1", "", "", None),
    (["0", "2 2-5 - - adjudication"], "2", "2-5", "", None),
    (["2 2-5"], None, "", "", None),
    (["2 2-5 - - final"], "2", "2-5", "", None),
    (["U", "U"], "U", "", "", None),
    (["U", "2 2-5"], None, "", "", None),
    (["U", "2 2-5", "U - - - adjudication"], "U", "", "", None),
    (["U", "0", "2 2-5"], "0", "", "", None),
    (["0 - F40-3 10", "0 - F40-3 20"], "0", "", "F40-3", Decimal("15.00")),
    (["0 - F40-3 10", "0"], "0", "", "", None),
    (["2 2-5 F38-2d 10", "2 2-5 F38-2d 30", "2 2-5 - -"], "2", "2-5", "F38-2d", Decimal("20.00")),
    (["2 2-5 F38-2d 10", "2 2-5 F38-2d 30", "2 2-5 F38-2d 90"], "2", "2-5", "F38-2d", Decimal("30")),
    (["0", "0", "2 2-5", "2 2-5"], "0", "2-5", "", None),
]


@pytest.mark.parametrize(("given_rows", "verdict", "items", "funds", "loss"), TABLE)
def test_the_contract_s_rules(given_rows: list[str], verdict: str | None, items: str, funds: str, loss: Decimal | None) -> None:
    opinions = [opinion(text, number) for number, text in enumerate(given_rows)]
    for order in permutations(opinions):
        final = final_of(list(order))
        assert final.verdict_class == verdict
        assert (" ".join(final.item_codes), " ".join(final.fund_codes), final.loss_amt) == (items, funds, loss)


def test_of_two_rows_a_code_named_once_is_disputed() -> None:
    final = final_of([opinion("2 2-5,2-7", 1), opinion("2 2-5", 2)])
    assert final == Final("2", ("2-5",), (), ("2-7",), None)


classes = st.lists(st.sampled_from("0123U"), min_size=2, max_size=5)


@given(classes)
def test_a_slow_second_reading_agrees(names: list[str]) -> None:
    final = final_of([opinion(name, number) for number, name in enumerate(names)])
    most = max(names.count(name) for name in names)
    top = {name for name in names if names.count(name) == most}
    if most >= 2 and len(top) == 1:
        assert {final.verdict_class} == top
    elif len(names) == 2:
        assert final.verdict_class is None
    else:
        # The middle of those judged, the lower of two: at most half lie below it, fewer than half above.
        ordered = sorted(name for name in names if name != "U")
        assert final.verdict_class in ordered
        assert sum(name < str(final.verdict_class) for name in ordered) <= (len(ordered) - 1) // 2
        assert sum(name > str(final.verdict_class) for name in ordered) <= len(ordered) / 2
