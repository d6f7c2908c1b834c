"""DuckDB's SQL said for SQLite: the same values, the same types, and a refusal of whatever is not known."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest

from records.lite.database import Inlet, connect, create, ways_out
from records.lite.script import Script
from records.lite.types import Type, Unsaid, parse
from records.single import as_of_script
from tests.basis import drawn

TABLE = {
    "n": "INTEGER", "big": "BIGINT", "amt": "DECIMAL(16, 2)", "cnt": "DECIMAL(16, 4)", "dbl": "DOUBLE", "txt": "VARCHAR",
    "other": "VARCHAR", "day": "DATE", "moment": "TIMESTAMP", "flag": "TINYINT",
}  # fmt: skip
ROWS: list[tuple[Any, ...]] = [
    (1, 4_000_000_000, "8.41", "0.3333", 2.5, "Aspirin阿司匹林", "I10.x", "2026-03-01", "2026-03-01 23:59:59.999999", 1),
    (2, -7, "-0.05", "-2.5000", -2.5, "aspirin", "", "1969-12-31", "1969-12-31 00:00:00.000001", 0),
    (3, None, "22.55", None, 1e300, "", "J06 I10", None, None, None),
    (4, 0, "0.00", "12.0000", 0.285, None, "μG mg ", "2024-02-29", "2024-02-29 12:30:00.5", 1),
    (
        5,
        9_000_000_000_000_000_000,
        "99999999999999.99",
        "999999999999.9999",
        1.005,
        "zZ",
        "a_b%",
        "9999-12-31",
        "2026-07-01",
        0,
    ),
]


def filled() -> tuple[sqlite3.Connection, dict[str, Type]]:
    """SQLite with table ``t``, and its columns."""
    columns = {name: parse(kind) for name, kind in TABLE.items()}
    con = connect()
    create(con, "t", columns)
    Inlet("t", columns).put(con, [dict(zip(TABLE, row, strict=True)) for row in ROWS])
    return con, columns


def rows_of_both(sql: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The rows of a query over table ``t`` in DuckDB and in SQLite."""
    here = duckdb.connect()
    here.execute(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in TABLE.items())})")
    here.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(TABLE))})", ROWS)
    con, columns = filled()
    query = Script({"t": columns}).query(sql)
    ways = ways_out(query.columns)
    found = [tuple(way(value) for way, value in zip(ways, row, strict=True)) for row in con.execute(query.text)]
    return here.execute(sql).fetchall(), found


