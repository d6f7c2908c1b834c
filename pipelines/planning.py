"""``rxpanel sample plan`` and ``sizes``: what a capacity gives, what a width needs, and the picture of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.record_files import read_output, read_record, snapshot_of_quarter
from pipelines.sampling import risk_of, rotation_of
from pipelines.tables import show
from records.errors import NotFound, WrongUse
from records.output import write_text
from records.periods import Quarter
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

    from sampling.design import Design
    from sampling.plan import Wish

CONFIDENCES = (0.8, 0.9, 0.95, 0.99)
WIDTHS = (0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2)


@dataclass(frozen=True)
class Question:
    """What is asked of ``sample plan``; None = the default.

    ``basis`` = the earlier quarter whose frame stands for one that is not over yet.
    """

    quarter: str | None = None
    capacity: int | None = None
    design: Path | None = None
    width: float | None = None
    rate: float | None = None
    chart: Path | None = None
    basis: str | None = None


def show_plan(workplace: Workplace, asked: Question) -> None:
    """Print sizes and expected widths per institution, and draw them.

    A quarter that was not run yet is planned on the frame and scores of an earlier one, and it is said so. Raises
    NotFound where no quarter can be planned from, DesignRefused when the design, or a width wished together with a
    capacity, is beyond the capacity.
    """
    from sampling.design import load_design
    from sampling.plan import Wish, fit, plan, refuse_beyond

    quarter = Quarter.parse(asked.quarter) if asked.quarter else workplace.newest()
    design = load_design(asked.design, asked.capacity)
    wish = Wish(asked.rate or Wish.rate, asked.width or Wish.half_width)
    basis = basis_of(workplace, quarter, asked.basis)
    frame, places, scores = _inputs(workplace, basis, design)
    if basis != quarter:
        sys.stdout.write(
            f"{quarter}按{basis}的抽样框和评分计划，实际抽样时各机构数量会不同 "
            f"{quarter} is planned on the frame and scores of {basis}: its own numbers will differ\n"
        )
    table = plan(frame, scores, design, wish, places, rotation_of(workplace, quarter, design))
    show(["机构 institution", "总体 frame", "随机 random", "半宽 half width (90 %)", "所需 needed"], _cells(table))
    found = fit(table, design, wish)
    _write_summary(design, wish, found.needed, found.half_width)
    chart = asked.chart or workplace.work / "plans" / f"{quarter}.svg"
    on = "" if basis == quarter else f"，按{basis}抽样框 on the frame of {basis}"
    _write_chart(table, wish, f"抽样计划 Sampling plan {quarter}（{design.capacity}）{on}", chart)
    if asked.width is not None and asked.capacity is not None:
        refuse_beyond(found, design, wish)


def basis_of(workplace: Workplace, quarter: Quarter, asked: str | None = None) -> Quarter:
    """The quarter whose frame a plan rests on: the one asked for, else the quarter itself, else the newest before it.

    Raises WrongUse for one that lies after the planned quarter, NotFound where there is none to plan from.
    """
    if asked is not None:
        basis = Quarter.parse(asked)
        if basis > quarter:
            raise WrongUse(f"{basis} lies after {quarter}: plan from an earlier quarter.")
        read_record(workplace, basis)
        return basis
    run = [known for known in workplace.quarters() if known <= quarter]
    if not run:
        raise NotFound(
            f"Neither {quarter} nor a quarter before it was run in {workplace.work}: run an earlier quarter with "
            f"'rxpanel run', or ask 'rxpanel sample sizes' what a frame of a known size needs."
        )
    return run[-1]


def _inputs(workplace: Workplace, quarter: Quarter, design: Design) -> tuple[Any, Any, Any]:
    """Frame, institutions and risk of a quarter; the frame with settings and stays where the design asks for them."""
    from records.asof import open_asof

    read_record(workplace, quarter)
    frame = read_output(workplace, quarter, "frame.parquet")[["rxno", "fixmedins_code"]]
    scores = risk_of(read_output(workplace, quarter, "scores_prescription.parquet"))
    places = None
    if design.rotated or design.pooled or design.ward_settings:
        con = open_asof(snapshot_of_quarter(workplace, quarter), quarter, scratch=workplace.scratch / "spill")
        places = con.sql("SELECT fixmedins_code, inst_class, consortium_code, admdvs FROM institution").df()
        stays = con.sql("SELECT rxno, setting, mdtrt_id FROM frame").df()
        con.close()
        frame = frame.merge(stays, how="left", on="rxno")
    return frame, places, scores


def _cells(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows: list[Any] = list(table.itertuples(index=False))
    return [
        (
            row.fixmedins_code,
            row.n_frame,
            row.n_random,
            "" if row.half_width is None or row.half_width != row.half_width else f"±{100 * row.half_width:.1f} %",
            row.n_wanted,
        )
        for row in rows
    ]


def _write_summary(design: Design, wish: Wish, needed: int, fits: float) -> None:
    sys.stdout.write(
        f"容量 capacity {design.capacity}, 随机 random {design.random_capacity}, 定向 targeted {design.targeted_capacity}\n"
        f"各机构半宽 half width ±{100 * wish.half_width:g} %: 所需容量 capacity needed {needed}; "
        f"本容量可达 this capacity gives every institution ±{100 * fits:.1f} %\n"
    )


def _write_chart(table: pd.DataFrame, wish: Wish, title: str, path: Path) -> None:
    from sampling.chart import plan_chart

    write_text(path, plan_chart(table, wish.half_width, title))
    sys.stdout.write(f"图 chart {path}\n")


def show_sizes(population: int, rate: float) -> None:
    """Print the reviews that a rate of one population needs, by half-width and confidence."""
    from sampling.sizes import rate_table

    rows = [
        (f"±{100 * width:g} %", *sizes)
        for width, sizes in zip(WIDTHS, rate_table(rate, population, WIDTHS, CONFIDENCES), strict=True)
    ]
    show(["半宽 half width", *(f"{100 * confidence:g} %" for confidence in CONFIDENCES)], rows)
