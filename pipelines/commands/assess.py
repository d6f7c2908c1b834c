"""assess, explain, settle: from verdicts to scores, and from a score back to its cases."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines import options
from records.errors import WrongUse
from records.periods import Quarter
from records.workplace import Workplace


def assess(
    out: options.Out,
    quarter: Annotated[str | None, typer.Option(help="Quarter, written 2026Q3.")] = None,
    year: Annotated[int | None, typer.Option(help="Year, joining its quarters.")] = None,
    work: options.Work = None,
    scheme: options.Scheme = None,
    recipient: options.Recipient = options.UNNAMED,
) -> None:
    """考核 Estimates with intervals, scores, doubt lists, notices, worksheets, ledgers, exports.

    Example: rxpanel assess --quarter 2026Q3 --work work --out results --recipient 医保局
    """
    from pipelines.assess import assess_quarters

    workplace = Workplace.of(work)
    if (quarter is None) == (year is None):
        raise WrongUse("Name either --quarter or --year.")
    if quarter is not None:
        quarters = [Quarter.parse(quarter)]
    else:
        quarters = [found for found in workplace.quarters() if found.year == year]
    assess_quarters(workplace, quarters, out, scheme, quarter or str(year), recipient)


def explain(
    code: Annotated[str, typer.Argument(help="Institution code or prescription number.")],
    quarter: options.QuarterOrNewest = None,
    work: options.Work = None,
) -> None:
    """溯源 The whole line behind an institution's score or a prescription's fate.

    Example: rxpanel explain H53030200001 --quarter 2026Q3 --work work
    """
    from pipelines.assess import explain_code

    workplace = Workplace.of(work)
    chosen = Quarter.parse(quarter) if quarter else workplace.newest()
    for line in explain_code(workplace, chosen, code):
        typer.echo(line)


def settle(
    year: Annotated[int, typer.Option(help="Clearing year.")],
    out: options.Out,
    work: options.Work = None,
    scheme: options.Scheme = None,
    recipient: options.Recipient = options.UNNAMED,
) -> None:
    """年度清算 The annual clearing, from a closed annual assessment.

    Example: rxpanel settle --year 2026 --work work --out clearing --recipient 基金科
    """
    from pipelines.assess import settle_year

    settle_year(Workplace.of(work), year, out, scheme, recipient)


def register(root: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (assess, explain, settle):
        root.command()(command)
