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
    rule: Annotated[str, typer.Argument(help="Rule id, or a draft rule or override (TOML).")],
    data: options.Data,
    quarter: options.QuarterText,
    work: options.Work = None,
) -> None:
    """试运行 Try a rule on past data: findings by institution, and how earlier verdicts saw them.

    A draft override (a file with a line 'overrides') is tried beside what stands without it.

    Example: rxpanel basis try rx-days --data city --quarter 2026Q2
    """
    from pipelines.basis_drafts import try_on

    try_on(Workplace.of(work), rule, data, quarter)


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="Rule or override (TOML).")],
    published_by: Annotated[str, typer.Option("--published-by", help="Who publishes.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="A second person.")],
    work: options.Work = None,
) -> None:
    """发布规则 Publish a version of a local rule or override; needs a second person, and the log says who.

    Example: rxpanel basis publish rule.toml --published-by 王药师 --approved-by 李主任 --work work
    """
    from pipelines.basis_drafts import publish_rule

    publish_rule(Workplace.of(work), file, published_by, approved_by)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="Knowledge points, or rows of a knowledge table (CSV).")],
    data: Annotated[
        str | None,
        typer.Option("--data", help="Folder whose drug table is compared (else the newest snapshot).", show_default=False),
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", help="Knowledge table that the file is for.", show_default=False)
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="The file replaces the table's starter set.")] = False,
    work: options.Work = None,
) -> None:
    """装载知识 Load knowledge for every later run: a batch of points, or with --table an agency's own table.

    Batches are joined: later rows stand over earlier ones, what is superseded stays so. The report says what is
    new, changed, superseded, not decidable, and not in the agency's catalogue.

    Example: rxpanel basis load knowledge_points.csv --work work
    """
    from pipelines.knowledge import load_knowledge

    load_knowledge(Workplace.of(work), file, data, table, replace)


@app.command()
def knowledge(work: options.Work = None) -> None:
    """知识清单 Knowledge tables with their signatures, and the loaded points.

    Example: rxpanel basis knowledge
    """
    from pipelines.knowledge import show_knowledge

    show_knowledge(Workplace.of(work))


@app.command()
def upheld(
    out: Annotated[Path | None, typer.Option("--out", help="CSV file to write.", show_default=False)] = None,
    work: options.Work = None,
) -> None:
    """支持率 What verdicts made of each rule's findings, noisy rules first.

    Example: rxpanel basis upheld --out upheld.csv
    """
    from pipelines.basis import show_upheld

    show_upheld(Workplace.of(work), out)
