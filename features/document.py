"""The page ``docs/features.md``, generated from the catalogue: ``python -m features.document``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from features.catalogue import GRAINS, KEYS, Catalogue, Feature, load_catalogue

PAGE = Path(__file__).parent.parent / "docs" / "features.md"
GRAIN_ZH = {"prescription": "处方", "person": "参保人", "practitioner": "医师", "institution": "机构"}
_HEAD = """# Features 特征目录

Generated from `features/catalogue` by `python -m features.document`; do not edit.

Every feature is computed as of the end of the quarter from what was known then. Counts and sums are taken
over integers and decimals and divided once, so the same data give the same bytes. A feature whose data are
absent is null throughout and said in the report of the run. Direction: + more is more suspicious, - less is.
"""


def page(catalogue: Catalogue) -> str:
    """The whole page as Markdown, Chinese first."""
    parts = [_HEAD]
    for grain in GRAINS:
        features = catalogue.of(grain)
        parts.append(f"\n## {GRAIN_ZH[grain]} {grain} (`{KEYS[grain]}`): {len(features)}\n")
        for group, members in groupby(features, key=lambda feature: feature.group):
            parts.append(f"\n### {group}\n\n| feature | 中文 | definition | unit | window | missing | needs | |\n")
            parts.append("|---|---|---|---|---|---|---|---|\n")
            parts += [_row(feature) for feature in members]
    return "".join(parts)


def _row(feature: Feature) -> str:
    cells = [
        f"`{feature.name}`",
        feature.zh,
        feature.definition,
        feature.unit,
        feature.window,
        f"{feature.missing_zh} / {feature.missing_en}",
        ", ".join(need.replace("|", " or ") for need in feature.needs),
        {1: "+", -1: "-", 0: ""}[feature.monotone],
    ]
    return "| " + " | ".join(cells) + " |\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(load_catalogue()), encoding="utf-8")


if __name__ == "__main__":
    main()
