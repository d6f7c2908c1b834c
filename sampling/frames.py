"""What is published of a draw: the frame of each institution, and the ten lines with which it redraws its random arm."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from records.errors import NotFound
from records.output import csv_text
from sampling.probabilities import Prepared
from sampling.rotation import Before, drawn_institutions

if TYPE_CHECKING:
    import pandas as pd

#: Standard library only: python redraw.py frame_CODE.csv SEED. Prints the random arm, one number a line. A third
#: argument is the number of rows of an institution whose own probability is below 1.
REDRAW_SCRIPT = """\
import csv, hashlib, hmac, sys
name, seed, strata = sys.argv[1], sys.argv[2].encode(), {}
def clean(code): return code[1:] if code[:1] == "'" and code[1:2] in tuple("=+-@") else code
def number(unit): return hmac.new(seed, b"random:" + unit.encode(), hashlib.sha256).digest()[:8], unit
for row in csv.DictReader(open(name, encoding="utf-8-sig", newline="")):
    units = strata.setdefault(row["stratum"], {})
    units.setdefault(clean(row.get("unit") or row["rxno"]), [float(row["incl_prob"])]).append(clean(row["rxno"]))
for units in strata.values():
    n = int(sys.argv[3]) if sys.argv[3:] else round(sum(unit[0] for unit in units.values()))
    print(*sorted(code for unit in sorted(units, key=number)[:n] for code in units[unit][1:]), sep="\\n")
"""
_INSTITUTION = ("institution_prob", "institution_first", "institution_drawn")
#: Absent in frames written before turns were co-ordinated over a year's end; the first chance stood for it.
_CHANCE = "institution_chance"


@dataclass(frozen=True)
class FrameExport:
    """Frame of one institution: ``csv`` (rxno, stratum, incl_prob, with wards also unit) and what was drawn of it.

    ``sizes`` = units in the frame and random units of each of its strata. ``prob`` = the institution's own
    probability; ``chance`` = what this quarter's number is held against, given those before; ``drawn`` = it has its turn.
    """

    code: str
    csv: str
    sizes: dict[str, tuple[int, int]]
    prob: float = 1.0
    chance: float = 1.0
    drawn: bool = True
    script: str = REDRAW_SCRIPT

    @property
    def file_name(self) -> str:
        """Name under which the frame is handed out."""
        return f"frame_{self.code}.csv"

    @property
    def n(self) -> int:
        """Random units of all its strata; 0 when the institution does not have its turn."""
        return sum(n for _, n in self.sizes.values()) if self.drawn else 0

    @property
    def sha256(self) -> str:
        """Hash of the file as written (UTF-8); it is published before the seed."""
        return hashlib.sha256(self.csv.encode()).hexdigest()

    def command(self, seed: str) -> str:
        """What is typed to redraw the random arm."""
        return f"python redraw.py {self.file_name} {seed}{'' if self.prob == 1 else f' {self.n}'}"


def frame_table(prepared: Prepared, seed: str) -> pd.DataFrame:
    """The rows of frame.parquet, by rxno: what is published, and what later quarters and estimates need.

    Columns: rxno, fixmedins_code, stratum, incl_prob (under the random design), unit where stays are drawn; where
    institutions are drawn also institution_prob, institution_first (chance when not drawn before in
    the cycle), institution_drawn and institution_chance (that of this quarter's number), constant within an institution.
    """
    rows = prepared.frame
    unit = ["unit"] if "unit" in rows else []
    table = rows[["rxno", "fixmedins_code", *unit]].assign(
        stratum=rows["stratum"].astype(str), incl_prob=rows["p_random"].to_numpy()
    )
    names: list[str] = ["rxno", "fixmedins_code", "stratum", "incl_prob", *unit]
    if prepared.turns:
        turns, has_turn = prepared.turns, drawn_institutions(prepared.turns, seed)
        codes = table["fixmedins_code"]
        probs = {code: turn.prob for code, turn in turns.items()}
        firsts = {code: turn.first for code, turn in turns.items()}
        out = turns.keys() - has_turn
        table = table.assign(
            institution_prob=codes.map(probs).fillna(1.0),
            institution_first=codes.map(firsts).fillna(1.0),
            institution_drawn=~codes.isin(out),
            institution_chance=codes.map({code: turn.chance for code, turn in turns.items()}).fillna(1.0),
        )
        names += [*_INSTITUTION, _CHANCE]
    return table[names]


def before_of(table: pd.DataFrame) -> dict[str, Before]:
    """What became of every institution of an earlier quarter, from its frame.parquet; certain where nothing is said."""
    if _INSTITUTION[0] not in table:
        return {str(code): Before(1.0, True) for code in table["fixmedins_code"].unique()}
    rows = table[["fixmedins_code", *_INSTITUTION]].drop_duplicates("fixmedins_code")
    return {str(row[0]): Before(float(row[2]), bool(row[3]), float(row[1])) for row in rows.itertuples(index=False)}


def export_frame(table: pd.DataFrame, code: str) -> FrameExport:
    """The frame of one institution. Raises NotFound when it has no prescription in the frame."""
    own = table[table["fixmedins_code"] == code]
    if own.empty:
        raise NotFound(f"Institution {code} has no prescription in the frame of this quarter.")
    rows = table[table["stratum"].isin(set(own["stratum"]))]
    return _export(code, own, rows)


def export_frames(table: pd.DataFrame) -> Iterable[FrameExport]:
    """The frames of all institutions, by code. A stratum that several share stands in the frame of each of them."""
    import pandas as pd

    strata = {str(name): rows for name, rows in table.groupby("stratum", sort=True)}
    for code, own in table.groupby("fixmedins_code", sort=True):
        parts = [strata[name] for name in sorted(set(own["stratum"]))]
        rows = parts[0] if len(parts) == 1 else pd.concat(parts).sort_values("rxno")
        yield _export(str(code), own, rows)


def _export(code: str, own: pd.DataFrame, rows: pd.DataFrame) -> FrameExport:
    columns = ["rxno", "stratum", "incl_prob", *(["unit"] if "unit" in rows else [])]
    prob, chance, drawn = 1.0, 1.0, True
    if _INSTITUTION[0] in own:
        prob, chance, drawn = (own[name].iloc[0].item() for name in _INSTITUTION)
        chance = float(own[_CHANCE].iloc[0]) if _CHANCE in own else chance
    units = rows.drop_duplicates(["stratum", "unit"]) if "unit" in rows else rows
    sums = units.groupby("stratum", sort=True)["incl_prob"].agg(["size", "sum"])
    sizes = {
        str(name): (int(count), round(total / prob) if prob > 0 else 0) for name, count, total in sums.itertuples(name=None)
    }
    return FrameExport(code, csv_text(columns, rows[columns].itertuples(index=False, name=None)), sizes, prob, chance, drawn)
