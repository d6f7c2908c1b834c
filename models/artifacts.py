"""What is stored of a model: MLflow's native LightGBM flavour, and beside it what this program and people read."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.boosting import matrix
from models.definitions import definitions
from models.manifest import model_card
from models.plots import calibration, learning_curve, precision_recall, summary, waterfall
from records.output import write_bytes, write_frame, write_json, write_text

if TYPE_CHECKING:
    import pandas as pd

    from models.loaded import LoadedModel
    from models.training import Trained

#: Rows of the input example.
_EXAMPLE = 5
_LIBRARIES = ("lightgbm", "mlflow", "numpy", "pandas", "scikit-learn", "scipy", "shap")


def write_artifacts(trained: Trained, manifest: dict[str, Any], scratch: Path, pictures: dict[str, bytes]) -> Path:
    """The folder of a model. No pickles.

    model.txt (the booster), manifest.json, metrics.json, features.json (their definitions), environment.json,
    evaluation.parquet (test rows), card.md, pictures/*.png, and MLflow's files with signature and input example.
    """
    import lightgbm
    import mlflow.lightgbm
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    folder = scratch / "model"
    inputs = Schema([ColSpec("double", name, required=False) for name in trained.names])
    mlflow.lightgbm.save_model(
        lightgbm.Booster(model_str=trained.text),
        str(folder),
        signature=ModelSignature(inputs, Schema([ColSpec("double")])),
        input_example=input_example(trained),
        pip_requirements=[f"lightgbm=={importlib.metadata.version('lightgbm')}"],
    )
    write_text(folder / "model.txt", trained.text)
    write_json(folder / "manifest.json", manifest)
    write_json(folder / "metrics.json", manifest["metrics"])
    write_json(folder / "features.json", definitions(trained.spec.grain, trained.names))
    write_json(folder / "environment.json", environment())
    write_text(folder / "card.md", model_card(manifest))
    write_frame(trained.test, folder / "evaluation.parquet")
    for name, content in pictures.items():
        write_bytes(folder / "pictures" / f"{name}.png", content)
    return folder


def input_example(trained: Trained) -> pd.DataFrame:
    """Some rows as the model takes them: its features in order, as numbers, missing ones NaN."""
    import pandas as pd

    return pd.DataFrame(matrix(trained.test.head(_EXAMPLE), trained.names), columns=trained.names)


def environment() -> dict[str, str]:
    """Versions that a prediction may depend on."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in _LIBRARIES}}


def pictures_of(trained: Trained, model: LoadedModel) -> dict[str, bytes]:
    """PNG files by name: precision over recall, calibration, SHAP summary, waterfall of the highest score of the test.

    The learning curve is among them where the metrics hold its points (``learning_curve``).
    """
    test, key = trained.test, model.spec.key
    known = test if not test["known"].any() else test[test["known"].to_numpy(dtype=bool)]
    rows = test.assign(**{key: test["key"]})
    highest = str(rows["key"].iloc[int(rows["raw"].to_numpy(dtype=float).argmax())])
    found = {
        "precision_recall": precision_recall(known),
        "calibration": calibration(known),
        "shap_summary": summary(model, rows),
        "shap_waterfall_highest": waterfall(model, rows, highest),
    }
    points = trained.metrics.get("learning_curve")
    return {**found, "learning_curve": learning_curve(points)} if points else found