SAME = [
    # Numbers: exact, halves away from zero, beyond 64 bits.
    "SELECT n, amt + cnt, amt - cnt, amt * 2, -amt, abs(amt), amt * 0.01 FROM t WHERE n < 5",
    "SELECT n, CAST(amt * 100 AS BIGINT), CAST(cnt AS DECIMAL(16, 2)), CAST(cnt AS INTEGER) FROM t WHERE n < 5",
    "SELECT n, round(cnt, 2), round(cnt), ceil(cnt), floor(cnt), CAST(amt AS DOUBLE), CAST(cnt AS VARCHAR) FROM t",
    "SELECT n, big::HUGEINT * big * 2 > 10::HUGEINT, (big::HUGEINT * big) // 7, big::HUGEINT - big FROM t",
    "SELECT n, (2 * (amt * 100)::HUGEINT * big + 7) // 14 FROM t",
    "SELECT n, greatest(big::HUGEINT * big, 5), least(big::HUGEINT * big, n) FROM t",
    "SELECT n, round(dbl, 2), CAST(dbl AS INTEGER), CAST(dbl AS DECIMAL(16, 2)), floor(dbl), ceil(dbl) FROM t WHERE n <> 3",
    "SELECT n, n / 2, amt / 4, n // 2, -7 // n, n * 1000000000::BIGINT, 365.25 * n, dbl * cnt FROM t WHERE n < 5",
    "SELECT n, amt > 8.41, amt = 8.41, amt >= dbl, n BETWEEN 2 AND 3.5, n IN (1, 4), flag = n FROM t",
    "SELECT n, dbl / flag FROM t WHERE n < 3",
    "SELECT n, coalesce(amt, n), coalesce(cnt, 0), CASE WHEN n = 1 THEN 1 WHEN n = 2 THEN amt END, nullif(n, 2) FROM t",
    # Nulls: left out of greatest and least, last in order, never equal unless it is said.
    "SELECT n, greatest(big, n), least(flag, n), greatest(NULL, flag), least(txt, other) FROM t",
    "SELECT n, flag IS NOT DISTINCT FROM NULL, flag IS NULL, NOT big IS NULL FROM t",
    "SELECT n, row_number() OVER (ORDER BY big, n), row_number() OVER (ORDER BY big DESC, n) FROM t",
    "SELECT n, lag(big) OVER (ORDER BY n), lag(big, 2) OVER (PARTITION BY flag ORDER BY n) FROM t",
    "SELECT n, sum(n) OVER w, sum(n) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) FROM t WINDOW w AS (ORDER BY n)",
    # Texts.
    "SELECT n, txt LIKE 'a%', txt LIKE 'A_pirin%', NOT txt LIKE '%in', txt NOT LIKE 'a%', other LIKE 'a_b%' FROM t",
    "SELECT n, starts_with(txt, 'Asp'), contains(txt, other), strpos(txt, '阿') FROM t",
    "SELECT n, length(txt), substr(txt, 1, 8), txt || other FROM t",
    "SELECT n, regexp_matches(other, '^(I10|J)'), regexp_matches(other, ' I1[0-5]'), regexp_matches(txt, '司|z') FROM t",
    "SELECT n, lower(trim(other)), replace(other, ' ', '|'), translate(lower(txt), 'in', ''), txt > other, txt = 'zZ' FROM t",
    "SELECT string_agg(txt, '、' ORDER BY n), string_agg(other, ' ' ORDER BY other), min(txt), max(other) FROM t",
    "SELECT flag, string_agg(txt, ' ' ORDER BY big) FROM t WHERE n > 2 GROUP BY flag HAVING count(*) > 0",
    # Days and moments.
    "SELECT n, moment::DATE, moment::DATE - day, hour(moment), minute(moment), second(moment), year(day) FROM t WHERE n <> 3",
    "SELECT n, day::VARCHAR, moment > day, moment >= TIMESTAMP '2026-03-01 23:59:59.999999', day = DATE '2024-02-29' FROM t",
    "SELECT max(moment), min(day), count(DISTINCT flag), count(big), sum(amt), sum(n), bool_or(n = 2), bool_and(n > 1) FROM t",
    "SELECT flag, count(*) FILTER (n > 2), max(n) FROM t GROUP BY ALL",
    # Joins and sets.
    "SELECT a.n FROM t a SEMI JOIN t b ON b.flag = a.flag AND b.n = a.n",
    "SELECT a.n FROM t a ANTI JOIN t b ON b.flag = a.flag AND b.txt = a.txt",
    "SELECT a.n FROM t a SEMI JOIN (SELECT flag, n FROM t WHERE n > 2) b ON b.flag IS NOT DISTINCT FROM a.flag AND b.n = a.n",
    "SELECT a.n, b.txt FROM t a LEFT JOIN t b ON b.flag = a.flag AND b.n < a.n",
    "SELECT * REPLACE (n + 1 AS n) FROM t JOIN (SELECT n, flag AS held FROM t) b USING (n) WHERE held = 1",
    "SELECT n FROM t WHERE flag = 1 UNION SELECT big FROM t UNION ALL SELECT NULL",
    "SELECT amt FROM t WHERE n < 3 UNION ALL SELECT cnt FROM t WHERE n = 1 UNION ALL SELECT n FROM t WHERE n = 2",
    "SELECT DISTINCT flag FROM t",
    "SELECT n FROM t WHERE EXISTS (SELECT 1 FROM t AS o WHERE o.n = t.n + 1 AND o.flag = 1) OR n IN (SELECT b.n FROM t AS b)",
    "SELECT u.a + n FROM t JOIN (VALUES (1, 'x'), (2, NULL)) AS u(a, b) ON u.a = t.n",
    # Numbers out of texts.
    "SELECT try_cast(other AS INTEGER), try_cast('2.5' AS INTEGER), try_cast(' 7 ' AS INTEGER), '1.5'::DOUBLE FROM t",
    "SELECT try_cast(dbl AS INTEGER), try_cast(dbl * 1e10 AS INTEGER) FROM t",
]


@pytest.mark.parametrize("sql", SAME)
def test_both_engines_have_the_same_rows(sql: str) -> None:
    duck, lite = rows_of_both(sql)
    assert len(duck) > 0
    assert sorted(map(repr, duck)) == sorted(map(repr, lite))


def test_an_order_over_nulls_is_duckdbs() -> None:
    duck, lite = rows_of_both("SELECT n, row_number() OVER (ORDER BY cnt DESC, flag) AS place FROM t")
    assert sorted(duck) == sorted(lite)


