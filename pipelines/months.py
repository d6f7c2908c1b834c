"""``rxpanel months``: what past months leave for the look-back of later quarters, computed when a month is over."""

from __future__ import annotations

import sys
from time import perf_counter

from pipelines.gate import Source, fresh, pass_gate, refuse_when_blocked, snapshot_of
from pipelines.progress import Steps
from pipelines.tables import show
from records.workplace import Workplace


def take_months(source: Source, workplace: Workplace) -> dict[str, bool]:
    """Keep every month of the data that is over when the quarter is. Gives each month and whether it was computed.

    From then on runs and training of this work folder take their look-back from what is kept, with the same bytes
    as result; a month whose rows changed is computed again. Raises BlockingFault as ``check`` does.
    """
    from features.carried import Kept, keep_months, look_back

    with workplace.lock():
        building = fresh(workplace.scratch / f"months-{source.quarter}")
        steps = Steps(3)
        with steps.step("gate", "校验 Check") as say:
            accepted = pass_gate(source, workplace, building, say)
            refuse_when_blocked(accepted, building)
            snapshot = snapshot_of(accepted, workplace)
        fresh(building).rmdir()
        kept = Kept(workplace.months, source.threads, source.memory_limit, workplace.scratch / "spill")
        with steps.step("survey", "分月 Survey of months"):
            look_back(snapshot, source.quarter.as_of, kept)
        started = perf_counter()
        with steps.step("months", "按月计算 Months") as say:
            made = keep_months(snapshot, source.quarter.as_of, kept, say)
        workplace.months.mkdir(parents=True, exist_ok=True)
    show(["月份 month", "本次计算 computed now"], [(month, "是 yes" if new else "否 no") for month, new in made.items()])
    computed = sum(made.values())
    each = f", {(perf_counter() - started) / computed:.1f} s each" if computed else ""
    sys.stdout.write(f"{len(made)} months kept, {computed} computed{each}\n")
    return made
