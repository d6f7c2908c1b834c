"""Refunds, of whole settlements or of one line, and what is settled again after one."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import Array, parameters
from simulator.visits import Visits

Columns = dict[str, Array]


def reverse(
    visits: Visits, lines: Columns, settled: Columns, traces: Columns, rng: np.random.Generator
) -> tuple[Columns, Columns, Columns, Array]:
    """Reverse some settlements: lines, settlements and traces with what is added, and who lost all of it.

    Suffix R = reversal, A = settled again; ``lines`` gain ``settle``, the row of their settlement.
    """
    size, marks = len(visits), parameters()["settlement"]
    lines = {**lines, "settle": lines["visit"].copy(), "suffix": np.zeros(len(lines["visit"]), dtype=np.uint8)}
    chosen = np.flatnonzero(rng.random(size) < marks["refund_share"])
    when = settled["time"][chosen] + rng.integers(60, 3600, len(chosen)).astype(np.int32)
    several = np.bincount(lines["visit"], minlength=size)[chosen] > 1
    partial = several & (rng.random(len(chosen)) < marks["partial_share"])
    again = ~partial & (rng.random(len(chosen)) < marks["again_share"])
    back = _copy(settled, chosen, when, "R")
    second = _copy(settled, chosen[again], when[again] + 15, "A")
    row = np.full(size, -1, dtype=np.int32)
    row[chosen] = size + np.arange(len(chosen))
    one_only = np.zeros(size, dtype=bool)
    one_only[chosen[partial]] = True
    reversed_lines = np.flatnonzero((row[lines["visit"]] >= 0) & (~one_only[lines["visit"]] | (lines["number"] == 0)))
    returned = _copy_lines(lines, reversed_lines, row, back["time"], size, -1)
    row[:] = -1
    row[chosen[again]] = size + len(chosen) + np.arange(int(again.sum()))
    renewed = _copy_lines(lines, np.flatnonzero(row[lines["visit"]] >= 0), row, second["time"], size + len(chosen), 1)
    lost = np.zeros(size, dtype=bool)
    lost[chosen[~partial & ~again]] = True
    first = len(lines["visit"])
    sources = np.concatenate([reversed_lines, np.flatnonzero(row[lines["visit"]] >= 0)])
    all_lines = {name: np.concatenate([lines[name], returned[name], renewed[name]]) for name in lines}
    traces = _trace_again(traces, sources, first, all_lines)
    all_settled = {name: np.concatenate([settled[name], back[name], second[name]]) for name in settled}
    return all_lines, all_settled, traces, lost


def _copy(settled: Columns, rows: Array, when: Array, suffix: str) -> Columns:
    copy = {name: values[rows] for name, values in settled.items()}
    copy["suffix"] = np.full(len(rows), ord(suffix), dtype=np.uint8)
    copy["time"] = when.astype(np.int32)
    return copy


def _copy_lines(lines: Columns, rows: Array, row: Array, times: Array, first: int, sign: int) -> Columns:
    copy = {name: values[rows] for name, values in lines.items()}
    copy["settle"] = row[copy["visit"]]
    copy["suffix"] = np.full(len(rows), ord("R" if sign < 0 else "A"), dtype=np.uint8)
    copy["minute"] = times[copy["settle"] - first] - 1
    for name in ("cnt", "amount", "scope"):
        copy[name] = sign * copy[name]
    return copy


def _trace_again(traces: Columns, sources: Array, first: int, lines: Columns) -> Columns:
    """The boxes of the copied lines: scanned back, and out again, under the code of the first sale."""
    row = np.full(first, -1, dtype=np.int64)
    row[traces["line"]] = np.arange(len(traces["line"]))
    copied = np.flatnonzero(row[sources] >= 0)
    added = {name: values[row[sources[copied]]] for name, values in traces.items()}
    added["line"] = first + copied
    joined = {name: np.concatenate([traces[name], added[name]]) for name in traces}
    joined["cnt"] = lines["cnt"][joined["line"]]
    joined["minute"] = lines["minute"][joined["line"]] + 1
    return joined
