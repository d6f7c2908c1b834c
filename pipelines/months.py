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
    from basis import carried as of_rules
    from features import carried as of_features
    from records.kept import Kept, look_back

    with workplace.lock():
        building = fresh(workplace.scratch / f"months-{source.quarter}")
        steps = Steps(4)
        with steps.step("gate", "校验 Check") as say:
            accepted = pass_gate(source, workplace, building, say)
            refuse_when_blocked(accepted, building)
            snapshot = snapshot_of(accepted, workplace)
        fresh(building).rmdir()
        kept = Kept(workplace.months, source.threads, source.memory_limit, workplace.scratch / "spill")
        with steps.step("survey", "分月 Survey of months"):
            look_back(snapshot, source.quarter.as_of, kept)
        workplace.months.mkdir(parents=True, exist_ok=True)
        seconds = {}
        with steps.step("months", "按月计算 Months") as say:
            began = perf_counter()
            made = of_features.keep_months(snapshot, source.quarter.as_of, kept, say)
            seconds["features"] = perf_counter() - began, sum(made.values())
        with steps.step("months for rules", "规则按月计算 Months for rules") as say:
            began = perf_counter()
            for_rules = of_rules.keep_months(snapshot, source.quarter.as_of, kept, say)
            seconds["rules"] = perf_counter() - began, sum(for_rules.values())
    made = {month: new or for_rules[month] for month, new in made.items()}
    show(["月份 month", "本次计算 computed now"], [(month, "是 yes" if new else "否 no") for month, new in made.items()])
    sys.stdout.write(f"{len(made)} months kept, {sum(made.values())} computed\n")
    for what, (took, computed) in seconds.items():
        each = f", {took / computed:.1f} s each" if computed else ""
        sys.stdout.write(f"of them for {what} {computed}{each}\n")
    return made
