"""Batches of knowledge points loaded one after the other: what stands after all of them, and what a batch changed.

Rows are kept as they were handed over. Of a key (kp_id and med_code) the row of the later batch stands; rows of one batch
that disagree about a key are all kept, so that it is listed and not guessed. What any batch calls superseded stays
superseded, in whatever order batches come.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from basis.csv_file import Cells
from basis.points.rows import DECIDING, normal, normalised, plain

Key = tuple[str | None, str | None]


@dataclass
class Changes:
    """What a batch did, by point: kp_id with what is said of it."""

    new: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    superseded: list[str] = field(default_factory=list)
    unchanged: int = 0


def merged(before: list[Cells], batch: list[Cells]) -> list[Cells]:
    """All rows that stand after a batch, by kp_id and med_code."""
    rows = {key: [dict(row) for row in mine] for key, mine in _by_key(before).items()}
    out = _superseded(before) | _superseded(batch)
    for key, mine in _by_key(batch).items():
        older = rows.get(key, [])
        named = {name: None for row in older for name in row}
        rows[key] = [{**named, **row} for row in _distinct(mine)]
        if older and all(_status(row) == "superseded" for row in older):
            for row in rows[key]:
                if _status(row) != "superseded":
                    row |= {name: older[-1].get(name) for name in ("status", "superseded_by", "enddate")}
    for (name, _), mine in rows.items():
        for row in mine:
            if name in out and _status(row) != "superseded":
                by, last = out[name]
                row |= {"status": "superseded", "superseded_by": by, "enddate": row.get("enddate") or last}
    return [row for key in sorted(rows, key=lambda key: (key[0] or "", key[1] or "")) for row in rows[key]]


def changes(before: list[Cells], after: list[Cells]) -> Changes:
    """What distinguishes two states of the loaded points."""
    old, new = _by_point(before), _by_point(after)
    found = Changes()
    for name in sorted(new):
        if name not in old:
            found.new.append(name)
        elif new[name] == old[name]:
            found.unchanged += 1
        elif _is_out(new[name]) and not _is_out(old[name]):
            found.superseded.append(name)
        else:
            found.changed[name] = _differences(old[name], new[name])
    return found


def chains(rows: list[Cells]) -> dict[str, list[str]]:
    """Superseded points by the end of their chain: ``replaced`` (an effective point), ``not_loaded``, ``circular``."""
    status = {str(plain(row["kp_id"])): _status(row) for row in rows}
    follows = {str(plain(row["kp_id"])): plain(row.get("superseded_by")) for row in rows if _status(row) == "superseded"}
    ends: dict[str, list[str]] = {"replaced": [], "not_loaded": [], "circular": []}
    for name in sorted(follows):
        seen, at = {name}, follows[name]
        while at is not None and at in follows and at not in seen:
            seen.add(at)
            at = follows[at]
        end = "circular" if at in seen else "replaced" if at is not None and status.get(at) == "effective" else "not_loaded"
        ends[end].append(name)
    return ends


def _key(row: Cells) -> Key:
    return plain(row.get("kp_id")), plain(row.get("med_code"))


def _by_key(rows: list[Cells]) -> dict[Key, list[Cells]]:
    found: dict[Key, list[Cells]] = defaultdict(list)
    for row in rows:
        found[_key(row)].append(row)
    return found


def _distinct(rows: list[Cells]) -> list[Cells]:
    """Rows of one key that differ in what they decide; of those alike the last."""
    if len(rows) == 1:
        return rows
    return list({tuple(normal(row)[name] for name in DECIDING): row for row in rows}.values())


def _status(row: Cells) -> str:
    return (plain(row.get("status")) or "").lower()


def _superseded(rows: list[Cells]) -> dict[str | None, tuple[str | None, str | None]]:
    """Points all of whose rows are superseded, with their replacement and last day."""
    states: dict[str | None, set[str]] = defaultdict(set)
    for row in rows:
        states[plain(row.get("kp_id"))].add(_status(row))
    return {
        plain(row.get("kp_id")): (row.get("superseded_by"), row.get("enddate"))
        for row in rows
        if plain(row.get("kp_id")) and states[plain(row.get("kp_id"))] == {"superseded"}
    }


def _by_point(rows: list[Cells]) -> dict[str, dict[str, Cells]]:
    found: dict[str, dict[str, Cells]] = defaultdict(dict)
    for row in normalised(rows):
        found[row["kp_id"] or ""][row["med_code"] or ""] = {name: row[name] for name in DECIDING}
    return found


def _is_out(codes: dict[str, Cells]) -> bool:
    return all(row["status"] == "superseded" for row in codes.values())


def _differences(old: dict[str, Cells], new: dict[str, Cells]) -> list[str]:
    said = [f"{len(codes)} codes {word}" for word, codes in (("more", new.keys() - old.keys()),) if codes]
    columns = sorted({name for code in old.keys() & new.keys() for name in DECIDING if old[code][name] != new[code][name]})
    return [*said, *columns]
