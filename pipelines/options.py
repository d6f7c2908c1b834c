"""Options that several commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

#: Whom an export is for where nobody is named: it stays with whoever wrote it.
UNNAMED = "command line"

Work = Annotated[
    Path | None,
    typer.Option("--work", help="Work folder (else RXPANEL_WORK, else ./work).", show_default=False),
]
QuarterText = Annotated[str, typer.Option("--quarter", help="Quarter, written 2026Q3.")]
QuarterOrNewest = Annotated[
    str | None,
    typer.Option("--quarter", help="Quarter, written 2026Q3 (else the newest in WORK).", show_default=False),
]
Data = Annotated[str, typer.Option("--data", help="Folder of input tables, or a database address.")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write to.")]
Recipient = Annotated[str, typer.Option("--recipient", help="Whom the export is for: it carries the mark.")]
Threads = Annotated[int, typer.Option("--threads", min=1, max=1024, help="Processor threads to use.")]
MemoryLimit = Annotated[str, typer.Option("--memory-limit", help="Memory for the data engine, such as 8GB.")]
Seed = Annotated[
    str | None,
    typer.Option("--seed", help="Seed of the draw (else derived from quarter and design).", show_default=False),
]
Capacity = Annotated[
    int | None,
    typer.Option("--capacity", min=1, help="Reviews that the panel can do in the quarter.", show_default=False),
]
Design = Annotated[Path | None, typer.Option("--design", help="Sampling design file (TOML).", show_default=False)]
Scheme = Annotated[Path | None, typer.Option("--scheme", help="Assessment scheme file (TOML).", show_default=False)]
SparkMaster = Annotated[
    str | None,
    typer.Option(
        "--spark-master",
        envvar="RXPANEL_SPARK_MASTER",
        help="Where Spark runs, such as spark://host:7077 or yarn (else this machine, with --threads).",
        show_default=False,
    ),
]
