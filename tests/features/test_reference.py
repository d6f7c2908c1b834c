"""Every feature that the slow second implementation knows has its values, on random small cities."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from features.catalogue import GRAINS, KEYS
from features.compute import compute
from records.asof import open_asof
from records.periods import Quarter
from records.snapshot import Snapshot

Subjects = dict[str, dict[str, Any]]
TABLES = [
    "period",
    "institution",
    "practitioner",
    "person",
    "settlement",
    "diagnosis",
    "prescription",
    "drug",
    "drug_trace",
    "net_line",
    "rx_line",
]

# Prices of a counting unit are whole millionths of a yuan, so a line's saving may be a fen off.
COARSE = {"saving_amount": 0.05}


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


slow, slower, pricing = (_module(f"slow_{name}") for name in ("prescription", "subjects", "price"))


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    found = con.execute(f"FROM {table}")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _differences(expected: Subjects, got: Subjects) -> list[str]:
    wrong = []
    for key, features in expected.items():
        for name, value in features.items():
            mine = got[key][name]
            same = (
                mine is None
                if value is None
                else mine is not None and math.isclose(float(mine), float(value), rel_tol=1e-9, abs_tol=COARSE.get(name, 1e-6))
            )
            if not same:
                wrong.append(f"{key}.{name}: expected {value}, got {mine}")
    return wrong


@pytest.fixture(scope="module", params=[11, 12, 13])
def computed(
    request: pytest.FixtureRequest,
    small_city: Callable[[int], Any],
    make_snapshot: Callable[[Any], Snapshot],
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Subjects]]:
    snapshot = make_snapshot(small_city(request.param).tables)
    con = open_asof(snapshot, Quarter.parse("2026Q3"))
    for grain in GRAINS:
        compute(con, snapshot, grain)
    got = {g: {row[KEYS[g]]: row for row in _rows(con, f"features_{g}")} for g in GRAINS}
    return {table: _rows(con, table) for table in TABLES}, got


def test_prescriptions(computed: Any) -> None:
    world, got = computed
    expected = slow.prescriptions(world)
    paid = pricing.prices(world)
    for rxno in expected:
        expected[rxno] |= paid.get(rxno, {})
    assert max(len(features) for features in expected.values()) >= 30
    assert set(expected) == set(got["prescription"])
    assert _differences(expected, got["prescription"]) == []


def test_persons(computed: Any) -> None:
    world, got = computed
    expected = slower.persons(world)
    held = slower.possession(slow.supplies(world), world["period"][0]["as_of"].date())
    for key in expected:
        expected[key] |= held.get(key, {})
    assert set(expected) == set(got["person"])
    assert _differences(expected, got["person"]) == []


def test_practitioners(computed: Any) -> None:
    world, got = computed
    begin = world["period"][0]["begin"]
    expected = slower.practitioners(world, [p for p in slow.standing(world) if p["prsc_time"] >= begin])
    assert set(expected) == set(got["practitioner"])
    assert _differences(expected, got["practitioner"]) == []


def test_institutions(computed: Any) -> None:
    world, got = computed
    expected = slower.institutions(world)
    assert set(expected) == set(got["institution"])
    assert _differences(expected, got["institution"]) == []
