"""``rxpanel sample commit``, ``publish``, ``reveal`` and ``export-frame``: a draw that anyone can follow.

The order is kept: the seed's hash before the frame closes (commit, then run), the frames' hashes before the seed
(publish, then reveal). Each step is an entry of the audit log, so that the log proves the order.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.record_files import read_output, read_record, snapshot_of_quarter
from records.errors import NotFound, VerificationFailed, WrongUse
from records.output import beside, csv_text, write_bytes, write_json, write_text
from records.periods import Quarter
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

    from sampling.frames import FrameExport


def _folder(workplace: Workplace, quarter: Quarter) -> Path:
    """Where a quarter's commitment stands; outside the quarter's folder, which a run replaces as a whole."""
    return workplace.work / "draws" / str(quarter)


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _log(workplace: Workplace, action: str, quarter: Quarter, facts: dict[str, Any]) -> None:
    from panel.audit import record
    from panel.store import open_store
    from pipelines.cases import CLI

    with open_store(workplace.store_url()) as store, store.change() as connection:
        record(connection, CLI, action, str(quarter), facts)


def _committed_in_log(workplace: Workplace, quarter: Quarter) -> str | None:
    """The hash that the audit log says was committed for a quarter; None when it says nothing."""
    from panel.audit import first_change
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        change = first_change(store, "seed committed", str(quarter))
    return None if change is None else str(change["seed_sha256"])


def _origin(workplace: Workplace, quarter: Quarter, design: dict[str, Any]) -> str:
    """How the seed of a draw came to be, told by itself: a kept draw's record no longer says it."""
    from sampling.numbers import default_seed

    commitment = _read(_folder(workplace, quarter) / "commitment.json")
    if commitment is not None and commitment["seed_sha256"] == design["seed_sha256"]:
        return "committed"
    return "derived" if design["seed"] == default_seed(quarter, str(design["design_id"])) else "given"


def committed_seed(workplace: Workplace, quarter: Quarter) -> str | None:
    """The seed whose hash was committed for a quarter; None when none was. Raises VerificationFailed when they differ."""
    from sampling.commitment import check_seed

    folder = _folder(workplace, quarter)
    commitment = _read(folder / "commitment.json")
    if commitment is None:
        return None
    if not (folder / "seed.txt").exists():
        raise NotFound(f"{folder / 'seed.txt'} is gone, whose hash is published: bring it back.")
    seed = (folder / "seed.txt").read_text(encoding="utf-8").strip()
    check_seed(seed, str(commitment["seed_sha256"]))
    return seed


def commit_seed(workplace: Workplace, quarter: str, given: str | None) -> None:
    """Bind the quarter to a seed before its frame closes, and print the hash to be published.

    Raises WrongUse when the quarter has been run or is bound already, by the log or by its file.
    """
    from sampling.commitment import checked_seed, new_seed, seed_hash

    chosen = Quarter.parse(quarter)
    folder = _folder(workplace, chosen)
    seed = checked_seed(given) if given is not None else new_seed()
    facts = {"quarter": str(chosen), "seed_sha256": seed_hash(seed)}
    with workplace.lock():
        if chosen in workplace.quarters():
            raise WrongUse(f"{chosen} has been run, its frame is closed: commit the seed of a quarter before its run.")
        if (folder / "commitment.json").exists():
            raise WrongUse(f"A seed is committed for {chosen} already: its hash stands in {folder / 'commitment.json'}.")
        logged = _committed_in_log(workplace, chosen)
        if logged is not None:
            raise WrongUse(
                f"The log has a seed committed for {chosen} already ({logged[:12]}): bring {folder / 'commitment.json'} back."
            )
        with beside(folder / "seed.txt", private=True) as draft:
            draft.write_text(seed + "\n", encoding="utf-8")
        _log(workplace, "seed committed", chosen, facts)
        write_json(folder / "commitment.json", facts)
    sys.stdout.write(f"{facts['seed_sha256']}  种子的 SHA-256，现在公布 hash of the seed of {chosen}: publish it now\n")
    sys.stdout.write(f"{folder / 'seed.txt'}  种子，抽样框公布之前保密 the seed: keep it to yourselves until reveal\n")


def _drawn(workplace: Workplace, given: str | None) -> tuple[Quarter, dict[str, Any], pd.DataFrame]:
    chosen = Quarter.parse(given) if given else workplace.newest()
    design: dict[str, Any] = read_record(workplace, chosen)["design"]
    return chosen, design, read_output(workplace, chosen, "frame.parquet")


def _names(workplace: Workplace, quarter: Quarter) -> dict[str, str]:
    from records.asof import open_asof

    con = open_asof(snapshot_of_quarter(workplace, quarter), quarter, wide=False)
    names = {
        str(code): str(name) for code, name in con.sql("SELECT fixmedins_code, fixmedins_name FROM institution").fetchall()
    }
    con.close()
    return names


