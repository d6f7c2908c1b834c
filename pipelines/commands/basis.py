"""basis: rules, their versions and trial runs, and knowledge points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from records.workplace import Workplace

app = typer.Typer(no_args_is_help=True, help="点评依据 The review basis: rules and knowledge.")


@app.command("list")
def list_rules(work: options.Work = None) -> None:
    """规则清单 Every rule in force, with its numbering and clause.

    Example: rxpanel basis list
    """
    from pipelines.basis import show_rules

    show_rules(Workplace.of(work))


@app.command()
def show(rule: Annotated[str, typer.Argument(help="Rule id.")], work: options.Work = None) -> None:
    """规则详情 One rule: definition, parameters with their dates, clause, specification.

    Example: rxpanel basis show rx-days
    """
    from pipelines.basis import show_rule

    show_rule(Workplace.of(work), rule)


@app.command("try")
def try_rule(
    rule: Annotated[str, typer.Argument(help="Rule id, or a draft rule file (TOML).")],
    data: options.Data,
    quarter: options.QuarterText,
    work: options.Work = None,
) -> None:
    """试运行 Try a rule on past data: findings by institution, and how earlier verdicts saw them.

    Example: rxpanel basis try rx-days --data city --quarter 2026Q2
    """
    from pipelines.basis import try_on

    try_on(Workplace.of(work), rule, data, quarter)


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="Rule file (TOML).")],
    published_by: Annotated[str, typer.Option("--published-by", help="Who publishes.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="A second person.")],
    work: options.Work = None,
) -> None:
    """发布规则 Publish a local rule version; needs a second person.

    Example: rxpanel basis publish rule.toml --published-by 王药师 --approved-by 李主任 --work work
    """
    from pipelines.basis import publish_rule

    publish_rule(Workplace.of(work), file, published_by, approved_by)


@app.command()
def load(file: Annotated[Path, typer.Argument(help="Knowledge points (CSV).")], work: options.Work = None) -> None:
    """装载知识点 Load knowledge points for every later run of this work folder.

    Example: rxpanel basis load knowledge_points.csv --work work
    """
    from pipelines.basis import load_knowledge

    load_knowledge(Workplace.of(work), file)
