"""What the features of a model meant when it was trained, so that a later catalogue can be told from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from features.catalogue import load_catalogue
from features.themes import themes_of


def definitions(grain: str, names: list[str]) -> list[dict[str, Any]]:
    """What each feature of a model meant when it was trained; of one that is in no catalogue only the name."""
    known = {feature.name: feature for feature in load_catalogue().of(grain)}
    themes = themes_of(grain)
    return [
        {**asdict(known[name]), "theme": themes[name].name} if name in known else {"name": name, "grain": grain}
        for name in names
    ]


def feature_manifest(grain: str, names: list[str]) -> str:
    """SHA-256 of the definitions: two models with the same one were fed alike."""
    return hashlib.sha256(json.dumps(definitions(grain, names), sort_keys=True).encode()).hexdigest()
