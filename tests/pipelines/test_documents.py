"""Generated pages are what their data say now."""

from __future__ import annotations

from basis import catalogue
from panel import diagram
from pipelines import document


def test_the_command_line_page_is_current() -> None:
    assert document.PAGE.read_text(encoding="utf-8") == document.page()


def test_the_command_line_page_says_defaults_and_ranges() -> None:
    lines = document.page().splitlines()
    simulate = lines[lines.index("## rxpanel simulate") : lines.index("## rxpanel train")]
    assert "| `--months` |  | `12` · 0 to 24 | Months of look-back before the quarter. |" in simulate
    assert "| `--seed` | yes | at least 0 | Same seed, same city. |" in simulate
    assert "| `--clean` |  |  | A city with nothing wrong in it. |" in simulate


def test_the_basis_page_is_current_and_covers_all_88_national_rules() -> None:
    page = catalogue.page()
    assert catalogue.PAGE.read_text(encoding="utf-8") == page
    assert sum(line.startswith("| ") and line.split("|")[1].strip().isdigit() for line in page.splitlines()) == 88


def test_the_workflow_page_is_current() -> None:
    assert diagram.PAGE.read_text(encoding="utf-8") == diagram.page()