def test_facts_have_the_same_bytes() -> None:
    duck, lite = rows_of_both(
        "SELECT to_json(f.facts)::VARCHAR FROM (SELECT {'n': n, 'big': big::HUGEINT, 'txt': txt, 'quoted': other || '\"\\', "
        "'day': day::VARCHAR, 'amt': amt::VARCHAR, 'yes': n > 2, 'none': flag} AS facts FROM t) AS f"
    )
    assert duck == lite
    assert json.loads(lite[1][0])["amt"] == "-0.05"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT regexp_extract(txt, 'a') FROM t",
        "SELECT n FROM t ORDER BY n LIMIT 1",
        "SELECT n FROM t QUALIFY row_number() OVER (ORDER BY n) = 1",
        "SELECT moment - moment FROM t",
        "SELECT moment + INTERVAL 1 DAY FROM t",
        "SELECT median(n) FROM t",
        "SELECT txt = n FROM t",
        "SELECT n FROM t WHERE n",
        "SELECT a.n FROM t a SEMI JOIN t b ON b.n < a.n",
        "SELECT txt ILIKE 'a' FROM t",
        "SELECT txt LIKE 'a' ESCAPE '!' FROM t",
        "SELECT regexp_matches(txt, 'a+?') FROM t",
        "SELECT regexp_matches(txt, 'a', 'i') FROM t",
        "SELECT nowhere FROM t",
        "SELECT txt FROM elsewhere",
        "SELECT n, n FROM t",
        "SELECT sum(n) OVER (ORDER BY n RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
        "SELECT max(txt, 2) FROM t",
        "SELECT a.n FROM t a CROSS JOIN t b",
        "SELECT a.n FROM t a FULL JOIN t b ON a.n = b.n",
        "SELECT {'d': dbl} AS facts FROM t",
        "WITH RECURSIVE r AS (SELECT 1 AS a) SELECT a FROM r",
        "SELECT string_agg(DISTINCT txt, ' ') FROM t",
        "SELECT lag(n) IGNORE NULLS OVER (ORDER BY n) FROM t",
        "DELETE FROM t",
    ],
)
def test_what_is_not_known_is_refused_when_it_is_made(sql: str) -> None:
    columns = {name: parse(kind) for name, kind in TABLE.items()}
    with pytest.raises((Unsaid, ValueError)):
        Script({"t": columns}).query(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT big * 2 FROM t",
        "SELECT sum(big * 1) + sum(big) FROM t WHERE n = 5 OR big = 4000000000 GROUP BY n > 0 HAVING sum(big) > 0 UNION ALL "
        "SELECT (big::HUGEINT * big)::BIGINT FROM t",
        "SELECT txt::INTEGER FROM t",
        "SELECT cnt::DECIMAL(6, 2) FROM t",
        "SELECT dbl::INTEGER FROM t",
        "SELECT n // 0 FROM t",
        "SELECT big::TINYINT FROM t",
    ],
)
def test_what_is_too_large_or_no_number_is_an_error(sql: str) -> None:
    con, columns = filled()
    said = Script({"t": columns}).query(sql).text
    with pytest.raises(sqlite3.Error):
        con.execute(said).fetchall()


def test_tables_of_the_quarter_have_duckdbs_columns_and_types(tmp_path: Path) -> None:
    scenario = drawn.Scenario("", {"line": [{"line": "F1", "rx": "R1", "drug": "XA"}]}, [])
    con, _ = drawn.open_scenario(scenario, tmp_path)
    tables = as_of_script({}).tables
    seen = 0
    for (name,) in con.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'").fetchall():
        if name not in tables:
            continue
        told = [(column, parse(kind)) for column, kind, *_ in con.execute(f"DESCRIBE {name}").fetchall()]
        assert [column for column, _ in told] == list(tables[name]), name
        for column, kind in told:
            mine = tables[name][column]
            assert (mine.kind, mine.scale, mine.is_wide) == (kind.kind, kind.scale, kind.is_wide), (name, column)
            seen += 1
    assert seen >= 400


def test_types_of_sums_and_products_are_duckdbs() -> None:
    con = duckdb.connect()
    kinds = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE"]
    kinds += [f"DECIMAL({size})" for size in ("3, 2", "16, 2", "16, 4", "18, 0", "38, 4")]
    for one in kinds:
        for other in kinds:
            query = f"a + b, a - b, a * b, coalesce(a, b) FROM (SELECT 1::{one} AS a, 1::{other} AS b) AS t"
            told = [parse(kind.replace(",", ", ")) for _, kind, *_ in con.execute(f"DESCRIBE SELECT {query}").fetchall()]
            script = Script({"t": {"a": parse(one), "b": parse(other)}})
            mine = script.query("SELECT a + b AS w, a - b AS x, a * b AS y, coalesce(a, b) AS z FROM t").columns
            assert list(mine.values()) == told, (one, other)
