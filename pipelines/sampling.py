"""The sample of a run: its seed, its frame, its draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.publishing import committed_seed
from records.errors import DesignRefused, WrongUse
from records.output import sha256, write_frame
from records.periods import Quarter
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.quarter import QuarterTables
    from pipelines.run import Run
    from sampling.design import Design
    from sampling.rotation import Before, Rotation

_PLACES = "SELECT fixmedins_code, inst_class, consortium_code, admdvs FROM institution ORDER BY fixmedins_code"


def risk_of(scores: pd.DataFrame, novelty: pd.DataFrame | None = None) -> pd.DataFrame | None:
    """What the targeted arm is drawn by: the probability that either target holds, were they independent, and novelty.

    Grain: one row a prescription: rxno, score, and novelty where it is given. None when no target could be scored.
    """
    if scores.empty:
        return None
    clear = (1 - scores["score"]).groupby(scores["rxno"]).prod()
    risk: pd.DataFrame = (1 - clear).clip(0, 1).rename("score").reset_index()
    return risk if novelty is None else risk.merge(novelty, how="outer", on="rxno", sort=True)


def novelty_of(tables: QuarterTables, scores: pd.DataFrame) -> pd.DataFrame:
    """rxno and novelty of every prescription of the frame, by rxno; see ``models.novelty``.

    Explained is what a finding names or a model flags, so that novelty looks where neither does.
    """
    from features.catalogue import load_catalogue
    from models.novelty import novelty

    found = {str(rxno) for (rxno,) in tables.con.sql("SELECT DISTINCT rxno FROM findings WHERE rxno IS NOT NULL").fetchall()}
    covered = found | set(scores.loc[scores["flagged"], "rxno"].astype(str))
    told = tables.con.sql(
        "SELECT rxno, coalesce(dr_codg, rxno) || ' ' || CAST(prsc_time AS DATE) AS day FROM frame ORDER BY rxno"
    ).df()
    explained = told["rxno"].astype(str).isin(covered).to_numpy()
    catalogue = load_catalogue().of("prescription")
    values = novelty(lambda name: tables.numbers("prescription", name), told["day"].to_numpy(), explained, catalogue)
    found_novel: pd.DataFrame = told[["rxno"]].astype({"rxno": str}).assign(novelty=values)
    return found_novel


def frame_of(tables: QuarterTables) -> pd.DataFrame:
    """The frame of the quarter by rxno: rxno, prescribing institution, setting and stay."""
    frame: pd.DataFrame = tables.con.sql("SELECT rxno, fixmedins_code, setting, mdtrt_id FROM frame ORDER BY rxno").df()
    return frame


def rotation_of(workplace: Workplace, quarter: Quarter, design: Design) -> Rotation:
    """Where a quarter stands in the design's cycle, with what its earlier quarters drew; those never run are absent.

    Where a cycle begins, the quarter before it is read too, so that a year's end is co-ordinated like any other. Raises
    DesignRefused for an earlier quarter that was drawn and whose frame is gone: the sample alone does not say who was
    in the frame and not drawn, without which no probability of this quarter is known.
    """
    from sampling.rotation import Rotation

    position = (quarter.number - 1) % design.every
    if not design.rotated:
        return Rotation(position)
    if position == 0 and design.overlap == "free":
        return Rotation()
    found = [_drawn_before(workplace, quarter.shift(-back), quarter) for back in range(max(1, position), 0, -1)]
    earlier = tuple(part for part in found if part is not None)
    if position:
        return Rotation(position, earlier)
    return Rotation(last=earlier[0]) if earlier else Rotation()


def _drawn_before(workplace: Workplace, before: Quarter, quarter: Quarter) -> dict[str, Before] | None:
    """What an earlier quarter drew, None where it never ran; see ``rotation_of``."""
    import pandas as pd

    from sampling.frames import before_of

    path = workplace.quarter(before) / "frame.parquet"
    if path.exists():
        return before_of(pd.read_parquet(path))
    if _was_drawn(workplace, before):
        raise DesignRefused(
            f"{before} was drawn, but its frame.parquet, on which the turns of {quarter} rest, is gone from the work "
            f"folder: bring it back, or run {before} again, which keeps its draw."
        )
    return None


def refuse_used_seed(workplace: Workplace, quarter: Quarter, design: Design, seed: str) -> None:
    """Raises WrongUse where an earlier quarter that this one's turns rest on was drawn with the same seed.

    An institution has one number a seed: chances that are stated as independent of the quarters before would not be.
    """
    import pandas as pd

    back = max(1, (quarter.number - 1) % design.every) if design.rotated else 0
    for before in (quarter.shift(-number) for number in range(1, back + 1)):
        path = workplace.quarter(before) / "sample.parquet"
        if path.exists() and seed in set(pd.read_parquet(path, columns=["seed"])["seed"].astype(str)):
            raise WrongUse(
                f"{before} was drawn with this seed and rotates the same institutions: give {quarter} another --seed."
            )


def _was_drawn(workplace: Workplace, quarter: Quarter) -> bool:
    """Whether a quarter's sample is known, in the work folder or by its cases in the store."""
    from panel.cases import sample_of
    from panel.store import open_store

    if (workplace.quarter(quarter) / "sample.parquet").exists():
        return True
    with open_store(workplace.store_url()) as store:
        return sample_of(store, str(quarter)) is not None


