"""``make study [AREA=...]``: what stands in docs/models.md and docs/features.md, measured anew.

``python -m tests.study models|subjects PERSONS SEEDS`` makes their cities smaller or fewer, ``python -m tests.study panel
EXPERTS VERDICTS KILLS`` the panel. Areas: models prints the tables of docs/models.md (weighting, learning, second-quarter,
novelty, baselines and truth print one of them), subjects that of practitioners and institutions, features writes
features/measured.csv (then ``make docs``), panel prints what 200 experts and 20,000 verdicts gave on both databases,
reasons how often the planted cause is told, server runs the registry against an MLflow server on PostgreSQL, all.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.study.beside import few_subjects
from tests.study.features import measure
from tests.study.reasons import study as reasons
from tests.study.server import study as server
from tests.study.swarm import study as swarm
from tests.study.trust import TABLES, study

AREAS: dict[str, Callable[..., int]] = {
    "models": study,
    **{name: partial(study, only=name) for name in TABLES},
    "subjects": few_subjects,
    "features": measure,
    "panel": swarm,
    "reasons": reasons,
    "server": server,
}


def main(chosen: str, *sizes: int) -> int:
    if chosen != "all" and chosen not in AREAS:
        print(f"No area '{chosen}': choose {', '.join(AREAS)} or all.", file=sys.stderr)
        return 2
    codes = []
    for name, area in AREAS.items():
        if chosen == name or (chosen == "all" and name not in TABLES):
            with tempfile.TemporaryDirectory() as scratch:
                codes.append(area(Path(scratch), *sizes))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all", *map(int, sys.argv[2:])))
