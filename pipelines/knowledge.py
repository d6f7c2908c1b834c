"""Which rules and which knowledge a run stands on, and how an agency's own knowledge comes into a work folder."""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.quarter import Basis
from records.errors import WrongUse
from records.output import write_bytes, write_json, write_text
from records.workplace import Workplace

if TYPE_CHECKING:
    from basis.csv_file import Cells

POINTS = "knowledge_points.csv"
MOST_SHOWN = 20


def basis_of(workplace: Workplace, data: str) -> Basis:
    """The rulebook with this work folder's published rules and tables, and the points that apply to the run.

    Points that travel with the data folder win; else those loaded into the work folder; else none.
    """
    from basis.rulebook import load_rulebook

    overrides, tables = workplace.basis / "rules", workplace.basis / "tables"
    rulebook = load_rulebook(overrides if overrides.is_dir() else None, tables if tables.is_dir() else None)
    candidates = [] if "://" in data else [Path(data) / POINTS]
    candidates.append(loaded_points(workplace))
    return Basis(rulebook, next((path for path in candidates if path.is_file()), None))


def loaded_points(workplace: Workplace) -> Path:
    """Where the points stand that were loaded into a work folder."""
    return workplace.basis / "knowledge" / POINTS


def load_knowledge(workplace: Workplace, file: Path, data: str | None, table: str | None, replace: bool) -> None:
    """Take knowledge over into the work folder, for every later run: a batch of points, or an agency's own table."""
    if table is not None:
        _load_table(workplace, file, table, replace)
    elif replace:
        raise WrongUse("--replace goes with --table: batches of knowledge points are joined, later ones over earlier ones.")
    else:
        _load_points(workplace, file, data)


def _load_points(workplace: Workplace, file: Path, data: str | None) -> None:
    from basis.knowledge import describe, read_rows, unread
    from basis.points.batches import changes, merged
    from basis.points.rows import NEEDED, OPTIONAL, TOLD, normalised

    batch = read_rows(file)
    folder, target = workplace.basis / "knowledge", loaded_points(workplace)
    with workplace.lock():
        before = read_rows(target) if target.exists() else []
        after = merged(before, batch)
        done = changes(before, after)
        rows = normalised(after)
        report: dict[str, Any] = {
            "file": file.name,
            "batch_rows": len(batch),
            "columns_not_used": sorted(set(batch[0]) - {*NEEDED, *OPTIONAL, *TOLD}),
            **describe(after),
            "new_points": done.new,
            "changed_points": done.changed,
            "superseded_points": done.superseded,
            "unchanged_points": done.unchanged,
            "undecidable": unread(rows),
            **_against_catalogue(workplace, data, rows),
        }
        content = file.read_bytes()
        write_bytes(folder / "batches" / f"{_digest(content)}-{file.name}", content)
        # The log comes first: killed in between, loading again mends it, and nothing counts that it does not name.
        _log(workplace, "knowledge points loaded", file.name, {"sha256": _digest(content), "records": len(batch)})
        write_text(target, _csv(after))
        write_json(folder / "report.json", report)
    _say(report, folder / "report.json")


def _load_table(workplace: Workplace, file: Path, name: str, replace: bool) -> None:
    from basis.tables import EXTEND, REPLACE, load_tables, read_table

    table = read_table(file, name)
    folder = workplace.basis / "tables"
    mode, other = (REPLACE, EXTEND) if replace else (EXTEND, REPLACE)
    with workplace.lock():
        before = {t.name: t for t in load_tables(folder if folder.is_dir() else None)}[name]
        _log(workplace, "knowledge table loaded", name, {"mode": mode, "records": len(table.rows), "unsigned": table.unsigned})
        write_text(folder / f"{name}.{mode}.csv", _csv([dict(zip(table.columns, row, strict=True)) for row in table.rows]))
        (folder / f"{name}.{other}.csv").unlink(missing_ok=True)
        after = {t.name: t for t in load_tables(folder)}[name]
    said = "代替起始表 replaces the starter set" if replace else "补充起始表 extends the starter set"
    sys.stdout.write(f"{name}: {said}\n")
    sys.stdout.write(f"{'rows loaded':<24} {len(table.rows)}\n{'rows before':<24} {len(before.rows)}\n")
    sys.stdout.write(f"{'new or changed':<24} {len(set(after.rows) - set(before.rows))}\n")
    sys.stdout.write(f"{'rows now':<24} {len(after.rows)}\n{'unsigned rows now':<24} {after.unsigned}\n")
    if after.unsigned:
        sys.stdout.write(
            f"警告：{after.unsigned} 行尚无药师签字，仅供演示。"
            f" Warning: {after.unsigned} rows are not signed by a pharmacist; they are for demonstration.\n"
        )


