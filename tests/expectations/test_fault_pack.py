"""Every kind of fault once (``fault_cases.py``), all injected into one folder, each sorted exactly as its line says.

Anything in quarantine that no line announces fails the test, and so does anything announced and not there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.expectations.fault_cases import CASES, Change, City, Expected


def expected_of(cases: dict[str, tuple[Change, Expected]], places: Sequence[int] = ()) -> Expected:
    """What must be in quarantine when each case is done to the visit of its number (1, 2, ... unless told)."""
    found: Expected = {}
    for number, (_, expected) in zip(places or range(1, len(cases) + 1), cases.values(), strict=True):
        k = f"{number:03d}"
        for table, rows in expected.items():
            for key, faults in rows.items():
                found.setdefault(table, {}).setdefault(key and key.format(k=k), []).extend(faults)
    return found


@pytest.fixture(scope="module")
def spoilt(make_city: Callable[[int], City]) -> City:
    city = make_city(110)
    for number, (change, _) in enumerate(CASES.values(), start=1):
        change(city, f"{number:03d}")
    return city


@pytest.fixture(scope="module")
def checked(spoilt: City, run_check: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("pack")
    return run_check(spoilt.write(place / "data"), place / "out")


def test_enough_kinds() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_sorted_as_announced(checked: Any, name: str) -> None:
    number = list(CASES).index(name) + 1
    k, found = f"{number:03d}", checked.sorted_out()
    for table, rows in CASES[name][1].items():
        for key, faults in rows.items():
            assert found[table].get(key and key.format(k=k)) == faults, (table, key)


def test_nothing_else_is_quarantined(checked: Any) -> None:
    found, announced = checked.sorted_out(), expected_of(CASES)
    for table in sorted(found | announced):
        assert found.get(table) == announced.get(table), table


def test_every_row_is_accounted_for(checked: Any, spoilt: City) -> None:
    for table, rows in spoilt.tables.items():
        counts = checked.result.tables[table]
        extra = spoilt.text.get(table, "").count("\n")
        assert counts.rows_in == len(rows) + extra == counts.accepted + counts.quarantined
        assert counts.accepted == len(checked.accepted(table))


def test_the_row_stands_in_quarantine_as_it_came(checked: Any, spoilt: City) -> None:
    import duckdb

    k = f"{list(CASES).index('words for a number') + 1:03d}"
    path = checked.out / "quarantine" / "settlement.parquet"
    row = duckdb.execute(f"SELECT * FROM '{path}' WHERE setl_id = 'S{k}'").df().iloc[0].to_dict()
    source = spoilt.row("settlement", f"S{k}")
    assert {name: row[name] for name, value in source.items() if value} == {n: v for n, v in source.items() if v}
    assert row["severity"] == "quarantine"
    assert "acct_pay" in row["fault_text"]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_faults_at_any_visits_in_any_order_are_sorted_exactly(
    make_city: Callable[[int], City], run_check: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    alone = [name for name in CASES if name != "institution quarantined"]
    names = data.draw(st.lists(st.sampled_from(alone), min_size=1, max_size=15, unique=True))
    places = data.draw(st.permutations(range(1, 31)))[: len(names)]
    city, chosen, rng = make_city(30), {name: CASES[name] for name in names}, data.draw(st.randoms(use_true_random=False))
    for number, (change, _) in zip(places, chosen.values(), strict=True):
        change(city, f"{number:03d}")
    for rows in city.tables.values():
        rng.shuffle(rows)
    place = tmp_path_factory.mktemp("any")
    found = run_check(city.write(place / "data"), place / "out").sorted_out()
    assert found == {
        table: {key: sorted(faults) if len(faults) > 1 else faults for key, faults in rows.items()}
        for table, rows in expected_of(chosen, places).items()
        if rows
    }


def test_notes_count_what_was_kept(checked: Any) -> None:
    tables = checked.result.tables
    assert tables["settlement"].by_fault["service_after_death"] == 1
    assert tables["fee_line"].by_fault["charged_twice"] == 2
    assert tables["fee_line"].by_fault["long_text"] == 1
    assert tables["settlement"].by_fault["unusual_order"] == 2
    assert tables["settlement"].by_fault["refund_unlike"] == 1


def test_a_surplus_copy_is_merged_and_not_faulty(checked: Any) -> None:
    import duckdb

    rows = duckdb.execute(
        f"SELECT DISTINCT severity FROM '{checked.out / 'quarantine' / 'diagnosis.parquet'}' "
        "WHERE fault_codes = 'duplicate_identical'"
    ).fetchall()
    assert rows == [("repaired",)]


def test_files_without_faults_are_there_and_empty(checked: Any) -> None:
    import duckdb

    path: Path = checked.out / "quarantine" / "drug.parquet"
    assert duckdb.execute(f"SELECT count(*) FROM '{path}'").fetchall() == [(0,)]
