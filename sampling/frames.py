"""The frame of one institution, and the ten lines with which it redraws its random arm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from records.errors import NotFound
from records.output import csv_text
from sampling.design import Design
from sampling.draw import prepare

if TYPE_CHECKING:
    import pandas as pd

#: Standard library only: python redraw.py frame_CODE.csv SEED N. Prints the random arm, one number a line.
REDRAW_SCRIPT = """\
import csv, hashlib, hmac, sys
name, seed, n = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
def number(rxno):
    return hmac.new(seed, b"random:" + rxno.encode(), hashlib.sha256).digest()[:8]
with open(name, encoding="utf-8-sig", newline="") as frame:
    codes = [row["rxno"] for row in csv.DictReader(frame)]
codes = [code[1:] if code[:1] == "'" and code[1:2] in tuple("=+-@") else code for code in codes]
for rxno in sorted(sorted(codes, key=lambda code: (number(code), code))[:n]):
    print(rxno)
"""


@dataclass(frozen=True)
class FrameExport:
    """Frame of one institution: ``csv`` (rxno, stratum, incl_prob), its hash, and its random rows ``n``."""

    code: str
    csv: str
    n: int
    script: str = REDRAW_SCRIPT

    @property
    def file_name(self) -> str:
        """Name under which the frame is handed out."""
        return f"frame_{self.code}.csv"

    @property
    def sha256(self) -> str:
        """Hash of the file as written (UTF-8); it is published before the seed."""
        return hashlib.sha256(self.csv.encode()).hexdigest()


def export_frame(
    frame: pd.DataFrame,
    design: Design,
    code: str,
    scores: pd.DataFrame | None = None,
    n_random: int | None = None,
) -> FrameExport:
    """The frame of an institution for redrawing. Raises NotFound when it has no prescription in the frame.

    ``n_random`` = its random rows where they are already drawn; else worked out from design and scores.
    """
    own = sorted(frame.loc[frame["fixmedins_code"].astype(str) == code, "rxno"].astype(str))
    if not own:
        raise NotFound(f"Institution {code} has no prescription in the frame of this quarter.")
    size = prepare(frame, scores, (), design).sizes[code] if n_random is None else n_random
    rows = [(rxno, code, size / len(own)) for rxno in own]
    return FrameExport(code, csv_text(("rxno", "stratum", "incl_prob"), rows), size)
