"""Metrics as JSON has them: no NaN in a file, NaN again in memory."""

from __future__ import annotations

import math
from typing import Any


def without_nan(content: Any) -> Any:
    """The same content with null for NaN, at any depth; JSON knows no NaN."""
    if isinstance(content, dict):
        return {name: without_nan(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_nan(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content


def with_nan(content: Any) -> Any:
    """The same content with NaN for null, at any depth: what could not be measured is a number again."""
    if isinstance(content, dict):
        return {name: with_nan(value) for name, value in content.items()}
    if isinstance(content, list):
        return [with_nan(value) for value in content]
    return math.nan if content is None else content
