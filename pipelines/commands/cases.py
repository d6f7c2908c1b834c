"""experts, cases, leads: the panel's work from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from records.workplace import Workplace

experts = typer.Typer(no_args_is_help=True, help="专家库 The expert pool.")
app = typer.Typer(no_args_is_help=True, help="病例 Cases out, verdicts in.")
leads = typer.Typer(no_args_is_help=True, help="线索 Suspected subjects and what became of them.")
File = Annotated[Path, typer.Argument(help="File to read (CSV or Parquet).")]
To = Annotated[Path | None, typer.Option("--to", "--out", help="File to write (else under WORK).")]


@experts.command("import")
def import_experts(file: File, work: options.Work = None) -> None:
    """导入专家 Bring experts into the pool: expert_id, name, profession, specialty, title, institution, ...

    Example: rxpanel experts import experts.csv --work work
    """
    from pipelines.cases import bring_experts

    bring_experts(Workplace.of(work), file)


@experts.callback()
def _experts() -> None:
    """专家库 The expert pool."""


@app.command("list")
def list_cases(quarter: options.QuarterOrNewest = None, work: options.Work = None) -> None:
    """病例清单 Cases of a quarter and where each stands.

    Example: rxpanel cases list --quarter 2026Q3 --work work
    """
    from pipelines.cases import show_cases

    show_cases(Workplace.of(work), quarter)


@app.command("export")
def export_cases(
    quarter: options.QuarterOrNewest = None,
    to: To = None,
    recipient: options.Recipient = options.UNNAMED,
    work: options.Work = None,
) -> None:
    """导出病例 Cases as a blind list for experts who judge on paper or elsewhere.

    Example: rxpanel cases export --quarter 2026Q3 --to cases.csv --recipient 专家组 --work work
    """
    from pipelines.cases import export

    export(Workplace.of(work), quarter, to, recipient)


@app.command("import-verdicts")
def import_verdicts(file: File, work: options.Work = None) -> None:
    """导入结论 Verdicts in, one row an expert and object; importing a file again changes nothing.

    Example: rxpanel cases import-verdicts verdicts.csv --work work
    """
    from pipelines.cases import bring_verdicts

    bring_verdicts(Workplace.of(work), file)


@leads.command("list")
def list_leads(quarter: options.QuarterOrNewest = None, work: options.Work = None) -> None:
    """线索清单 Open leads of a quarter.

    Example: rxpanel leads list --quarter 2026Q3 --work work
    """
    from pipelines.cases import show_leads

    show_leads(Workplace.of(work), quarter)


@leads.command("export")
def export_leads(
    quarter: options.QuarterOrNewest = None,
    to: To = None,
    recipient: options.Recipient = options.UNNAMED,
    unmask: Annotated[
        str | None, typer.Option("--unmask", help="Why persons' numbers must stand in it whole; the log keeps the reason.")
    ] = None,
    work: options.Work = None,
) -> None:
    """导出线索 Leads as a list for the officers who check them, persons' numbers masked unless a reason is given.

    Example: rxpanel leads export --quarter 2026Q3 --to leads.csv --recipient 稽核科 --work work
    """
    from pipelines.cases import export_lead_list

    export_lead_list(Workplace.of(work), quarter, to, recipient, unmask)


@leads.command("import-outcomes")
def import_outcomes(file: File, work: options.Work = None) -> None:
    """导入结果 What became of leads; outcomes are labels of later training.

    Example: rxpanel leads import-outcomes outcomes.csv --work work
    """
    from pipelines.cases import bring_outcomes

    bring_outcomes(Workplace.of(work), file)