def publish_frames(workplace: Workplace, given: str | None, out: Path) -> None:
    """Write every institution's frame and notice, the script and the list of hashes; print the one hash of them all."""
    from sampling.commitment import frames_hash
    from sampling.frames import REDRAW_SCRIPT, export_frames

    quarter, design, table = _drawn(workplace, given)
    exports = list(export_frames(table))
    hashes = {export.code: export.sha256 for export in exports}
    origin = _origin(workplace, quarter, design)
    facts = {
        "quarter": str(quarter),
        "frames": len(hashes),
        "frames_sha256": frames_hash(hashes),
        "seed_sha256": design["seed_sha256"],
        "seed_committed": origin == "committed",
    }
    known = _read(_folder(workplace, quarter) / "published.json")
    if known is not None and known["frames_sha256"] != facts["frames_sha256"]:
        raise VerificationFailed(f"Other frames of {quarter} were published before ({known['frames_sha256'][:12]}): look why.")
    revealed = _read(_folder(workplace, quarter) / "revealed.json")
    names, rows = _names(workplace, quarter), []
    for export in exports:
        write_bytes(out / export.file_name, export.csv.encode())
        _write_notice(out, export, names, quarter, design, origin, None if revealed is None else str(revealed["seed"]))
        rows.append((export.code, export.file_name, sum(count for count, _ in export.sizes.values()), export.n, export.sha256))
    write_bytes(out / "redraw.py", REDRAW_SCRIPT.encode())
    write_text(out / "frames.csv", csv_text(["fixmedins_code", "file", "n_units", "n_random", "sha256"], rows))
    write_json(out / "frames.json", facts)
    if known is None:
        _log(workplace, "frames published", quarter, facts)
        write_json(_folder(workplace, quarter) / "published.json", facts)
    sys.stdout.write(f"{out}: {len(hashes)} frames\n{facts['frames_sha256']}  现在公布 publish it now\n")


def _write_notice(
    out: Path,
    export: FrameExport,
    names: dict[str, str],
    quarter: Quarter,
    design: dict[str, Any],
    origin: str,
    seed: str | None,
) -> None:
    from panel.exports import mark_of
    from sampling.notice import draw_notice

    name = names.get(export.code, export.code)
    mark = mark_of(export.code, str(quarter))
    text = draw_notice(export, name, str(quarter), str(design["seed_sha256"]), origin, seed, mark)
    write_text(out / f"notice_{export.code}.md", text)


def reveal_seed(workplace: Workplace, given: str | None, out: Path | None) -> None:
    """Show the seed once the frames are published, after checking both against what was published.

    Raises WrongUse before the frames are published, VerificationFailed when seed or frames have changed since.
    """
    from sampling.commitment import check_seed, frames_hash
    from sampling.frames import export_frames

    quarter, design, table = _drawn(workplace, given)
    folder = _folder(workplace, quarter)
    published = _read(folder / "published.json")
    if published is None:
        raise WrongUse(f"The frames of {quarter} are not published: run 'rxpanel sample publish' first.")
    seed = str(design["seed"])
    commitment = _read(folder / "commitment.json")
    check_seed(seed, str((commitment or published)["seed_sha256"]))
    exports = list(export_frames(table))
    if frames_hash({export.code: export.sha256 for export in exports}) != published["frames_sha256"]:
        raise VerificationFailed(f"The frames of {quarter} are not those that were published: run the quarter's draw again.")
    facts = {**published, "seed": seed}
    if _read(folder / "revealed.json") is None:
        _log(workplace, "seed revealed", quarter, facts)
        write_json(folder / "revealed.json", facts)
    if out is not None:
        names, origin = _names(workplace, quarter), _origin(workplace, quarter, design)
        for export in exports:
            _write_notice(out, export, names, quarter, design, origin, seed)
        write_json(out / "seed.json", facts)
    sys.stdout.write(f"{seed}  种子，SHA-256 {design['seed_sha256']}\n")


def export_institution_frame(workplace: Workplace, given: str | None, code: str, out: Path) -> None:
    """Write frame_<code>.csv, the script and the notice; print the command that redraws the random arm.

    The seed stands in it unless its hash was committed and it is not revealed yet.
    """
    from sampling.frames import export_frame
    from sampling.notice import HIDDEN

    quarter, design, table = _drawn(workplace, given)
    folder = _folder(workplace, quarter)
    secret = (folder / "commitment.json").exists() and not (folder / "revealed.json").exists()
    export = export_frame(table, code)
    write_bytes(out / export.file_name, export.csv.encode())
    write_bytes(out / "redraw.py", export.script.encode())
    seed = None if secret else str(design["seed"])
    origin = _origin(workplace, quarter, design)
    _write_notice(out, export, _names(workplace, quarter), quarter, design, origin, seed)
    sys.stdout.write(f"{out / export.file_name}  SHA-256 {export.sha256}\n")
    sys.stdout.write(export.command(seed or HIDDEN).replace("redraw.py", str(out / "redraw.py"), 1)
                     .replace(export.file_name, str(out / export.file_name), 1) + "\n")  # fmt: skip
