"""One definition, two engines: DuckDB and Spark give the same features, findings, scores and reasons."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.catalogue import GRAINS, KEYS, load_catalogue
from features.compute import compute
from pipelines.gate import Source
from pipelines.run import Draw, run_quarter
from records.asof import open_asof, open_asof_on_spark
from records.engine import SparkPlace
from records.periods import Quarter
from records.snapshot import Snapshot
from records.workplace import Workplace
from simulator.city import simulate

pytestmark = pytest.mark.spark
QUARTER = Quarter.parse("2026Q3")
# Features that cannot be equal on both engines, by grain and name, with the reason. There is none.
UNEQUAL: dict[tuple[str, str], str] = {}
# A small city is over before compiling its queries would pay; the bench compares the engines with compiled ones.
BRIEF = (
    ("spark.sql.codegen.wholeStage", "false"),
    ("spark.sql.codegen.factoryMode", "NO_CODEGEN"),
    ("spark.sql.adaptive.enabled", "false"),
    ("spark.sql.shuffle.partitions", "2"),
    ("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"),
)
_POINT = {"rule_class": "政策类", "official": "1", "status": "effective", "code_form": "exact", "decidable": "1"}
# One point of each kind, for the drugs that the city charges most.
POINTS: list[dict[str, str]] = [
    {"sex": "1"},
    {"age_min_days": "20000"},
    {"age_max_days": "9000"},
    {"med_type": "14 2"},
    {"hosp_lv": "3"},
    {"insutype": "510"},
    {"icd": "E11 J0 I10.x"},
    {"course_days": "9", "course_scope": "total"},
    {"course_days": "5", "course_scope": "visit"},
    {"course_days": "20", "course_scope": "span"},
    {"tcm_use": "never"},
    {"sex": "2", "rule_class": "合理使用类"},
    {"sex": "2", "code_form": "prefix"},
    {"decidable": "0"},
]


@dataclass(frozen=True)
class Runs:
    """The quarter's folder of each engine, and what the Spark run said on the terminal."""

    duck: Path
    spark: Path
    said: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkPlace]:
    yield SparkPlace("local[2]", 2, "2GB", tmp_path_factory.mktemp("spark"), BRIEF)
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        running.stop()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    simulate(1500, 11, QUARTER, 3, False, folder)
    lines = folder / "fee_line.parquet"
    most = duckdb.execute(
        "SELECT hilist_code FROM read_parquet($lines) WHERE list_type IN ('101', '102', '103') "
        "GROUP BY hilist_code ORDER BY count(*) DESC, hilist_code LIMIT $n",
        {"lines": str(lines), "n": len(POINTS)},
    ).fetchall()
    names = list(dict.fromkeys(["kp_id", "rule_name", "gz_code", "med_code", *_POINT, *(key for p in POINTS for key in p)]))
    with (folder / "knowledge_points.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        for number, (point, (code,)) in enumerate(zip(POINTS, most, strict=True)):
            kind = number % 5
            named = {"kp_id": f"KP{number}", "rule_name": f"规则{kind}", "gz_code": f"GZ{kind}"}
            cut = code[:4] if point.get("code_form") == "prefix" else code
            writer.writerow({**named, "med_code": cut, **_POINT, **point})
    return folder


@pytest.fixture(scope="module")
def runs(city: Path, place: SparkPlace, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """DuckDB runs the quarter and trains what is not there; then each engine runs it with those models."""
    root = tmp_path_factory.mktemp("work")
    source = Source(str(city), QUARTER)
    run_quarter(source, Draw(capacity=60), Workplace.of(root / "duck"))
    shutil.copytree(root / "duck", root / "spark")
    run_quarter(source, Draw(capacity=60), Workplace.of(root / "duck"))
    said = root / "said.txt"
    with _descriptors_into(said):
        run_quarter(Source(str(city), QUARTER, spark=place), Draw(capacity=60), Workplace.of(root / "spark"))
    return Runs(root / "duck" / "2026Q3", root / "spark" / "2026Q3", said.read_text(encoding="utf-8"))


class _descriptors_into:  # noqa: N801
    """What this process and those it starts say, written to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        self.kept = os.dup(1), os.dup(2)
        with self.path.open("ab") as target:
            os.dup2(target.fileno(), 1)
            os.dup2(target.fileno(), 2)

    def __exit__(self, *_: object) -> None:
        for number, descriptor in enumerate(self.kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)


def assert_equal(one: pa.Table, other: pa.Table) -> None:
    """The same rows, columns and types; doubles to 1e-9 of their size, all else exactly."""
    assert one.schema.remove_metadata() == other.schema.remove_metadata()
    assert one.num_rows == other.num_rows
    unlike = [name for name in one.column_names if not _alike(one[name].combine_chunks(), other[name].combine_chunks())]
    assert unlike == []


def _alike(one: Any, other: Any) -> bool:
    if not pa.types.is_floating(one.type):
        return bool(one.equals(other))
    if not pc.is_null(one).equals(pc.is_null(other)):
        return False
    apart = pc.abs(pc.subtract(one, other))
    near = pc.less_equal(apart, pc.multiply(1e-9, pc.max_element_wise(pc.abs(one), pc.abs(other))))
    return bool(pc.all(near, min_count=0).as_py())


@pytest.mark.parametrize("grain", GRAINS)
def test_features_are_equal(grain: str, runs: Runs) -> None:
    """Rows, columns, types and values; and where every double has the same bits, the file has the same bytes."""
    one, other = (pq.read_table(folder / f"features_{grain}.parquet") for folder in (runs.duck, runs.spark))
    off = [name for of, name in UNEQUAL if of == grain]
    assert_equal(one.drop_columns(off), other.drop_columns(off))
    assert one.num_rows > 0
    assert one.column_names == [KEYS[grain], "as_of", *(feature.name for feature in load_catalogue().of(grain))]


def test_findings_are_the_same_bytes(runs: Runs) -> None:
    assert (runs.duck / "findings.parquet").read_bytes() == (runs.spark / "findings.parquet").read_bytes()
    rules = set(pq.read_table(runs.spark / "findings.parquet")["rule_id"].to_pylist())
    assert len(rules) > 12
    assert {f"kp-GZ{kind}" for kind in range(5)} <= rules


@pytest.mark.parametrize("name", ["scores", "reasons"])
def test_scores_and_reasons_are_equal(name: str, runs: Runs) -> None:
    for grain in GRAINS:
        one, other = (pq.read_table(folder / f"{name}_{grain}.parquet") for folder in (runs.duck, runs.spark))
        assert_equal(one, other)
    assert pq.read_table(runs.spark / "scores_prescription.parquet").num_rows > 0


def test_the_sample_and_what_was_switched_off_are_the_same(runs: Runs) -> None:
    import json

    for name in ("sample.parquet", "frame.parquet"):
        assert (runs.duck / name).read_bytes() == (runs.spark / name).read_bytes()
    one, other = (json.loads((folder / "run.json").read_text(encoding="utf-8")) for folder in (runs.duck, runs.spark))
    for fact in ("switched_off", "rows", "knowledge", "models"):
        assert one[fact] == other[fact]
    assert (one["engine"], other["engine"]) == ("duckdb", "spark")
    assert "pyspark" in other["versions"]


def test_nothing_of_java_is_said_on_the_terminal(runs: Runs) -> None:
    noise = ("WARN", "log4j", "incubator", "Stage", "Setting default", "java.", "FutureWarning")
    assert [word for word in noise if word in runs.said] == []


def test_spark_sees_nothing_later_than_the_moment(
    place: SparkPlace,
    small_city: Callable[[int], Any],
    with_later_rows: Callable[[Any, int], Any],
    make_snapshot: Callable[[Any], Snapshot],
) -> None:
    """Spark on a city with later rows gives what DuckDB gives on the city without them."""
    lived = small_city(1)
    before = make_snapshot(lived.tables)
    after = make_snapshot(with_later_rows(lived, 1).tables)
    duck = open_asof(before, QUARTER)
    spark = open_asof_on_spark(after, QUARTER, place)
    for grain in GRAINS:
        compute(duck, before, grain)
        compute(spark, after, grain)
        one = duck.sql(f"SELECT * FROM features_{grain} ORDER BY {KEYS[grain]}").to_arrow_table()
        parts = str(spark.written("main")[f"features_{grain}"] / "*.parquet")
        other = duckdb.sql(f"SELECT * FROM read_parquet('{parts}') ORDER BY {KEYS[grain]}").to_arrow_table()
        assert_equal(one, other)
    spark.close()
    assert not spark.folder.exists()
