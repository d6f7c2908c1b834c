"""Features that models of prescriptions give the other grains: out of fold for training, by the champion for scoring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.labelled import Labelled, weak_labels
from pipelines.quarter import QuarterTables
from records.errors import ModelNotTrained

if TYPE_CHECKING:
    import pandas as pd

    from models.labels import Labels
    from models.specs import ModelSpec

#: Column of the prescriptions that names the subject of a grain.
SUBJECTS = {"person": "psn_no", "practitioner": "dr_codg", "institution": "fixmedins_code"}


def with_fed(
    labelled: Labelled, spec: ModelSpec, rows: pd.DataFrame, labels_for: Callable[[ModelSpec], Labels], threads: int
) -> pd.DataFrame:
    """Rows for training with what the models of ``fed_by`` say of their prescriptions, by trees of other prescribers.

    Where such a model cannot be trained its features are missing.
    """
    import pandas as pd

    from models.specs import spec_named

    names = sorted(set(rows["quarter"]))
    for feeding in map(spec_named, spec.fed_by):
        raw = _held_out(labelled, feeding, names, labels_for, threads)
        if raw is None:
            continue
        parts = [_of_quarter(labelled, name, raw[name], spec, feeding).assign(quarter=name) for name in names]
        together = pd.concat(parts).rename_axis("key").reset_index()
        rows = rows.merge(together, how="left", on=["key", "quarter"])
    return rows


def _of_quarter(labelled: Labelled, name: str, raw: Any, spec: ModelSpec, feeding: ModelSpec) -> pd.DataFrame:
    from models.feeding import of_subjects

    rows = labelled.rows([name], "prescription")
    pairs = rows[["key", f"its_{SUBJECTS[spec.grain]}"]].set_axis(["rxno", "subject"], axis=1)
    if spec.grain == "institution":
        pairs = _with(pairs, labelled.dispensed_elsewhere(name))
    return of_subjects(pairs["subject"], raw, feeding, _places(rows["key"], pairs["rxno"]))


def _with(pairs: pd.DataFrame, dispensed: pd.DataFrame) -> pd.DataFrame:
    """Prescriptions with who wrote them, and with who else charged them: both answer for them."""
    import pandas as pd

    return pd.concat([pairs, dispensed], ignore_index=True)


def _places(keys: Any, wanted: Any) -> Any:
    import pandas as pd

    return pd.Index(keys.astype(str)).get_indexer(pd.Index(wanted.astype(str)))


def _held_out(
    labelled: Labelled, feeding: ModelSpec, names: list[str], labels_for: Callable[[ModelSpec], Labels], threads: int
) -> dict[str, Any] | None:
    """Raw scores of the prescriptions of each quarter, in the order of their rows; None without labels enough.

    Worked out once for all models that are fed, of the same quarters.
    """
    from models.feeding import held_out_raw
    from models.labels import enough
    from pipelines.scoring import groups_of

    labels = labels_for(feeding)
    if not enough(labels, feeding):
        labels = weak_labels(labelled, feeding, labels)
    if not enough(labels, feeding):
        return None
    every = sorted({*names, *labels.frame["quarter"]})
    if set(every) <= set(labelled.held_out.get(feeding.name, {})):
        return labelled.held_out[feeding.name]
    rows = labelled.rows(every, "prescription")
    try:
        raw = held_out_raw(feeding, rows, labels, groups_of("prescription"), threads)
    except ModelNotTrained:
        return None
    labelled.held_out[feeding.name] = {name: raw[(rows["quarter"] == name).to_numpy()] for name in every}
    return labelled.held_out[feeding.name]


def fed_now(tables: QuarterTables, grain: str, scores: pd.DataFrame) -> pd.DataFrame | None:
    """What the quarter's scores of prescriptions say of each subject of a grain, by key; None where nothing feeds it."""
    import pandas as pd

    from models.feeding import of_subjects
    from models.specs import load_specs, spec_named

    feeding = sorted({name for spec in load_specs().values() if spec.grain == grain for name in spec.fed_by})
    if not feeding or scores.empty:
        return None
    pairs = tables.con.sql(f"SELECT rxno, {SUBJECTS[grain]} AS subject FROM frame").df()
    pairs = _with(pairs, tables.dispensed_elsewhere()) if grain == "institution" else pairs
    parts = []
    for spec in map(spec_named, feeding):
        mine = scores[scores["target"] == spec.target]
        parts.append(of_subjects(pairs["subject"], mine["raw_score"], spec, _places(mine["rxno"], pairs["rxno"])))
    return pd.concat(parts, axis=1)


def fed_file(grain: str) -> str:
    """Name of the file beside a quarter's features that keeps what was fed to models of a grain."""
    return f"fed_{grain}.parquet"


def keep_fed(folder: Path, grain: str, key: str, fed: pd.DataFrame | None) -> None:
    """Write what was fed, so that a score can be explained and watched later. Grain: one row a subject, by key."""
    from records.output import write_frame

    if fed is not None:
        write_frame(fed.rename_axis(key).reset_index(), folder / fed_file(grain))


def with_kept(folder: Path, grain: str, key: str, features: pd.DataFrame) -> pd.DataFrame:
    """A quarter's features with what was fed beside them; as they are where nothing was."""
    import pandas as pd

    path = folder / fed_file(grain)
    if not path.exists() or features.empty:
        return features
    fed = pd.read_parquet(path)
    return features.merge(fed.astype({key: features[key].dtype}), on=key, how="left")


def fed_batches(batches: Iterable[Any], key: str, fed: pd.DataFrame | None) -> Iterator[Any]:
    """Arrow batches of features with the fed ones beside them; a subject without prescriptions has none."""
    import pyarrow as pa

    for batch in batches:
        if fed is not None:
            values = fed.reindex(batch.column(key).to_pandas().astype(str))
            for name in fed.columns:
                batch = batch.append_column(name, pa.array(values[name].to_numpy(dtype=float), from_pandas=True))
        yield batch
