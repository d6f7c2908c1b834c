"""assess, explain and settle: loading what the assessment works on, and printing what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from records.errors import NotFound
from records.output import sha256
from records.periods import Quarter
from records.workplace import Workplace


def assess_quarters(
    workplace: Workplace, quarters: Sequence[Quarter], out: Path, scheme: Path | None, period: str, recipient: str
) -> None:
    """Write the assessment of one quarter, or of a year's quarters joined, and log it."""
    from assessment.exports import assess
    from assessment.loading import load_quarters
    from assessment.scheme import load_scheme
    from panel.service import PanelService
    from panel.sessions import operator
    from panel.store import open_store

    if not quarters:
        raise NotFound(f"There is no finished run of {period} in {workplace.work}: start with 'rxpanel run'.")
    chosen = load_scheme(scheme)
    with open_store(workplace.store_url()) as store:
        panel = PanelService(store, operator())
        panel.mark_for(recipient, period)
        data = load_quarters(workplace, quarters, store, period, worksheet=True)
        files = assess(data, chosen, out, recipient)
        facts = {"period": period, "scheme": chosen.version}
        panel.exported("assessment exported", period, out / "manifest.json", recipient, facts)
    sys.stdout.write(f"{out}: {len(files)} files, manifest {sha256(out / 'manifest.json')[:12]}\n")


def explain_code(workplace: Workplace, quarter: Quarter, code: str) -> list[str]:
    """The whole line behind an institution's score or a prescription's fate, as lines of text."""
    from assessment.explain import explain
    from assessment.loading import load_quarters
    from assessment.scheme import load_scheme
    from panel.store import open_store
    from pipelines.record_files import read_output, read_record

    read_record(workplace, quarter)
    with open_store(workplace.store_url()) as store:
        data = load_quarters(workplace, [quarter], store, str(quarter))
    tables = {
        name: read_output(workplace, quarter, f"{name}.parquet")
        for name in ("findings", "scores_prescription", "reasons_prescription")
    }
    return explain(data, load_scheme(None), code, tables)


def settle_year(workplace: Workplace, year: int, out: Path, scheme: Path | None, recipient: str) -> None:
    """Write the annual clearing of a year whose quarters have been run."""
    from assessment.clearing import write_clearing
    from assessment.clearing_input import load_clearing
    from assessment.scheme import load_scheme
    from panel.service import PanelService
    from panel.sessions import operator
    from panel.store import open_store

    quarters = [found for found in workplace.quarters() if found.year == year]
    if not quarters:
        raise NotFound(f"There is no finished run of {year} in {workplace.work}: start with 'rxpanel run'.")
    chosen = load_scheme(scheme)
    with open_store(workplace.store_url()) as store:
        panel = PanelService(store, operator())
        panel.mark_for(recipient, str(year))
        files = write_clearing(load_clearing(workplace, quarters, store, chosen), chosen, out, recipient)
        panel.exported("clearing exported", str(year), out / "manifest.json", recipient, {"scheme": chosen.version})
    sys.stdout.write(f"{out}: {', '.join(files)}\n")
