"""A model as it is used: trees, features, calibration, and where its labels came from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from models.calibration import Calibration
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
        return cls(spec_named(str(manifest["model"])), text, manifest)

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
    def calibration(self) -> Calibration:
        """From raw score to probability."""
        return Calibration(**self.manifest["calibration"])

    @property
    def version(self) -> str:
        """First 12 hex digits of the model file's SHA-256."""
        return str(self.manifest["model_version"])

    @property
    def label_source(self) -> str:
        """What the labels were."""
        return str(self.manifest["label_source"])