def show_knowledge(workplace: Workplace) -> None:
    """Print the knowledge that stands: tables with their signatures, and the loaded points."""
    from basis.knowledge import describe, read_rows
    from pipelines.tables import show

    rulebook = basis_of(workplace, "").rulebook
    header = ["知识表 table", "行 rows", "未签字 unsigned", "签字人 signed by"]
    show(header, [(t.name, len(t.rows), t.unsigned, " ".join(t.signers)) for t in rulebook.knowledge])
    if any(t.unsigned for t in rulebook.knowledge):
        sys.stdout.write("未签字的行仅供演示。 Rows that no pharmacist signed are for demonstration.\n")
    path = loaded_points(workplace)
    if not path.exists():
        sys.stdout.write("未载入知识点。 No knowledge points are loaded: see 'rxpanel basis load'.\n")
        return
    for name, count in describe(read_rows(path)).items():
        sys.stdout.write(f"{name:<24} {count}\n")


def _against_catalogue(workplace: Workplace, data: str | None, rows: list[Cells]) -> dict[str, Any]:
    """What of the effective points names no drug of the agency's own catalogue; nothing where there is none."""
    codes = _catalogue(workplace, data)
    if codes is None:
        return {"catalogue_drugs": None}
    live = [row for row in rows if row["status"] == "effective"]
    begins = {code[:size] for code in codes for size in range(1, len(code) + 1)}
    here = [(row["med_code"] or "") in (begins if row["code_form"] == "prefix" else codes) for row in live]
    matched = {row["kp_id"] for row, there in zip(live, here, strict=True) if there}
    unmatched = sorted({row["kp_id"] or "" for row in live} - {name or "" for name in matched})
    return {
        "catalogue_drugs": len(codes),
        "matched_points": len(matched),
        "codes_not_in_catalogue": len(here) - sum(here),
        "unmatched_points": unmatched,
    }


def _catalogue(workplace: Workplace, data: str | None) -> set[str] | None:
    """Drug codes of a data folder, else of the newest snapshot here; None without either."""
    from records.asof import connect
    from records.contract import load_contract
    from records.readers import read_tables
    from records.source import parquet

    con = connect(1, "1GB")
    if data is not None:
        supplied = read_tables(con, Path(data), load_contract(), ["drug"]).tables
        place = "native.drug" if "drug" in supplied else None
    else:
        made = sorted(workplace.snapshots.glob("*/drug.parquet"), key=lambda path: (path.stat().st_mtime, path))
        place = parquet(made[-1]) if made else None
    if place is None:
        return None
    found = con.execute(f"SELECT DISTINCT med_list_codg::VARCHAR FROM {place} WHERE med_list_codg IS NOT NULL").fetchall()
    con.close()
    return {str(code) for (code,) in found}


def _say(report: dict[str, Any], path: Path) -> None:
    for name, value in report.items():
        shown = "–" if value is None else value if isinstance(value, int | str) else len(value)
        sys.stdout.write(f"{name:<24} {shown}\n")
    if report["catalogue_drugs"] is None:
        sys.stdout.write("没有可对照的药品目录。 There is no catalogue to compare with: name a folder with --data.\n")
    if report["columns_not_used"]:
        sys.stdout.write(f"未用到的列 columns not used: {', '.join(report['columns_not_used'])}\n")
    if report["undecidable"]:
        sys.stdout.write("不能判定、仅列出 not decidable, listed and not guessed:\n")
        for entry in report["undecidable"][:MOST_SHOWN]:
            sys.stdout.write(f"  {entry}\n")
    sys.stdout.write(f"-> {path}\n")


def _csv(rows: list[Cells]) -> str:
    """Rows as the format has them: comma, LF, every column that any row has. Read by the program, so nothing is altered."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _log(workplace: Workplace, action: str, subject: str, facts: dict[str, Any]) -> None:
    from panel.audit import record
    from panel.store import open_store
    from pipelines.cases import CLI

    with open_store(workplace.store_url()) as store, store.change() as connection:
        record(connection, CLI, action, subject, facts)
