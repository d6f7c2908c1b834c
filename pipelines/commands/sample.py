"""sample: planning a draw, binding it to its seed, and frames for redrawing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from records.workplace import Workplace

app = typer.Typer(no_args_is_help=True, help="抽样 Planning a draw, and frames for redrawing it.")
Rate = Annotated[float, typer.Option("--rate", min=0.001, max=0.999, help="Assumed rate (fraction).")]


@app.command()
def plan(
    quarter: options.QuarterOrNewest = None,
    capacity: options.Capacity = None,
    design: options.Design = None,
    width: Annotated[
        float | None, typer.Option(min=0.001, max=0.5, help="Wanted half width of the 90 % interval (fraction).")
    ] = None,
    rate: Rate = 0.15,
    chart: Annotated[Path | None, typer.Option(help="Chart to write (SVG; else WORK/plans/<quarter>.svg).")] = None,
    basis: Annotated[
        str | None,
        typer.Option(
            "--from", help="Quarter whose frame to plan on (else its own, else the newest before it).", show_default=False
        ),
    ] = None,
    work: options.Work = None,
) -> None:
    """抽样计划 How many reviews give which interval width per institution, or what the capacity gives.

    A design beyond its capacity is refused, and a width together with a capacity that cannot give it. A quarter that
    is not over yet is planned on the frame and scores of the newest one before it.

    Example: rxpanel sample plan --quarter 2026Q3 --capacity 600 --work work
    """
    from pipelines.planning import Question, show_plan

    show_plan(Workplace.of(work), Question(quarter, capacity, design, width, rate, chart, basis))


@app.command()
def sizes(
    population: Annotated[int, typer.Option(min=1, help="Prescriptions in the frame.")],
    rate: Rate = 0.15,
    work: options.Work = None,
) -> None:
    """样本量表 Reviews that a rate needs, by half width and confidence, with the finite-population correction.

    Example: rxpanel sample sizes --population 10000 --rate 0.15
    """
    from pipelines.planning import show_sizes

    del work
    show_sizes(population, rate)


@app.command()
def commit(
    quarter: options.QuarterText,
    seed: Annotated[
        str | None, typer.Option(help="Seed, at least 32 characters (else 256 random bits).", show_default=False)
    ] = None,
    work: options.Work = None,
) -> None:
    """种子承诺 Bind a quarter to a secret seed before its frame closes; prints the hash to publish.

    Example: rxpanel sample commit --quarter 2026Q3 --work work
    """
    from pipelines.publishing import commit_seed

    commit_seed(Workplace.of(work), quarter, seed)


@app.command()
def publish(out: options.Out, quarter: options.QuarterOrNewest = None, work: options.Work = None) -> None:
    """公布抽样框 The frames and notices of all institutions, and the hash to publish before the seed.

    Example: rxpanel sample publish --quarter 2026Q3 --out frames --work work
    """
    from pipelines.publishing import publish_frames

    publish_frames(Workplace.of(work), quarter, out)


@app.command()
def reveal(
    quarter: options.QuarterOrNewest = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of notices that get the seed.")] = None,
    work: options.Work = None,
) -> None:
    """公布种子 The seed, once the frames are published; checked against both hashes.

    Example: rxpanel sample reveal --quarter 2026Q3 --out frames --work work
    """
    from pipelines.publishing import reveal_seed

    reveal_seed(Workplace.of(work), quarter, out)


@app.command("export-frame")
def export_frame(
    institution: Annotated[str, typer.Argument(help="Institution code.")],
    quarter: options.QuarterOrNewest = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path(),
    work: options.Work = None,
) -> None:
    """导出抽样框 The frame and notice of one institution, with a script that redraws its random arm.

    Example: rxpanel sample export-frame H53030200001 --quarter 2026Q3 --out frames --work work
    """
    from pipelines.publishing import export_institution_frame

    export_institution_frame(Workplace.of(work), quarter, institution, out)
