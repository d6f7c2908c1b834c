"""``rxpanel run``: one quarter from a raw folder to open cases, in order. Wiring only.

Everything is built in a folder of its own and moved into place when it is whole; run.json is written last. A
killed run is simply run again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pipelines.gate import (
    OUTPUTS,
    Accepted,
    Source,
    fresh,
    pass_gate,
    publish,
    refuse_when_blocked,
    refuse_when_nothing,
    snapshot_of,
)
from pipelines.knowledge import basis_of
from pipelines.progress import Steps
from pipelines.quarter import Basis, QuarterTables, compute_quarter, machine_of, write_features, write_findings
from pipelines.record import RunRecord
from records.snapshot import Snapshot
from records.workplace import Workplace


@dataclass(frozen=True)
class Draw:
    """How the quarter's sample is drawn; None means the default."""

    seed: str | None = None
    capacity: int | None = None
    design: Path | None = None


@dataclass
class Run:
    """What the steps of a run hand on to each other."""

    source: Source
    draw: Draw
    workplace: Workplace
    building: Path
    record: RunRecord
    steps: Steps


def run_quarter(source: Source, draw: Draw, workplace: Workplace) -> RunRecord:
    """Run a quarter. Raises a Situation for whatever the user can mend; nothing half-written stays."""
    from sampling.design import load_design

    load_design(draw.design, draw.capacity)  # A design that is missing or refused is said now, not after the features.
    folder = workplace.quarter(source.quarter)
    with workplace.lock():
        building = fresh(workplace.scratch / f"run-{source.quarter}")
        record = RunRecord(str(source.quarter), folder)
        run = Run(source, draw, workplace, building, record, Steps(8))
        accepted = _check(run)
        snapshot = snapshot_of(accepted, workplace)
        record.note(snapshot=snapshot.digest)
        basis = basis_of(workplace, source.data)
        tables = _compute(run, snapshot, basis)
        _score_and_open(run, snapshot, basis, tables)
        tables.close()
        record.write(run.steps.seconds)
        shutil.rmtree(building, ignore_errors=True)
    return record


def _check(run: Run) -> Accepted:
    with run.steps.step("gate", "校验 Check") as say:
        accepted = pass_gate(run.source, run.workplace, run.building, say)
        if accepted.result.blocking:
            accepted.con.close()
            publish(OUTPUTS, run.building, run.record.folder)
        refuse_when_blocked(accepted, run.record.folder)
        refuse_when_nothing(accepted, run.source.quarter)
    report, result = accepted.report, accepted.result
    run.record.note(
        inputs=report.hashes,
        ignored=report.ignored,
        tables={name: vars(counts) for name, counts in result.tables.items()},
    )
    run.record.off("expectations", result.switched_off)
    return accepted


def _compute(run: Run, snapshot: Snapshot, basis: Basis) -> QuarterTables:
    with run.steps.step("basis and features", "规则与特征 Findings and features"):
        source = run.source
        tables = compute_quarter(snapshot, source.quarter, basis, machine_of(source, run.workplace))
        found = write_findings(tables, run.building)
        rows = write_features(tables, run.building)
    run.record.note(
        basis_version=basis.rulebook.version,
        knowledge=tables.knowledge,
        engine="duckdb" if tables.spark is None else "spark",
        rows={"findings": found, **{f"features_{grain}": count for grain, count in rows.items()}},
    )
    run.record.switched_off += tables.switched_off
    return tables


def _score_and_open(run: Run, snapshot: Snapshot, basis: Basis, tables: QuarterTables) -> None:
    from pipelines.cases import open_quarter
    from pipelines.sampling import draw_sample
    from pipelines.scoring import explain_scores, prepare_models, score_families, score_grains

    with run.steps.step("models", "模型 Models"):
        models = prepare_models(run, snapshot, basis, tables)
    with run.steps.step("scores", "评分 Scores"):
        scores = score_grains(run, models, tables)
    with run.steps.step("sample", "抽样 Sample"):
        sample = draw_sample(run, tables, scores)
    with run.steps.step("reasons", "理由 Reasons"):
        reasons = explain_scores(run, models, tables, scores, sample)
        score_families(run, models, tables, scores, sample)
    with run.steps.step("outputs", "输出 Outputs"):
        _move_into_place(run)
    with run.steps.step("cases", "开案 Open cases"):
        open_quarter(run, snapshot, tables, sample, scores, reasons)


def _move_into_place(run: Run) -> None:
    """Swap the finished folder in; until run.json stands in it, the quarter counts as not run."""
    folder, old = run.record.folder, run.workplace.scratch / f"old-{run.source.quarter}"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    run.building.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
