"""Curves as a LightGBM booster: a tree of one feature for each, in LightGBM's own text format (version 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.curves import Curve, Curves

#: A split whose missing values go right (LightGBM's decision type: missing is NaN, default is right).
_NAN_RIGHT = 8
#: Every number lies at or below this; only missing values do not.
_ANY_NUMBER = np.finfo(float).max


def as_booster(curves: Curves, x: Any, names: list[str], objective: str) -> Any:
    """The booster that gives what ``curves.raw`` gives. ``x``: the training rows, whose ranges it notes."""
    import lightgbm

    trees = [_Tree.of(curve, curves.base if not number else 0.0) for number, curve in enumerate(curves.curves)]
    texts = [tree.text(number) for number, tree in enumerate(trees)] or [_alone(curves.base, len(x))]
    head = {
        "version": "v4",
        "num_class": 1,
        "num_tree_per_iteration": 1,
        "label_index": 0,
        "max_feature_idx": len(names) - 1,
        "objective": {"binary": "binary sigmoid:1"}.get(objective, objective),
        "feature_names": " ".join(names),
        "feature_infos": " ".join(_range(x[:, column]) for column in range(x.shape[1])),
        "tree_sizes": " ".join(str(len(text.encode())) for text in texts),
    }
    begin = "tree\n" + "".join(f"{name}={value}\n" for name, value in head.items())
    end = "end of trees\n\nfeature_importances:\n\nparameters:\nend of parameters\n\npandas_categorical:null\n"
    return lightgbm.Booster(model_str=begin + "\n" + "".join(texts) + end)


def _range(values: Any) -> str:
    known = values[~np.isnan(values)]
    return f"[{known.min():.17g}:{known.max():.17g}]" if len(known) and known.min() < known.max() else "none"


def _alone(base: float, count: int) -> str:
    """A tree of one leaf, where no feature has a curve."""
    parts = {"num_leaves": 1, "num_cat": 0, "leaf_value": f"{base:.17g}", "leaf_count": count, "is_linear": 0, "shrinkage": 1}
    return "Tree=0\n" + "".join(f"{name}={value}\n" for name, value in parts.items()) + "\n\n"


@dataclass
class _Tree:
    """Splits and leaves of a tree; a child below 0 is a leaf (-1 the first)."""

    column: int
    leaves: list[tuple[float, int]]
    threshold: list[float] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    inside: list[tuple[float, int]] = field(default_factory=list)

    @classmethod
    def of(cls, curve: Curve, base: float) -> _Tree:
        """Missing values leave at the root; the rest is halved until one step is left."""
        values = [*(curve.values + base).tolist(), base]
        counts = [*curve.counts[:-1].tolist(), max(1, int(curve.counts[-1]))]
        tree = cls(curve.column, list(zip(values, counts, strict=True)))
        tree._split(_ANY_NUMBER, range(len(values)), len(values) - 1, curve.edges)
        return tree

    def _split(self, threshold: float, steps: range, border: int, edges: Any) -> int:
        """The number of a split that sends the steps before ``border`` left."""
        here, mine = len(self.threshold), self.leaves[steps.start : steps.stop]
        count = sum(count for _, count in mine)
        self.threshold.append(threshold)
        self.inside.append((sum(value * number for value, number in mine) / count, count))
        for side in (self.left, self.right):
            side.append(0)
        self.left[here] = self._child(range(steps.start, border), edges)
        self.right[here] = self._child(range(border, steps.stop), edges)
        return here

    def _child(self, steps: range, edges: Any) -> int:
        if len(steps) == 1:
            return -steps.start - 1
        border = (steps.start + steps.stop) // 2
        return self._split(float(edges[border - 1]), steps, border, edges)

    def text(self, number: int) -> str:
        """The tree as a model file has it."""
        splits = len(self.threshold)
        parts: dict[str, Any] = {
            "num_leaves": len(self.leaves),
            "num_cat": 0,
            "split_feature": [self.column] * splits,
            "split_gain": [0] * splits,
            "threshold": self.threshold,
            "decision_type": [_NAN_RIGHT] * splits,
            "left_child": self.left,
            "right_child": self.right,
            "leaf_value": [value for value, _ in self.leaves],
            "leaf_weight": [count for _, count in self.leaves],
            "leaf_count": [count for _, count in self.leaves],
            "internal_value": [value for value, _ in self.inside],
            "internal_weight": [count for _, count in self.inside],
            "internal_count": [count for _, count in self.inside],
            "is_linear": 0,
            "shrinkage": 1,
        }
        lines = (f"{name}={_written(value)}\n" for name, value in parts.items())
        return f"Tree={number}\n" + "".join(lines) + "\n\n"


def _written(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(f"{one:.17g}" if isinstance(one, float) else str(one) for one in value)
    return str(value)
