"""Cases, verdicts, experts and leads from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.tables import show
from records.output import write_csv
from records.periods import Quarter
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

    from panel.table_file import ImportReport
    from pipelines.quarter import QuarterTables
    from pipelines.run import Run
    from records.snapshot import Snapshot

CLI = "command line"


def open_quarter(
    run: Run,
    snapshot: Snapshot,
    tables: QuarterTables,
    sample: pd.DataFrame,
    scores: dict[str, pd.DataFrame],
    reasons: dict[str, pd.DataFrame],
) -> None:
    """Open the quarter's cases, or renew what their experts see after the verdict; open leads of the suspected."""
    from panel.cases import open_cases
    from panel.leads import open_leads
    from panel.payloads import build
    from panel.peers import add_peers
    from panel.rules import panel_rules
    from panel.store import open_store
    from panel.working_days import keep_calendar
    from pipelines.pointers import calendar_beside, pointed

    rxnos, shown = sample["rxno"].tolist(), (tables.frame("findings"), scores["prescription"], reasons["prescription"])
    with tables.at_once(snapshot, rxnos) as at_once:
        payloads = build(tables.con, rxnos, *shown, at_once)
    add_peers(tables.con, payloads)
    name, design = str(run.source.quarter), run.record.content["design"]
    unproven = frozenset(m["model_version"] for m in run.record.content["models"].values() if m.get("not_shown_better_than"))
    subjects = pointed(tables, scores, panel_rules(design.get("panel")), str(design["seed"]), unproven)
    with open_store(run.workplace.store_url()) as store:
        with store.change() as connection:
            keep_calendar(connection, calendar_beside(run.source.data))
        opened = open_cases(store, name, design, sample, payloads)
        new_leads = open_leads(store, name, subjects)
    run.record.note(cases={"cases": opened.cases, "assigned": opened.assigned, "kept": opened.kept}, leads_opened=new_leads)


def _quarter(workplace: Workplace, given: str | None) -> str:
    return str(Quarter.parse(given) if given else workplace.newest())


def export(workplace: Workplace, quarter: str | None, to: Path | None, recipient: str) -> None:
    """Write the quarter's cases as a blind list."""
    from panel.service import PanelService
    from panel.sessions import operator
    from panel.store import open_store

    name = _quarter(workplace, quarter)
    path = to or workplace.quarter(name) / "cases.csv"
    with open_store(workplace.store_url()) as store:
        rows = PanelService(store, operator()).export_cases(name, path, recipient)
    sys.stdout.write(f"{path}: {rows}\n")


def show_cases(workplace: Workplace, quarter: str | None) -> None:
    """Print cases with their state."""
    from panel.store import open_store
    from panel.tables import states
    from panel.verdicts import final_verdicts

    with open_store(workplace.store_url()) as store:
        frame = final_verdicts(store, _quarter(workplace, quarter))
    words = states()
    rows = [
        (row.case_id, row.fixmedins_code, " ".join(words[str(row.state)]), row.n_rows, _class(row.verdict_class))
        for row in frame.sort_values("case_id").itertuples(index=False)
    ]
    show(["病例 case", "机构 institution", "状态 state", "意见 opinions", "结论 class"], rows)


def _class(value: Any) -> str:
    text = str(value)
    return text if text in ("0", "1", "2", "3") else ""


def _report(report: ImportReport, path: Path, workplace: Workplace) -> None:
    import pandas as pd

    sys.stdout.write(
        f"{path}: 读取 read {report.read}, 新增 new {report.added}, 已有 known already {report.known}, "
        f"拒收 rejected {len(report.rejected)}\n"
    )
    if report.rejected:
        place = workplace.work / "rejected" / f"{path.stem}.csv"
        # The rows stand as they came, so that nothing is lost and a mended file can be sent again.
        width = max(len(report.columns), *(len(report.came[number]) for number, _, _ in report.rejected))
        came = [(report.came[number] + [""] * width)[:width] for number, _, _ in report.rejected]
        head = ["row", "key", "reason", *(report.columns + ["surplus"] * width)[:width]]
        write_csv(pd.DataFrame([(*row, *cells) for row, cells in zip(report.rejected, came, strict=True)], columns=head), place)
        for number, key, reason in report.rejected[:10]:
            sys.stderr.write(f"第{number}行 row {number} ({key}): {reason}\n")
        sys.stderr.write(f"拒收的行均在{place} All rejected rows stand in {place}.\n")


def bring_verdicts(workplace: Workplace, path: Path) -> None:
    """Import verdicts and say what was taken."""
    from panel.exchange import import_verdicts
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        _report(import_verdicts(store, path, CLI), path, workplace)


def bring_experts(workplace: Workplace, path: Path) -> None:
    """Import experts and say what was taken."""
    from panel.exchange import import_experts
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        _report(import_experts(store, path, CLI), path, workplace)


def bring_outcomes(workplace: Workplace, path: Path) -> None:
    """Import outcomes of leads and say what was taken."""
    from panel.leads import import_outcomes
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        _report(import_outcomes(store, path, CLI), path, workplace)


def show_leads(workplace: Workplace, quarter: str | None) -> None:
    """Print leads with their state."""
    from panel.leads import list_leads
    from panel.store import open_store
    from panel.tables import states
    from records.masking import mask_code

    with open_store(workplace.store_url()) as store:
        frame = list_leads(store, _quarter(workplace, quarter))
    words = states("lead")
    rows = [
        (
            row.lead_id,
            row.subject_type,
            mask_code(str(row.subject_code), 4),
            " ".join(words[str(row.state)]),
            row.due_date,
            row.pointer,
        )
        for row in frame.itertuples(index=False)
    ]
    show(["线索 lead", "对象 subject", "编码 code", "状态 state", "期限 due", "来源 pointer"], rows)


def export_lead_list(workplace: Workplace, quarter: str | None, to: Path | None, recipient: str, unmask: str | None) -> None:
    """Write the quarter's leads as CSV."""
    from panel.service import PanelService
    from panel.sessions import operator
    from panel.store import open_store

    name = _quarter(workplace, quarter)
    path = to or workplace.quarter(name) / "leads.csv"
    with open_store(workplace.store_url()) as store:
        rows = PanelService(store, operator()).export_leads(name, path, recipient, unmask)
    sys.stdout.write(f"{path}: {rows}\n")
