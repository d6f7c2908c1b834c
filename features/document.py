"""The page ``docs/features.md``, from the catalogue and its measurements: ``python -m features.document``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from features.catalogue import GRAINS, KEYS, Catalogue, Feature, load_catalogue
from features.measured import Measured, load_measured
from features.themes import load_themes, themes_of
from features.words import value_text
from records.output import write_text

PAGE = Path(__file__).parent.parent / "docs" / "features.md"
GRAIN_ZH = {"prescription": "处方", "person": "参保人", "practitioner": "医师", "institution": "机构"}
Measurements = Mapping[tuple[str, str], Measured]
_HEAD = """# Features 特征目录

Generated from `features/catalogue` and `features/measured.csv` by `python -m features.document`; do not edit.

Every feature is computed as of the end of the quarter from what was known then. Counts and sums are taken
over integers and decimals and divided once, so the same data give the same bytes. A feature whose data are
absent is null throughout and said in the report of the run.

方向 direction: + more is more suspicious, - less is. It tells the reader what to expect; where medicine demands it,
models are held to it (docs/models.md).

每组第二张表为实测 The second table of a group is measured (`make study AREA=features`), on a simulated city (5,000 persons,
seed 5, six months of look-back, with faults) and on real hospital orders, each through check, basis and models as
`rxpanel run` has them:

- 分布 distribution: the values between the 1st and 99th percentile (all of them where those are one value) in eight
  bins of equal width; the height is the square root of the share, so that tails show; `·` is an empty bin, a single
  block a single value. 缺失 missing is the share without a value; 10 %, 50 % and 90 % are of the values there are.
- 有别 varies: whether it takes more than one value in the city 城市 and in the real orders 真实医嘱. The orders are of
  one institution, so no feature of institutions can vary there.
- 模型 models: which models of the grain may take it and, behind each, the share of the city's subjects in whose named
  reasons (eight at most) it stands; – where the model trained on that city did not take it, because the labelled
  rows had no value of it or the labels were made of rule findings and so is the feature.
"""
_DEFINED = "| feature | 中文 | definition | unit | window | missing | needs | 方向 |\n|---|---|---|---|---|---|---|---|\n"
_MEASURED = (
    "| 特征 feature | 分布 distribution | 缺失 missing | 10 % | 50 % | 90 % | 城市 city | 真实医嘱 orders | 模型 models |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def page(catalogue: Catalogue, measured: Measurements) -> str:
    """The whole page as Markdown. Raises KeyError for a feature without a measurement."""
    parts = [_HEAD, _counts(catalogue, measured)]
    for grain in GRAINS:
        features = catalogue.of(grain)
        rows = max(measured[grain, feature.name].rows for feature in features)
        parts.append(f"\n## {GRAIN_ZH[grain]} {grain} (`{KEYS[grain]}`): {len(features)}\n")
        parts.append(f"\n实测对象 measured on {rows:,} of the city.\n")
        for group, grouped in groupby(features, key=lambda feature: feature.group):
            members = list(grouped)
            parts.append(f"\n### {group}\n\n{_DEFINED}")
            parts += [_row(feature) for feature in members]
            parts.append(f"\n{_MEASURED}")
            parts += [_measured_row(feature, measured[grain, feature.name]) for feature in members]
    return "".join([*parts, _themes(), _constant(catalogue, measured)])


def _counts(catalogue: Catalogue, measured: Measurements) -> str:
    head = (
        "| 粒度 grain | 特征 features | 城市有别 vary in the city | 真实医嘱有别 vary in the orders | 均无别 in neither |\n"
        "|---|---|---|---|---|\n"
    )
    rows = []
    for grain in GRAINS:
        seen = [measured[grain, feature.name] for feature in catalogue.of(grain)]
        city, orders = sum(m.city for m in seen), sum(m.orders for m in seen)
        neither = sum(not m.city and not m.orders for m in seen)
        rows.append(f"| {GRAIN_ZH[grain]} {grain} | {len(seen)} | {city} | {orders} | {neither} |\n")
    return f"\n{head}{''.join(rows)}"


def _row(feature: Feature) -> str:
    cells = [
        f"`{feature.name}`",
        feature.zh,
        feature.definition,
        feature.unit,
        feature.window,
        f"{feature.missing_zh} / {feature.missing_en}",
        _needs(feature),
        {1: "+", -1: "-", 0: ""}[feature.monotone],
    ]
    return "| " + " | ".join(cells) + " |\n"


def _needs(feature: Feature) -> str:
    return ", ".join(need.replace("|", " or ") for need in feature.needs)


def _measured_row(feature: Feature, seen: Measured) -> str:
    cells = [
        f"`{feature.name}`",
        seen.sketch or "–",
        f"{100 * seen.missing_share:.1f} %",
        *["–" if value is None else value_text(feature, value, "en") for value in seen.quantiles],
        _varies(seen.city),
        _varies(seen.orders),
        ", ".join(f"{target} {_share(share)}" for target, share in seen.reasons),
    ]
    return "| " + " | ".join(cells) + " |\n"


def _varies(told: bool) -> str:
    return "有别 varies" if told else "无别 constant"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _themes() -> str:
    """Which features are told together when a score is explained."""
    lines = [
        "\n## 主题 Themes\n\nReasons tell features of one theme together (`features/themes.toml`). What counts of findings\n"
        "contribute goes to the themes of what was found.\n\n| 主题 theme | "
        + " | ".join(f"{GRAIN_ZH[grain]} {grain}" for grain in GRAINS) + " |\n|---|---|---|---|---|\n"
    ]  # fmt: skip
    for theme in load_themes():
        members = [[f"`{name}`" for name, its in themes_of(grain).items() if its == theme] for grain in GRAINS]
        lines.append(f"| {theme.zh} {theme.en} | " + " | ".join(" ".join(names) for names in members) + " |\n")
    return "".join(lines)


def _constant(catalogue: Catalogue, measured: Measurements) -> str:
    """The features that told nobody apart, so that no one counts them."""
    lines = ["\n## 不计入 Does not count\n\nConstant in the city and in the real orders alike:\n\n"]
    for feature in catalogue:
        seen = measured[feature.grain, feature.name]
        if seen.city or seen.orders:
            continue
        if seen.missing == seen.rows:
            why = f"城市中无值 no value in the city; needs {_needs(feature)}"
        else:
            why = f"城市中皆为 always {value_text(feature, seen.quantiles[1], 'en')} in the city"
        lines.append(f"- {GRAIN_ZH[feature.grain]} {feature.grain} `{feature.name}` {feature.zh}: {why}\n")
    return "".join(lines) if len(lines) > 1 else f"{lines[0]}- 无 none\n"


def main() -> None:
    """Write the page."""
    catalogue = load_catalogue()
    write_text(PAGE, page(catalogue, load_measured(catalogue)))


if __name__ == "__main__":
    main()
