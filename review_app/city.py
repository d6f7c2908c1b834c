"""What screens read beside the store: estimates, the models' registry, a quarter's data; each kept while it is true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from panel.audit import head
from panel.store import Store
from records.errors import NotFound
from records.periods import Quarter
from records.workplace import Workplace
from review_app.estimates import institution_rows

if TYPE_CHECKING:
    import duckdb


def institutions(workplace: Workplace, name: str, store: Store) -> list[dict[str, Any]]:
    """Estimates by institution, anew whenever the store has changed; see ``institution_rows``."""
    return _institutions(str(workplace.work), name, head(store)["hash"], store)


@st.cache_data(show_spinner=False, max_entries=4)
def _institutions(work: str, name: str, _head: str, _store: Store) -> list[dict[str, Any]]:  # noqa: ARG001
    return institution_rows(Workplace.of(None), name, _store)


def data_of(workplace: Workplace, name: str) -> duckdb.DuckDBPyConnection:
    """A cursor on a quarter's data as they were known then. Raises NotFound for a quarter without a run."""
    path = workplace.quarter(name) / "run.json"
    if not path.exists():
        raise NotFound(f"{name}没有跑批结果 {name} has no finished run here: its data cannot be shown.")
    snapshot = str(json.loads(path.read_text(encoding="utf-8"))["snapshot"])[:12]
    return _connection(str(workplace.snapshots / snapshot), name).cursor()


@st.cache_resource(show_spinner=False, max_entries=2)
def _connection(folder: str, name: str) -> duckdb.DuckDBPyConnection:
    from pathlib import Path

    from records.asof import open_asof
    from records.snapshot import Snapshot

    return open_asof(Snapshot.load(Path(folder)), Quarter.parse(name), threads=1, memory_limit="1GB")


@st.cache_data(show_spinner=False, ttl=60)
def models(work: str, tracking: str | None) -> list[dict[str, Any]]:
    """Every model beside its baselines; see ``models.compare``."""
    from models.compare import table

    return table(_registry(work, tracking))


@st.cache_data(show_spinner=False, ttl=60)
def verdicts_of_the_gate(work: str, tracking: str | None) -> list[dict[str, Any]]:
    """What the gate says of each challenger: model, objections, comparison."""
    from models.specs import load_specs

    registry, rows = _registry(work, tracking), []
    for name, spec in load_specs().items():
        judged = registry.judged(spec)
        if judged is not None:
            rows.append({"model": name, "objections": judged.objections, "comparison": judged.comparison})
    return rows


@st.cache_data(show_spinner=False, ttl=300)
def drift(work: str, tracking: str | None, name: str) -> dict[str, list[dict[str, Any]]]:
    """How far each champion's features have moved in a quarter, by model; empty where the quarter has no run."""
    import pandas as pd

    from models.specs import load_specs
    from models.watch import drift as moved

    registry, found = _registry(work, tracking), {}
    for model, spec in load_specs().items():
        champion = registry.champion(spec)
        path = Workplace.of(None).quarter(name) / f"features_{spec.grain}.parquet"
        if champion is not None and path.exists():
            found[model] = [
                {str(key): value for key, value in row.items()}
                for row in moved(champion, pd.read_parquet(path)).to_dict("records")
            ]
    return found


def _registry(work: str, tracking: str | None) -> Any:
    from pathlib import Path

    from models.registry import Registry

    return Registry(tracking, Workplace.of(Path(work)).mlflow)
