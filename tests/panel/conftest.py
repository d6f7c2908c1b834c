"""Stores with a few hand-made cases, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from panel.accounts import Actor, create_account
from panel.cases import open_cases
from panel.exchange import import_experts
from panel.service import PanelService
from panel.store import Store, open_store

QUARTER = "2026Q3"
EXPERTS = """expert_id,name,profession,institution,former_institutions
E1,甲,pharmacy,H9,
E2,乙,medicine,H1,
E3,丙,insurance,,H2
E4,丁,pharmacy,,
"""


def payload(rxno: str, place: str = "H1") -> dict[str, Any]:
    line = {"line": 1, "feedetl_sn": f"F{rxno}", "drug_genname": "=甲片", "sin_doscnt": "1", "sin_dosunt": "mg",
            "per_day": "2", "prd_days": "7", "cnt": "1"}  # fmt: skip
    return {
        "rxno": rxno, "mdtrt_id": f"M{rxno}", "prsc_time": "2026-08-01 09:00:00", "setting": "1", "hosp_lv": "3",
        "dept_name": "内科", "ext_reason": None, "total_amt": "100.00", "fund_stake": "70.00", "person": {"age_text": None,
        "age_days": 20000, "gend": "1"}, "diagnoses": [{"diag_code": "I10", "diag_name": "高血压"}], "lines": [line],
        "timeline": [], "sealed": {"fixmedins_code": place, "dr_codg": "D1", "dr_name": "王小明", "psn_no": "P123456"},
        "after_blind": {"findings": [{"rule_id": "SECRET"}], "scores": [], "reasons": []},
    }  # fmt: skip


def sample(count: int = 6) -> pd.DataFrame:
    rows = [
        {"rxno": f"R{n}", "fixmedins_code": f"H{n % 2 + 1}", "stratum": "s", "arm": "random" if n % 3 else "targeted",
         "incl_prob": 0.5, "incl_prob_any": 0.6, "weight": 2.0, "design_id": "d", "seed": "x", "draw_order": n + 1}
        for n in range(count)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def payloads(count: int = 6) -> dict[str, dict[str, Any]]:
    return {f"R{n}": payload(f"R{n}", f"H{n % 2 + 1}") for n in range(count)}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store on each database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'panel.db'}"
    else:
        url = request.getfixturevalue("postgres")
        with open_store(url) as old, old.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    with open_store(url) as opened:
        yield opened


def _acting(store: Store) -> Callable[..., PanelService]:
    def act(role: str, expert_id: str | None = None) -> PanelService:
        return PanelService(store, Actor(f"{role}-{expert_id}", role, frozenset({role}), expert_id))

    act.few = lambda count: (sample(count), payloads(count))  # type: ignore[attr-defined]
    return act


@pytest.fixture
def pool(store: Store, tmp_path: Path) -> Store:
    """A store with four experts and no quarter."""
    path = tmp_path / "experts.csv"
    path.write_text(EXPERTS, encoding="utf-8")
    import_experts(store, path, "test")
    return store


@pytest.fixture
def opened(pool: Store) -> Store:
    """A store with four experts and six assigned cases."""
    open_cases(pool, QUARTER, {"capacity": 6}, sample(), payloads())
    return pool


@pytest.fixture
def acting(opened: Store) -> Callable[..., PanelService]:
    """The service for a role, or for an expert by number, on six assigned cases."""
    return _acting(opened)


@pytest.fixture
def acting_on(pool: Store) -> Callable[..., PanelService]:
    """The service for a role, or for an expert by number, before any quarter."""
    return _acting(pool)


@pytest.fixture
def officers(opened: Store) -> list[str]:
    for name in ("ann", "bob", "eve"):
        create_account(opened, name, "a good password", ["investigator"])
    create_account(opened, "max", "a good password", ["expert"])
    return ["ann", "bob"]
