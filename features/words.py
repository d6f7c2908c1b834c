"""A feature's value in words: numbers with their unit, usual ranges, and the sentence of a reason."""

from __future__ import annotations

from typing import Literal

from features.catalogue import Feature

Language = Literal["zh", "en"]
UNIT_WORDS: dict[str, tuple[str, str]] = {
    "yuan": ("元", "yuan"),
    "day": ("天", "days"),
    "count": ("", ""),
    "share": ("", ""),
    "ratio": ("倍", "times"),
    "second": ("秒", "seconds"),
    "year": ("岁", "years"),
    "lift": ("", ""),
    "level": ("级", ""),
    "flag": ("", ""),
    "difference": ("个百分点", "percentage points"),
    "deviation": ("个标准差", "standard deviations"),
}
_SHOWN = {
    "count": "{:,.0f}",
    "day": "{:,.0f}",
    "second": "{:,.0f}",
    "year": "{:.0f}",
    "level": "{:.0f}",
    "deviation": "{:+.1f}",
}


def is_missing(value: object) -> bool:
    """Whether a value is null, in any of the forms that Python, NumPy and pandas give it."""
    # pandas.NA refuses to be compared, so it is told by its name before the test for NaN.
    return value is None or type(value).__name__ == "NAType" or value != value


def value_text(feature: Feature, value: object, language: Language = "zh") -> str:
    """A value as a person reads it, without its unit: shares in per cent, yuan with two decimals."""
    if is_missing(value):
        return feature.missing_zh if language == "zh" else feature.missing_en
    number = float(value)  # type: ignore[arg-type]
    if feature.unit == "flag":
        yes, no = ("是", "否") if language == "zh" else ("yes", "no")
        return yes if number else no
    if feature.unit == "share":
        return f"{100 * number:.1f}".removesuffix(".0") + "%"
    if feature.unit == "difference":
        return f"{100 * number:+.1f}"
    if feature.unit == "yuan":
        return f"{number:,.2f}"
    return _SHOWN.get(feature.unit, "{:.2f}").format(number)


def usual_text(feature: Feature, low: object, high: object, language: Language = "zh") -> str:
    """A usual range as words: one value where both ends read alike."""
    if is_missing(low) or is_missing(high):
        return "不详" if language == "zh" else "unknown"
    first, last = value_text(feature, low, language), value_text(feature, high, language)
    if first == last:
        return first
    if feature.unit == "flag":
        return "是与否都有" if language == "zh" else "either"
    between = " 至 " if language == "zh" else " to "
    return first + between + last


def reason(feature: Feature, value: object, low: object, high: object, language: Language = "zh") -> str:
    """The sentence for one feature of one subject; ``low`` and ``high`` are the usual range (q10, q90).

    A missing value gives the feature's name and what its absence means.
    """
    if is_missing(value):
        name, sign = (feature.zh, "：") if language == "zh" else (feature.en, ": ")
        return f"{name}{sign}{value_text(feature, value, language)}"
    template = feature.reason_zh if language == "zh" else feature.reason_en
    return template.format(
        value=value_text(feature, value, language),
        unit=UNIT_WORDS[feature.unit][0 if language == "zh" else 1],
        usual=usual_text(feature, low, high, language),
    )
