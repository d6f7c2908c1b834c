"""``make bench [AREA=...]``: speed and memory, beside a plain alternative or a stated limit in the same run.

Exits with 1 when a stated limit is missed. Areas: help, chain, gate, simulator, features, lookback, rules, basis,
models, spark, draw, assign, app, all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import app, areas, assigning, basis, draw, features, gate, look_back, models, simulator, spark
from tests.bench.measure import Line, show

AREAS: dict[str, Callable[[], list[Line]]] = {
    "help": areas.help_answers,
    "chain": areas.chain_of_a_demo_city,
    "gate": gate.gate_at_size,
    "simulator": simulator.city_of_six_million,
    "features": features.features_at_size,
    "lookback": look_back.twelve_months,
    "rules": look_back.rules_of_twelve_months,
    "basis": basis.rules_at_size,
    "models": models.models_at_size,
    "spark": spark.spark_beside_duckdb,
    "draw": draw.draw_at_size,
    "assign": assigning.assigned_at_size,
    "app": app.app_at_work,
}


def main(chosen: str) -> int:
    if chosen != "all" and chosen not in AREAS:
        print(f"No area '{chosen}': choose {', '.join(AREAS)} or all.", file=sys.stderr)
        return 2
    lines: list[Line] = []
    for name, area in AREAS.items():
        if chosen in ("all", name):
            lines += area()
    show(lines)
    return int(any(line.missed for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