def seed_of(run: Run, design: Design) -> tuple[str, str]:
    """The seed of the draw and where it comes from: committed, given or derived from quarter and design."""
    from sampling.numbers import default_seed

    committed = committed_seed(run.workplace, run.source.quarter)
    if committed is None:
        return (run.draw.seed, "given") if run.draw.seed else (default_seed(run.source.quarter, design.design_id), "derived")
    if run.draw.seed and run.draw.seed != committed:
        raise WrongUse(f"The hash of another seed is published for {run.source.quarter}: leave --seed out.")
    return committed, "committed"


def draw_sample(run: Run, tables: QuarterTables, scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Draw the quarter's sample, or keep the draw of a quarter whose cases are open; writes sample and frame."""
    from panel.cases import sample_of
    from panel.rules import panel_rules
    from panel.store import open_store
    from sampling.design import load_design
    from sampling.draw import select
    from sampling.frames import frame_table
    from sampling.probabilities import prepare

    design = load_design(run.draw.design, run.draw.capacity)
    panel_rules(design.panel)
    with open_store(run.workplace.store_url()) as store:
        kept = sample_of(store, str(run.source.quarter))
    seed, origin = (str(kept["seed"].iloc[0]), "kept") if kept is not None and len(kept) else seed_of(run, design)
    frame = _kept_frame(run) if kept is not None else None
    sample = kept
    if sample is None or frame is None:
        clues = tables.con.sql("SELECT subject_code FROM clue WHERE subject_type = 'prescription'").fetchall()
        named = {str(code) for (code,) in clues}
        novelty = novelty_of(tables, scores["prescription"]) if design.novelty_share else None
        risk = risk_of(scores["prescription"], novelty)
        rotation = rotation_of(run.workplace, run.source.quarter, design)
        if kept is None:
            refuse_used_seed(run.workplace, run.source.quarter, design, seed)
        prepared = prepare(frame_of(tables), risk, named, design, tables.con.sql(_PLACES).df(), rotation)
        frame = frame_table(prepared, seed)
        if sample is None:
            sample = select(prepared, design, seed)
            run.record.off("sampling", list(prepared.notes))
    outside = not_in_frame(frame, frame_of(tables)) if kept is not None else 0
    write_frame(sample, run.building / "sample.parquet")
    write_frame(frame, run.building / "frame.parquet")
    run.record.note(design={**_facts(sample, frame, design, seed), "seed_origin": origin, "kept": kept is not None,
                            "not_in_frame": outside, "frame_sha256": sha256(run.building / "frame.parquet")})  # fmt: skip
    return sample


def not_in_frame(kept: pd.DataFrame, now: pd.DataFrame) -> int:
    """How many prescriptions of the quarter came after the draw that is kept: no estimate speaks for them."""
    return int((~now["rxno"].isin(kept["rxno"])).sum())


def _kept_frame(run: Run) -> pd.DataFrame | None:
    """The frame that a kept draw came from; None when the work folder no longer has it."""
    import pandas as pd

    path = run.workplace.quarter(run.source.quarter) / "frame.parquet"
    if not path.exists():
        return None
    frame = pd.read_parquet(path)
    return frame if "incl_prob" in frame else None


def _facts(sample: pd.DataFrame, frame: pd.DataFrame, design: Design, seed: str) -> dict[str, Any]:
    from sampling.commitment import seed_hash

    facts: dict[str, Any] = {
        "design_id": str(sample["design_id"].iloc[0]) if len(sample) else design.design_id,
        "seed": seed,
        "seed_sha256": seed_hash(seed),
        "capacity": design.capacity,
        "targeted_capacity": design.targeted_capacity,
        "frame_rows": len(frame),
        "strata": int(frame["stratum"].nunique()),
        "arms": {str(arm): int(n) for arm, n in sample["arm"].value_counts().sort_index().items()},
    }
    if design.panel:
        facts["panel"] = design.panel
    if "institution_drawn" in frame:
        turns = frame.loc[frame["institution_prob"] < 1, ["fixmedins_code", "institution_drawn"]].drop_duplicates()
        facts["rotated"] = {"institutions": len(turns), "drawn": int(turns["institution_drawn"].sum())}
    return facts
