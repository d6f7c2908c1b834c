"""``rxpanel check``: the gate alone."""

from __future__ import annotations

import sys

from pipelines.gate import OUTPUTS, Source, fresh, pass_gate, publish, refuse_when_blocked
from pipelines.progress import Steps
from pipelines.tables import show
from records.workplace import Workplace


def check_folder(source: Source, workplace: Workplace) -> None:
    """Validate a folder and print what was found. Raises BlockingFault when it cannot be used."""
    folder = workplace.quarter(source.quarter)
    with workplace.lock():
        building = fresh(workplace.scratch / f"check-{source.quarter}")
        steps = Steps(1)
        with steps.step("gate", "校验 Check") as say:
            accepted = pass_gate(source, workplace, building, say)
        accepted.con.close()
        publish(OUTPUTS, building, folder)
        fresh(building).rmdir()
    from expectations.gate import summary_table

    header, *rows = summary_table(accepted.result)
    show(header, rows)
    sys.stdout.write(f"{folder / 'gate_report.html'}\n")
    refuse_when_blocked(accepted, folder)
