"""simulate, check, run, train, demo, app: the chain from a raw folder to open cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from records.periods import Quarter
from records.workplace import Workplace


def simulate(
    persons: Annotated[int, typer.Option(min=100, max=100_000_000, help="Insured persons of the city.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same city.")],
    out: options.Out,
    quarter: options.QuarterText = "2026Q3",
    months: Annotated[int, typer.Option(min=0, max=24, help="Months of look-back before the quarter.")] = 12,
    clean: Annotated[bool, typer.Option("--clean", help="A city with nothing wrong in it.")] = False,
) -> None:
    """模拟城市 Make up a city: a contract folder, and its truth in OUT/truth.

    Example: rxpanel simulate --persons 20000 --seed 7 --out city
    """
    from pipelines.progress import note
    from simulator.city import simulate as build

    build(persons, seed, Quarter.parse(quarter), months, clean, out, report=note)
    typer.echo(f"{out}")


def check(
    data: options.Data,
    quarter: options.QuarterText,
    work: options.Work = None,
    threads: options.Threads = 2,
    memory_limit: options.MemoryLimit = "4GB",
) -> None:
    """校验数据 Validate a data folder: quarantine, repairs, report and Data Docs under WORK/<quarter>.

    Example: rxpanel check --data city --quarter 2026Q3 --work work
    """
    from pipelines.check import check_folder
    from pipelines.gate import Source

    source = Source(data, Quarter.parse(quarter), threads, memory_limit)
    check_folder(source, Workplace.of(work))


def run(
    data: options.Data,
    quarter: options.QuarterText,
    work: options.Work = None,
    engine: Annotated[str, typer.Option(help="Data engine: duckdb, or spark.")] = "duckdb",
    seed: options.Seed = None,
    capacity: options.Capacity = None,
    design: options.Design = None,
    threads: options.Threads = 2,
    memory_limit: options.MemoryLimit = "4GB",
    spark_master: options.SparkMaster = None,
) -> None:
    """运行季度 Run a quarter: check, findings, features, scores, reasons, sample, open cases.

    Example: rxpanel run --data city --quarter 2026Q3 --work work
    """
    from pipelines.gate import Source
    from pipelines.run import Draw, run_quarter
    from records.errors import WrongUse

    if engine not in ("duckdb", "spark"):
        raise WrongUse(f"There is no engine '{engine}': choose duckdb or spark.")
    workplace = Workplace.of(work)
    spark = None
    if engine == "spark":
        from pipelines.spark import spark_place

        spark = spark_place(spark_master, threads, memory_limit, workplace)
    source = Source(data, Quarter.parse(quarter), threads, memory_limit, spark)
    record = run_quarter(source, Draw(seed, capacity, design), workplace)
    record.show()


def months(
    data: options.Data,
    quarter: options.QuarterText,
    work: options.Work = None,
    threads: options.Threads = 2,
    memory_limit: options.MemoryLimit = "4GB",
) -> None:
    """按月留存 Keep what each past month leaves for the look-back of later quarters, so that a run need not read it anew.

    Example: rxpanel months --data city --quarter 2026Q3 --work work
    """
    from pipelines.gate import Source
    from pipelines.months import take_months

    take_months(Source(data, Quarter.parse(quarter), threads, memory_limit), Workplace.of(work))


def train(
    data: options.Data,
    quarter: options.QuarterText,
    target: Annotated[str, typer.Option(help="unreasonable or fraud, or a family such as unreasonable_dosage.")],
    grain: Annotated[str, typer.Option(help="prescription, person, practitioner or institution.")],
    work: options.Work = None,
    labels: Annotated[
        str | None, typer.Option(help="'store', or a folder with past_verdict / past_finding (else --data).")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Name of who trains (else the machine's account); another person approves.")
    ] = None,
    search: Annotated[int, typer.Option(min=0, help="Other tree settings to try first, under the same splits.")] = 0,
    threads: options.Threads = 2,
    memory_limit: options.MemoryLimit = "4GB",
) -> None:
    """训练模型 Train a challenger on every labelled quarter before the as-of of QUARTER, evaluate, register.

    Example: rxpanel train --data city --quarter 2026Q3 --target fraud --grain person --labels store
    """
    from pipelines.gate import Source
    from pipelines.training import train_challenger

    source = Source(data, Quarter.parse(quarter), threads, memory_limit)
    train_challenger(source, f"{target}@{grain}", labels, Workplace.of(work), by, search)


def demo(
    persons: Annotated[int, typer.Option(min=500, max=100_000_000, help="Insured persons of the city.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the city.")] = 20260701,
    no_app: Annotated[bool, typer.Option("--no-app", help="End before the app is started.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the app.")] = 8501,
    work: options.Work = None,
) -> None:
    """演示 A simulated city, the whole chain on it, then the app. Prints one account a role.

    Example: rxpanel demo --persons 20000
    """
    from pipelines.demo import run_demo

    run_demo(persons, seed, Workplace.of(work or Path("work/demo")), None if no_app else port)


def app(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port on this machine.")] = 8501,
    work: options.Work = None,
) -> None:
    """评审界面 Start the review app.

    Example: rxpanel app --port 8501 --work work
    """
    from pipelines.demo import start_app

    start_app(Workplace.of(work), port)


def register(root: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (demo, simulate, check, months, run, train, app):
        root.command()(command)
