"""A model as it is used: trees, features, calibration, and where its labels came from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from models.calibration import AnyCalibration, of_entry
from models.distribution import Distribution
from models.evaluation import FITTED
from models.plain import with_nan
from models.specs import ModelSpec, spec_named


@dataclass(frozen=True)
class LoadedModel:
    """A model read back from its file and manifest."""

    spec: ModelSpec
    text: str
    manifest: dict[str, Any]

    @classmethod
    def of(cls, text: str, manifest: dict[str, Any]) -> LoadedModel:
        """From the text of model.txt and the content of manifest.json."""
        content = {**manifest, "metrics": with_nan(manifest["metrics"])}
        return cls(spec_named(str(manifest["model"])), text, content)

    @cached_property
    def booster(self) -> Any:
        """The LightGBM booster."""
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    @property
    def names(self) -> list[str]:
        """Features in the order of the trees."""
        return list(self.manifest["features"])

    @property
    def calibration(self) -> AnyCalibration:
        """From raw score to probability."""
        return of_entry(self.manifest["calibration"])

    @property
    def version(self) -> str:
        """First 12 hex digits of the model file's SHA-256."""
        return str(self.manifest["model_version"])

    @property
    def label_source(self) -> str:
        """What the labels were."""
        return str(self.manifest["label_source"])

    @property
    def is_weak(self) -> bool:
        """Whether the labels were rule findings and no judgement of a person."""
        return "weak" in self.label_source

    @property
    def not_above(self) -> list[str]:
        """One-column baselines that its test did not show it to be better than: the paired interval reaches nothing."""
        gains = self.manifest["metrics"]["gain"]
        return [name for name, gain in gains.items() if name not in FITTED and not gain["interval90"][0] > 0]

    @property
    def quarters(self) -> list[str]:
        """Quarters of the labels."""
        return list(self.manifest["quarters"])

    def distribution(self, name: str) -> Distribution | None:
        """How a feature ("" = the raw score) lay over the training quarters; None when that is not known."""
        entry = self.manifest.get("distribution", {}).get(name)
        return Distribution(**entry) if entry else None
