"""Where a case's prescriber and institution stand among their peers, told after the blind verdict; no names."""

from __future__ import annotations

import math
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from features.catalogue import KEYS, load_catalogue

if TYPE_CHECKING:
    import duckdb

#: What is compared: things an expert can weigh; nothing that findings or verdicts went into.
COMPARED = {
    "practitioner": ("prescriptions", "amount_to_peers", "antibacterial_rate", "over_limit_share", "overlap_share"),
    "institution": ("rx_mean_amount", "drugs_per_rx", "antibacterial_rate", "injection_rate", "unchecked_share"),
}
#: Fewer than so many peers would tell who they are, and say little.
LEAST_PEERS = 5
_GROUPS = {
    "practitioner": """SELECT d.dr_codg AS key, coalesce(i.hosp_lv, '') AS level, coalesce(d.dept_name, '') AS dept
        FROM practitioner d JOIN institution i USING (fixmedins_code)""",
    "institution": "SELECT fixmedins_code AS key, coalesce(hosp_lv, '') AS level, '' AS dept FROM institution",
}


def add_peers(con: duckdb.DuckDBPyConnection, payloads: dict[str, dict[str, Any]]) -> None:
    """Put into each payload's part after the blind verdict how prescriber and institution stand among their peers.

    Peers = the same level and department (prescribers), the same level (institutions), with a prescription in the
    quarter. One entry a grain and feature: value, q25, q50, q75 of the peers, and how many they are; features that are
    switched off, missing values and groups of fewer than five are left out.
    """
    tables = {grain: _table(con, grain) for grain in COMPARED}
    for payload in payloads.values():
        sealed = payload["sealed"]
        keys = {"practitioner": sealed.get("dr_codg"), "institution": sealed.get("fixmedins_code")}
        payload["after_blind"]["peers"] = [entry for grain, key in keys.items() for entry in tables[grain].get(str(key), [])]


def _table(con: duckdb.DuckDBPyConnection, grain: str) -> dict[str, list[dict[str, Any]]]:
    there = {row[0] for row in con.execute(f"DESCRIBE features_{grain}").fetchall()}
    names = [name for name in COMPARED[grain] if name in there]
    if not names:
        return {}
    cells = ", ".join(f"CAST(f.{name} AS DOUBLE)" for name in names)
    rows = con.execute(
        f"SELECT g.key, g.level, g.dept, {cells} FROM ({_GROUPS[grain]}) g "
        f"JOIN features_{grain} f ON f.{KEYS[grain]} = g.key WHERE f.prescriptions > 0 ORDER BY g.key"
    ).fetchall()
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row[1], row[2]), []).append(row)
    found: dict[str, list[dict[str, Any]]] = {}
    for members in groups.values():
        for place, name in enumerate(names, start=3):
            known = [row[place] for row in members if row[place] is not None and math.isfinite(row[place])]
            if len(known) < LEAST_PEERS:
                continue
            q25, q50, q75 = (round(value, 6) for value in quantiles(known, n=4, method="inclusive"))
            for row in members:
                if row[place] is not None and math.isfinite(row[place]):
                    entry = {"grain": grain, "feature": name, "value": round(row[place], 6), "q25": q25, "q50": q50,
                             "q75": q75, "peers": len(known)}  # fmt: skip
                    found.setdefault(str(row[0]), []).append(entry)
    return found


def words_of(grain: str, name: str) -> tuple[str, str, str]:
    """A compared feature's Chinese and English words and its unit."""
    feature = load_catalogue().feature(grain, name)
    return feature.zh, feature.en, feature.unit
