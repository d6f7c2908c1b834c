"""models: the registry of scores' origins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from records.errors import WrongUse
from records.workplace import Workplace

app = typer.Typer(no_args_is_help=True, help="模型 The model registry.")
Which = Annotated[str | None, typer.Argument(help="TARGET@GRAIN, such as unreasonable@prescription.")]


@app.command("list")
def list_models(work: options.Work = None) -> None:
    """模型清单 Registered versions with their aliases.

    Example: rxpanel models list --work work
    """
    from pipelines.models import show_models

    show_models(Workplace.of(work))


@app.command()
def compare(work: options.Work = None) -> None:
    """模型比较 Each model beside its baselines, with intervals, on the newest labelled quarter.

    Example: rxpanel models compare --work work
    """
    from pipelines.models import show_comparison

    show_comparison(Workplace.of(work))


@app.command()
def promote(
    approved_by: Annotated[str, typer.Option("--approved-by", help="Name of the person who approves.")],
    which: Which = None,
    everything: Annotated[bool, typer.Option("--all", help="Every challenger.")] = False,
    override: Annotated[str | None, typer.Option(help="Reason for promoting although the gate says no (logged).")] = None,
    work: options.Work = None,
) -> None:
    """晋级 Make a challenger the champion, if the gate allows it.

    Example: rxpanel models promote unreasonable@prescription --approved-by 李主任 --work work
    """
    from pipelines.models import promote_models

    if (which is None) != everything:
        raise WrongUse("Name one model (TARGET@GRAIN), or --all.")
    promote_models(Workplace.of(work), which, approved_by, override)


@app.command()
def rollback(
    which: Annotated[str, typer.Argument(help="TARGET@GRAIN, such as unreasonable@prescription.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="Name of the person who approves.")],
    work: options.Work = None,
) -> None:
    """回退 Bring the previous champion back.

    Example: rxpanel models rollback unreasonable@prescription --approved-by 李主任 --work work
    """
    from pipelines.models import roll_back

    roll_back(Workplace.of(work), which, approved_by)


@app.command()
def watch(quarter: options.QuarterOrNewest = None, work: options.Work = None) -> None:
    """监测 Drift, what the scores promise and what verdicts found, of every champion; also in WORK/watch/QUARTER.json.

    Exit code 0 when nothing moved, 13 when something is to be looked at, 14 when a model is no longer what was tested.

    Example: rxpanel models watch --quarter 2026Q3 --work work
    """
    from pipelines.watch import watch_models

    watch_models(Workplace.of(work), quarter)


@app.command()
def why(
    which: Annotated[str, typer.Argument(help="TARGET@GRAIN, such as unreasonable@prescription.")],
    code: Annotated[str, typer.Argument(help="The subject: rxno, psn_no, dr_codg or fixmedins_code.")],
    quarter: options.QuarterOrNewest = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw the waterfall of features into this PNG file.")] = None,
    work: options.Work = None,
) -> None:
    """评分缘由 The themes behind one score, and the score if a theme were at its usual values (the peers' medians).

    Example: rxpanel models why fraud@person P000001 --quarter 2026Q3 --work work
    """
    from pipelines.why import show_why

    show_why(Workplace.of(work), which, code, quarter, picture)
