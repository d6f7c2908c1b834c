from __future__ import annotations

from pathlib import Path

from features.themes import load_themes
from models.crossfit import MOST_ROUNDS, MOST_ROUNDS_WEAK
from models.evaluation import REPEATS
from models.gate import DRAWS
from models.specs import load_families, load_specs
from models.training import MOST_HELD_OUT
from models.watch import MANY_MOVED, MOST_MOVED
from models.weak import MOST_ROWS
from records.errors import DriftLarge, DriftNoticed

PAGE = Path(__file__).parents[2] / "docs" / "models.md"


def test_the_page_names_every_model_and_the_numbers_in_force() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for spec in load_specs().values():
        assert f"`{spec.name}`" in text
        assert f"power {spec.weight_power}" in text
    for spec in load_families().values():
        assert f"`{spec.name}`" in text
        assert f"weigh as {spec.rule_rows:,}" in " ".join(text.split())
    assert f"more than {MOST_HELD_OUT:,} labelled rows" in text
    assert f"stand {MOST_ROWS:,} prescriptions" in " ".join(text.split())
    assert f"at most {MOST_ROUNDS} ({MOST_ROUNDS_WEAK} with weak labels)" in text
    assert f"{REPEATS} resamplings" in text
    assert f"{DRAWS} resamplings of whole groups" in text
    assert f"{len(load_themes())} of them" in text
    for code, share in ((DriftNoticed.exit_code, MANY_MOVED), (DriftLarge.exit_code, MOST_MOVED)):
        (row,) = (line for line in text.splitlines() if line.startswith(f"| {code} |"))
        assert f"over {share:.0%}".replace("%", " %") in row
