"""The sample of a run, plans before a draw, and frames for redrawing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.record_files import read_output, read_record
from pipelines.tables import show
from records.output import sha256, write_bytes, write_frame
from records.periods import Quarter
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.quarter import QuarterTables
    from pipelines.run import Run


def risk_of(scores: pd.DataFrame) -> pd.DataFrame | None:
    """What the targeted arm is drawn by: the probability that either target holds, were they independent.

    Grain: one row a prescription: rxno, score. None when no target could be scored.
    """
    if scores.empty:
        return None
    clear = (1 - scores["score"]).groupby(scores["rxno"]).prod()
    risk: pd.DataFrame = (1 - clear).clip(0, 1).rename("score").reset_index()
    return risk


def frame_of(tables: QuarterTables) -> pd.DataFrame:
    """The frame of the quarter: rxno and prescribing institution, by rxno."""
    frame: pd.DataFrame = tables.con.sql("SELECT rxno, fixmedins_code FROM frame ORDER BY rxno").df()
    return frame


def draw_sample(run: Run, tables: QuarterTables, scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Draw the quarter's sample, or keep the draw of a quarter whose cases are open; writes sample.parquet."""
    from panel.cases import sample_of
    from panel.store import open_store
    from sampling.design import load_design
    from sampling.draw import prepare, select
    from sampling.numbers import default_seed

    design = load_design(run.draw.design, run.draw.capacity)
    seed = run.draw.seed or default_seed(run.source.quarter, design.design_id)
    frame = frame_of(tables)
    with open_store(run.workplace.store_url()) as store:
        kept = sample_of(store, str(run.source.quarter))
    if kept is None:
        clues = tables.con.sql("SELECT subject_code FROM clue WHERE subject_type = 'prescription'").fetchall()
        named = {str(code) for (code,) in clues}
        prepared = prepare(frame, risk_of(scores["prescription"]), named, design)
        sample = select(prepared, design, seed)
        run.record.off("sampling", list(prepared.notes))
    else:
        sample = kept
    write_frame(sample, run.building / "sample.parquet")
    write_frame(frame, run.building / "frame.parquet")
    run.record.note(
        design={
            "design_id": str(sample["design_id"].iloc[0]) if len(sample) else design.design_id,
            "seed": str(sample["seed"].iloc[0]) if len(sample) else seed,
            "capacity": design.capacity,
            "targeted_capacity": design.targeted_capacity,
            "kept": kept is not None,
            "frame_rows": len(frame),
            "frame_sha256": sha256(run.building / "frame.parquet"),
            "arms": {str(arm): int(n) for arm, n in sample["arm"].value_counts().sort_index().items()},
        }
    )
    return sample


def _plain(rows: pd.DataFrame) -> list[Any]:
    return list(rows.itertuples(index=False))


def _chosen(workplace: Workplace, quarter: str | None) -> Quarter:
    return Quarter.parse(quarter) if quarter else workplace.newest()


def show_plan(workplace: Workplace, quarter: str | None, capacity: int | None, file: Path | None, width: float | None) -> None:
    """Print sizes and expected interval widths per institution, for a quarter that has been run."""
    from sampling.design import load_design
    from sampling.plan import plan

    chosen = _chosen(workplace, quarter)
    frame, scores = _frame_and_scores(workplace, chosen)
    design = load_design(file, capacity)
    wanted = {} if width is None else {"half_width": width}
    rows = plan(frame, scores, design, **wanted)
    cells = [
        (
            row.fixmedins_code,
            row.n_frame,
            row.n_random,
            "" if row.half_width != row.half_width else f"±{100 * row.half_width:.1f} %",
            row.n_wanted,
        )
        for row in _plain(rows)
    ]
    show(["机构 institution", "总体 frame", "随机 random", "半宽 half width (90 %)", "所需 needed"], cells)
    sys.stdout.write(
        f"容量 capacity {design.capacity}, 随机 random {design.random_capacity}, 定向 targeted {design.targeted_capacity}\n"
    )


def _frame_and_scores(workplace: Workplace, quarter: Quarter) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    read_record(workplace, quarter)
    frame = read_output(workplace, quarter, "frame.parquet")
    return frame, risk_of(read_output(workplace, quarter, "scores_prescription.parquet"))


def export_institution_frame(workplace: Workplace, quarter: str | None, code: str, out: Path) -> None:
    """Write frame_<code>.csv and the redraw script; prints the command that redraws the random arm."""
    from sampling.design import load_design
    from sampling.frames import export_frame

    chosen = _chosen(workplace, quarter)
    record: dict[str, Any] = read_record(workplace, chosen)
    frame = read_output(workplace, chosen, "frame.parquet")
    sample = read_output(workplace, chosen, "sample.parquet")
    drawn = sample[(sample["fixmedins_code"] == code) & (sample["arm"] == "random")]
    export = export_frame(frame, load_design(), code, n_random=len(drawn))
    write_bytes(out / export.file_name, export.csv.encode())
    write_bytes(out / "redraw.py", export.script.encode())
    sys.stdout.write(f"{out / export.file_name}  SHA-256 {export.sha256}\n")
    sys.stdout.write(f"python {out / 'redraw.py'} {out / export.file_name} {record['design']['seed']} {export.n}\n")
