"""Trace codes on what pharmacies sell: a code a box, split packs under one code, boxes sold again, codes settled twice."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import Array, catalogue, parameters
from simulator.coming import Scene
from simulator.streams import TRACES
from simulator.visits import SCHEMES, Visits

Columns = dict[str, Array]
#: Most sales from one split pack.
_FROM_ONE_PACK = 4


def trace(scene: Scene, visits: Visits, lines: Columns) -> Columns:
    """The trace of each line sold at a pharmacy: ``line``, ``code`` (the line whose code it carries), ``split``.

    Marks split packs as innocent, and the prescriptions whose boxes were settled before as a scheme.
    """
    rng = scene.stream(TRACES)
    pharmacy = visits.pharmacy[lines["visit"]]
    rows = np.flatnonzero((pharmacy >= 0) & (lines["drug"] >= 0))
    group = pharmacy[rows].astype(np.int64) * len(catalogue().drug) + lines["drug"][rows]
    order = np.lexsort((lines["minute"][rows], group))
    rows, group = rows[order], group[order]
    split = rng.random(len(rows)) < parameters()["settlement"]["split_pack_share"]
    code = rows.copy()
    leader = _leaders(group, split)
    code[split] = rows[leader[split]]
    visits.mark(np.unique(lines["visit"][rows[split & (leader != np.arange(len(rows)))]]), "split_pack")
    if not scene.city.clean:
        _settle_twice(scene, visits, lines, rows, group, split, code, rng)
    return {"line": rows, "code": code, "split": split, "cnt": lines["cnt"][rows], "minute": lines["minute"][rows] + 1}


def _leaders(group: Array, split: Array) -> Array:
    """For each sale from a split pack the first sale from the same pack; others lead themselves."""
    at = np.flatnonzero(split)
    found = np.arange(len(group))
    first = np.searchsorted(group[at], group[at])
    turn = (np.arange(len(at)) - first) % _FROM_ONE_PACK
    found[at] = at[np.arange(len(at)) - turn]
    return found


def _settle_twice(
    scene: Scene, visits: Visits, lines: Columns, rows: Array, group: Array, split: Array, code: Array,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Guilty pharmacies scan the box of the sale before once more; sets ``code`` and the scheme."""
    guilty = scene.city.places["scheme"][visits.pharmacy[lines["visit"][rows]]] == "trace_reuse"
    alike = np.append(False, (group[1:] == group[:-1]) & ~split[1:] & ~split[:-1]) if len(rows) else split
    again = guilty & alike & (rng.random(len(rows)) < parameters()["schemes"]["trace_reuse"]["share"])
    again = np.flatnonzero(again & (visits.scheme[lines["visit"][rows]] == 0))
    code[again] = code[again - 1]
    visits.scheme[lines["visit"][rows[again]]] = SCHEMES.index("trace_reuse")


def sell_returned(visits: Visits, lines: Columns, traces: Columns, lost: Array, back: Array) -> None:
    """A box that came back is sold again: the next sale of the drug there carries its code.

    ``back``: minute at which each visit was reversed. The sales stand first in ``traces``, in the order of group
    and time. Net of returns no box is settled twice, so this is innocent.
    """
    sales = int((lines["suffix"][traces["line"]] == 0).sum())
    line, split = traces["line"][:sales], traces["split"][:sales]
    visit, drug = lines["visit"][line], lines["drug"][line]
    own = traces["code"][:sales] == line
    alike = (visits.pharmacy[visit[1:]] == visits.pharmacy[visit[:-1]]) & (drug[1:] == drug[:-1])
    late = lines["minute"][line[1:]] > back[visit[:-1]]
    free = lost[visit[:-1]] & ~split[:-1] & ~split[1:] & own[1:] & own[:-1] & alike & late
    following = np.flatnonzero(free) + 1
    # A sale whose code others carry on keeps it.
    carried = np.isin(line[following], traces["code"][:sales][~own])
    following = following[~carried & ~lost[visit[following]]]
    traces["code"][following] = traces["code"][following - 1]
    visits.mark(np.unique(visit[following]), "returned_box")
