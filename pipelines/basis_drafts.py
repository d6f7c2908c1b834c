"""A draft rule or override: tried on past data before it counts, and published by two persons."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pipelines.gate import Source, fresh, pass_gate, refuse_when_blocked, snapshot_of
from pipelines.knowledge import basis_of
from pipelines.tables import show
from records.errors import DataFault, GateRefused, NotFound, WrongUse
from records.output import write_bytes
from records.periods import Quarter
from records.workplace import Workplace

if TYPE_CHECKING:
    from basis.rulebook import Rulebook
    from records.snapshot import Snapshot

SAMPLES = 5
#: Institutions shown, those with most findings first.
MOST_PLACES = 30


def try_on(workplace: Workplace, rule_id: str, data: str, quarter: str) -> None:
    """Run a rule, or a draft file, on past data: findings by institution, earlier verdicts on them, samples.

    A draft override is tried beside what stands without it.
    """
    chosen = Quarter.parse(quarter)
    standing = basis_of(workplace, "").rulebook
    books = _tried(standing, rule_id)
    if rule_id.endswith(".toml"):
        _prove(workplace, books[-1][1], tuple(rule.rule_id for rule in books[-1][1].rules))
    snapshot = _snapshot(workplace, data, chosen)
    for title, book in books:
        sys.stdout.write(f"{title}\n")
        _try(workplace, snapshot, chosen, book)


def _tried(standing: Rulebook, rule_id: str) -> list[tuple[str, Rulebook]]:
    """What is to be tried, each with a title."""
    from basis.rule_files import is_override, read_override, read_rule
    from basis.rulebook import Rulebook

    if not rule_id.endswith(".toml"):
        return [(f"{rule_id} {standing.version_of(rule_id)}", standing.only(rule_id))]
    path = Path(rule_id)
    if not path.is_file():
        raise NotFound(f"There is no file {path}.")
    if not is_override(path):
        rule = read_rule(path)
        book = Rulebook((rule,), (), standing.tables)
        return [(f"{rule.rule_id} {book.version_of(rule.rule_id)} (草案 draft)", book)]
    override = read_override(path)
    for name in override.overrides:
        standing.rule(name)
    rules = tuple(rule for rule in standing.rules if rule.rule_id in override.overrides)
    others = tuple(o for o in standing.overrides if o.override_id != override.override_id)
    return [
        ("现行 as it stands", Rulebook(rules, standing.overrides, standing.tables)),
        (f"试行 with {override.override_id} (草案 draft)", Rulebook(rules, (*others, override), standing.tables)),
    ]


def _prove(workplace: Workplace, book: Rulebook, rule_ids: tuple[str, ...]) -> None:
    """Raise DataFault for a rule that could not run."""
    from basis.trial import prove

    workplace.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=workplace.scratch) as folder:
        prove(book, rule_ids, Path(folder))


def _snapshot(workplace: Workplace, data: str, quarter: Quarter) -> Snapshot:
    with workplace.lock():
        building = fresh(workplace.scratch / "try")
        accepted = pass_gate(Source(data, quarter), workplace, building)
        refuse_when_blocked(accepted, building)
        snapshot = snapshot_of(accepted, workplace)
        fresh(building).rmdir()
    return snapshot


def _try(workplace: Workplace, snapshot: Snapshot, quarter: Quarter, book: Rulebook) -> None:
    import duckdb

    from basis.find import find
    from pipelines.upheld import count, past_verdicts, rate, rule_codes, store_verdicts
    from records.asof import open_asof

    con = open_asof(snapshot, quarter)
    try:
        report = find(con, snapshot, book)
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        raise DataFault(f"The check meets a value that it cannot read: {str(error).splitlines()[0]}.") from error
    for entry in report.switched_off:
        sys.stdout.write(f"{entry['what']}: {entry['why_zh']} {entry['why_en']}\n")
    total = con.execute("SELECT count(*), count(DISTINCT fixmedins_code), sum(vola_amt) FROM findings").fetchall()[0]
    sys.stdout.write(f"发现 findings {total[0]}, 机构 institutions {total[1]}, 金额 yuan {total[2] or 0}\n")
    counted = con.execute(
        f"SELECT fixmedins_code, count(*), sum(vola_amt) FROM findings GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_PLACES}"
    ).fetchall()
    show(["机构 institution", "发现 findings", "金额 yuan"], counted)
    verdicts = {**past_verdicts(con, snapshot), **store_verdicts(workplace)}
    found = con.execute("SELECT DISTINCT rxno, rule_id FROM findings WHERE rxno IS NOT NULL ORDER BY ALL").fetchall()
    judged, upheld = count({rxno: rule_codes(book.rule(name)) for rxno, name in found}, verdicts)
    share, low, high = rate(upheld, judged)
    said = "" if share is None else f" ({share:.0%}, 90 %: {low:.0%}–{high:.0%})"
    sys.stdout.write(f"既往结论 earlier verdicts on them: {judged}, 支持 upheld {upheld}{said}\n")
    # In an order that has nothing to do with place or time, and is the same each time.
    mixed = "md5(coalesce(rxno, feedetl_sn, subject_code)), vola_evid"
    samples = con.execute(f"SELECT rxno, feedetl_sn, vola_evid FROM findings ORDER BY {mixed} LIMIT {SAMPLES}").fetchall()
    for rxno, line, evidence in samples:
        words = json.loads(evidence)
        sys.stdout.write(f"{rxno or ''} {line or ''} {words['zh']} {words['en']}\n")
    con.close()


def publish_rule(workplace: Workplace, file: Path, published_by: str, approved_by: str) -> None:
    """Publish a local rule or override into the work folder; two different persons, and the log says who and what.

    Raises GateRefused for one person alone, WrongUse where the same version stands already, DataFault for a file
    that must not count beside what is published.
    """
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    if not _name(published_by) or not _name(approved_by) or _name(published_by) == _name(approved_by):
        raise GateRefused("A rule is published by one person and approved by another: name two.")
    with workplace.lock():
        name, rule_ids, parts = _parts(file)
        before = basis_of(workplace, "").rulebook
        after = _with(workplace, parts)
        _prove(workplace, after, rule_ids)
        versions = {rule_id: after.version_of(rule_id) for rule_id in rule_ids}
        known = {rule.rule_id for rule in before.rules}
        if all(rule_id in known and before.version_of(rule_id) == versions[rule_id] for rule_id in rule_ids):
            raise WrongUse(f"{name} stands already in this version: nothing was published.")
        facts = {
            "published_by": published_by.strip(),
            "approved_by": approved_by.strip(),
            "versions": versions,
            "before": {rule_id: before.version_of(rule_id) for rule_id in rule_ids if rule_id in known},
            "basis_version": after.version,
        }
        kept = _write(workplace, name, parts, facts)
    for rule_id, version in versions.items():
        sys.stdout.write(f"{rule_id} {version} -> {workplace.basis / 'rules'}\n")
    sys.stdout.write(f"原件 as published: {kept}\n")


def _parts(file: Path) -> tuple[str, tuple[str, ...], dict[str, bytes]]:
    """Name of a draft, the rules that it concerns, and its files; the definition comes last, as it makes it count."""
    from basis.rule_files import is_override, read_override, read_rule

    parts: dict[str, bytes] = {}
    if is_override(file):
        override = read_override(file)
        name, rule_ids = override.override_id, override.overrides
    else:
        rule = read_rule(file)
        name, rule_ids = rule.rule_id, (rule.rule_id,)
        check = file.parent / f"{rule.check}.sql"
        if check.exists():
            parts[check.name] = check.read_bytes()
    for spec in (file.with_suffix(".txt"), file.parent / f"{name}.txt"):
        if spec.exists():
            parts[f"{name}.txt"] = spec.read_bytes()
    parts[f"{name}.toml"] = file.read_bytes()
    return name, rule_ids, parts


def _with(workplace: Workplace, parts: dict[str, bytes]) -> Rulebook:
    """The rulebook as it would stand with these files."""
    from basis.rulebook import load_rulebook

    stage, folder, tables = fresh(workplace.scratch / "publish"), workplace.basis / "rules", workplace.basis / "tables"
    try:
        if folder.is_dir():
            shutil.copytree(folder, stage, dirs_exist_ok=True)
        for name, content in parts.items():
            write_bytes(stage / name, content)
        return load_rulebook(stage, tables if tables.is_dir() else None)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _write(workplace: Workplace, name: str, parts: dict[str, bytes], facts: dict[str, Any]) -> Path:
    """Make the files count, and keep them once more under their own hash: one file may concern many rules.

    The log comes first: killed in between, the log names what does not count yet, and publishing again mends it.
    """
    from panel.audit import record
    from panel.store import open_store
    from pipelines.cases import CLI

    content_hash = sha256(b"".join(len(part).to_bytes(8) + part for _, part in sorted(parts.items()))).hexdigest()
    kept = workplace.basis / "published" / name / content_hash[:12]
    with open_store(workplace.store_url()) as store, store.change() as connection:
        record(connection, CLI, "rule published", name, facts)
        for file, content in parts.items():
            write_bytes(kept / file, content)
    for file, content in parts.items():
        write_bytes(workplace.basis / "rules" / file, content)
    return kept


def _name(text: str) -> str:
    """A person's name without what makes one name look like two."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
