"""Everything that an assessment hands out, written into one folder, beside and renamed, with a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assessment import worksheet
from assessment.estimates import Reviewed, city_table, coverage_table, institution_estimates, reviewed
from assessment.inputs import AssessmentInput, frame_hash
from assessment.losses import LossLine, loss_lines
from assessment.money import yuan
from assessment.notices import notice, public_notice
from assessment.outcomes import outcomes
from assessment.scheme import Scheme
from assessment.score_lines import score_lines
from assessment.scores import Score, score_institutions, score_table
from assessment.workbook import workbook
from panel.exports import MARK, mark_of, marked
from records.folders import folder_in_place, listed
from records.output import csv_text, sha256, write_bytes, write_csv, write_json, write_text

if TYPE_CHECKING:
    import pandas as pd

_LOSS_COLUMNS = ["fixmedins_code", "quarter", "rxno", "feedetl_sn", "hilist_name", "case_id", "arm", "item_codes",
                 "fund_codes", "addressee", "loss_amt", "deducted_amt", "note", "clause"]  # fmt: skip

#: Tables whose columns the contract lists: no mark is added to their CSV; the manifest has their hash beside the mark.
AS_CONTRACTED = ("institution_estimates",)


@dataclass(frozen=True)
class Assessed:
    """The figures of an assessment, before they are written."""

    data: AssessmentInput
    scheme: Scheme
    items: list[Reviewed]
    losses: list[LossLine]
    scores: list[Score]


def assessed(data: AssessmentInput, scheme: Scheme) -> Assessed:
    """Work everything out; nothing is written."""
    found = outcomes(data)
    losses = loss_lines(data, found, scheme)
    items = reviewed(data, found, losses)
    return Assessed(data, scheme, items, losses, score_institutions(data, items, scheme))


def assess(data: AssessmentInput, scheme: Scheme, out: Path, recipient: str) -> list[str]:
    """Write the assessment into ``out`` (replaced as a whole); the names of the files come back, sorted.

    The same input and scheme give the same bytes. Without any verdict the estimates are empty and the worksheets
    have no verdict columns filled: a panel on paper can begin with them. Tables and manifest carry the mark of
    ``recipient``, letters and worksheets that of the institution they are for; what is published is for nobody, and
    institution_estimates.csv has the contract's columns alone. Raises WrongUse without a recipient
    and where ``out`` has files that no earlier assessment wrote.
    """
    mark_of(recipient, data.period)
    with folder_in_place(out, listed(out)) as draft:
        result = assessed(data, scheme)
        tables = _tables(result)
        handed = {name: marked(frame, recipient, data.period) for name, frame in tables.items()}
        for name, frame in {**handed, **{name: tables[name] for name in AS_CONTRACTED}}.items():
            write_csv(frame, draft / f"{name}.csv")
        write_bytes(draft / "assessment.xlsx", workbook(handed))
        _write_letters(result, tables["institution_estimates"], draft)
        _write_worksheets(result, draft)
        files = {path.relative_to(draft).as_posix(): sha256(path) for path in sorted(draft.rglob("*")) if path.is_file()}
        manifest = {**_manifest(data, scheme), MARK: mark_of(recipient, data.period), "files": files}
        write_json(draft / "manifest.json", manifest)
    return sorted([*files, "manifest.json"])


def _tables(result: Assessed) -> dict[str, pd.DataFrame]:
    data, scheme = result.data, result.scheme
    confidence = scheme.confidence
    return {
        "institution_estimates": institution_estimates(result.items, confidence),
        "institution_scores": score_table(result.scores, data, scheme),
        "score_lines": score_lines(data, result.items, result.losses, result.scores, scheme),
        "institution_coverage": coverage_table(result.items, confidence),
        "city_estimates": city_table(result.items, confidence),
        "doubt_list": _doubts(result.losses),
        "rectification_ledger": _ledger(result),
    }


def _doubts(losses: list[LossLine]) -> pd.DataFrame:
    """Audit deductions proposed, one row a fee line; what only the authority establishes is marked so."""
    import pandas as pd

    rows = [
        (line.outcome.fixmedins_code, line.outcome.quarter, line.outcome.rxno, line.feedetl_sn,
         line.fee_line.hilist_name if line.fee_line else "", line.outcome.case_id, line.outcome.arm,
         " ".join(line.item_codes), " ".join(line.fund_codes), line.addressee, yuan(line.loss), yuan(line.deduct),
         line.note, line.clause)
        for line in losses
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=_LOSS_COLUMNS)
    return frame.sort_values(["fixmedins_code", "quarter", "rxno", "feedetl_sn"], ignore_index=True)


def _ledger(result: Assessed) -> pd.DataFrame:
    """The rectification ledger: one row an institution and problem code, open until it is closed item by item."""
    from collections import Counter

    import pandas as pd

    counts: Counter[tuple[str, str]] = Counter()
    for item in result.items:
        for outcome in item.outcomes:
            if outcome.closed and outcome.verdict_class:
                counts.update((item.code, code) for code in outcome.item_codes)
    rows = [(code, problem, count, "open", "", "") for (code, problem), count in sorted(counts.items())]
    return pd.DataFrame(rows, columns=["fixmedins_code", "item_code", "cases", "state", "measure", "closed_on"])


def _write_letters(result: Assessed, estimates: pd.DataFrame, folder: Path) -> None:
    rows = {str(row["fixmedins_code"]): row for row in estimates.to_dict("records")}
    by_code: dict[str, list[LossLine]] = {}
    for line in result.losses:
        by_code.setdefault(line.outcome.fixmedins_code, []).append(line)
    for score in result.scores:
        if score.code in rows:
            text = notice(result.data, dict(rows[score.code]), score, by_code.get(score.code, []), result.scheme)  # type: ignore[arg-type]
            write_text(folder / "notices" / f"{score.code}.md", text)
    listed: list[dict[str, Any]] = [dict(row) for row in rows.values()]  # type: ignore[arg-type]
    write_text(folder / "public_notice.md", public_notice(result.data, result.scores, listed, result.scheme))


def _write_worksheets(result: Assessed, folder: Path) -> None:
    verdicts: dict[str, tuple[str, str]] = {}
    for item in result.items:
        for outcome in item.outcomes:
            if outcome.closed and outcome.verdict_class is not None:
                verdicts[outcome.rxno] = ("0" if outcome.verdict_class else "1", " ".join(outcome.item_codes))
    for part in result.data.quarters:
        if part.worksheet is None:
            continue
        for code, group in part.worksheet.groupby("fixmedins_code"):
            body, foot = worksheet.sheet([dict(row) for row in group.to_dict("records")], verdicts)  # type: ignore[arg-type]
            name = result.data.names().get(str(code), "")
            head: list[list[object]] = [["机构 institution", str(code), name], ["季度 quarter", part.quarter],
                                        ["接收标记 recipient mark", mark_of(str(code), part.quarter)],
                                        ["评审人 reviewer", "", "评审日期 date", ""], []]  # fmt: skip
            text = csv_text(["处方点评工作表 prescription review worksheet"], [*head, list(worksheet.HEADER), *body, [], *foot])
            write_text(folder / "worksheets" / f"{part.quarter}_{code}.csv", "\ufeff" + text)


def _manifest(data: AssessmentInput, scheme: Scheme) -> dict[str, Any]:
    sequence, _, digest = (data.audit_head or "0:").partition(":")
    return {
        "period": data.period,
        "scheme": scheme.version,
        "audit_head": {"seq": int(sequence), "hash": digest},
        "frames": {part.quarter: frame_hash(part.frame[["rxno", "fixmedins_code"]]) for part in data.quarters},
        "verdicts": {part.quarter: frame_hash(part.verdicts) for part in data.quarters},
    }
