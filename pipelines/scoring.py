"""Champions, first models where there is none, scores of every grain, and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.feeding import fed_batches, fed_now, keep_fed, with_fed
from pipelines.labelled import Labelled, labels_of_folder, weak_labels, with_rules
from pipelines.quarter import GRAINS, Basis, QuarterTables, machine_of
from records.errors import ModelNotTrained
from records.output import write_frame
from records.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from features.catalogue import Feature
    from models.loaded import LoadedModel
    from models.registry import Registry
    from models.specs import ModelSpec
    from pipelines.run import Run

#: Share of the subjects of a grain other than prescription that are flagged; at least one.
FLAGGED_SHARE = 0.01


def groups_of(grain: str) -> dict[str, str]:
    """The catalogue group of each feature of a grain, those that scores of prescriptions feed among them."""
    return {feature.name: feature.group for feature in features_of(grain)}


def features_of(grain: str) -> list[Feature]:
    """The catalogue of a grain, and beside it what models of prescriptions feed."""
    from features.catalogue import load_catalogue
    from models.feeding import fed_features
    from models.specs import load_specs, spec_named

    feeding = sorted({name for spec in load_specs().values() if spec.grain == grain for name in spec.fed_by})
    fed = [feature for name in feeding for feature in fed_features(grain, spec_named(name))]
    return [*load_catalogue().of(grain), *fed]


def prepare_models(run: Run, snapshot: Snapshot, basis: Basis, tables: QuarterTables) -> dict[str, LoadedModel | str]:
    """The champion of each model, trained now where there is none; or the sentence that says why not."""
    from models.registry import Registry
    from models.specs import all_specs

    registry = Registry(run.workplace.tracking_uri(), run.workplace.mlflow)
    source = run.source
    labelled = Labelled(snapshot, source.quarter, basis, machine_of(source, run.workplace), tables)
    found: dict[str, LoadedModel | str] = {}
    for name, spec in all_specs().items():
        champion = registry.champion(spec)
        # Six more trainings would double the run; families are trained when somebody asks for them.
        if champion is None and tables.rows(spec.grain) and not spec.is_family:
            champion = _first_model(registry, spec, labelled, run)
        found[name] = champion if champion is not None else _why_not(spec, tables)
    return found


def _why_not(spec: ModelSpec, tables: QuarterTables) -> str:
    if tables.rows(spec.grain) and spec.is_family:
        return f"尚未训练 not trained yet: rxpanel train --target {spec.target} --grain {spec.grain}, then promote it"
    if not tables.rows(spec.grain):
        return f"没有{spec.grain}行 there is no row of this grain in the quarter"
    return f"标签不足，无法训练 fewer than {spec.least_labels} positive or negative labels, not even from findings"


def _first_model(registry: Registry, spec: ModelSpec, labelled: Labelled, run: Run) -> LoadedModel | None:
    from models.labels import enough
    from models.registry import CHAMPION
    from models.training import train, write_training

    labels = labels_of_folder(labelled, spec)
    labels = with_rules(labelled, spec, labels) if enough(labels, spec) else weak_labels(labelled, spec, labels)
    if not enough(labels, spec):
        return None
    rows = labelled.rows(sorted(set(labels.frame["quarter"])), spec.grain)
    rows = with_fed(labelled, spec, rows, lambda feeding: labels_of_folder(labelled, feeding), run.source.threads)
    try:
        trained = train(spec, rows, labels, groups_of(spec.grain), threads=run.source.threads)
    except ModelNotTrained:
        # Labels of subjects without a row in their quarter do not count; then there is no model, and run.json says so.
        return None
    write_training(trained, run.workplace.training)
    facts = {"snapshot": labelled.snapshot.digest, "as_of": str(run.source.quarter.as_of)}
    registry.register(trained, CHAMPION, {**facts, "basis_version": labelled.basis.rulebook.version})
    return registry.champion(spec)


def score_grains(run: Run, models: dict[str, LoadedModel | str], tables: QuarterTables) -> dict[str, pd.DataFrame]:
    """Scores of every grain, written to scores_<grain>.parquet; what could not be scored goes into run.json."""
    from models.loaded import LoadedModel
    from models.scoring import joined
    from models.specs import load_families
    from sampling.design import load_design

    capacity = load_design(run.draw.design, run.draw.capacity).targeted_capacity
    main = {name: model for name, model in models.items() if name not in load_families()}
    found: dict[str, pd.DataFrame] = {}
    for grain in GRAINS:
        top = capacity if grain == "prescription" else max(1, round(FLAGGED_SHARE * tables.rows(grain)))
        mine = [m for name, m in main.items() if isinstance(m, LoadedModel) and name.endswith(f"@{grain}")]
        fed = fed_now(tables, grain, found["prescription"]) if found else None
        found[grain] = joined(_scored(mine, tables, top, fed), grain)
        write_frame(found[grain], run.building / f"scores_{grain}.parquet")
    for name, model in main.items():
        if not isinstance(model, LoadedModel):
            run.record.off("models", [{"what": name, "why_zh": model, "why_en": model}])
    run.record.note(models={name: _facts(model) for name, model in main.items()})
    run.record.content["rows"].update({f"scores_{grain}": len(frame) for grain, frame in found.items()})
    return found


def _scored(models: list[LoadedModel], tables: QuarterTables, top: int, fed: pd.DataFrame | None) -> list[pd.DataFrame]:
    """Score tables of models of one grain, each by key."""
    from models.scoring import ranked, raw_of_batches

    if not models:
        return []
    if tables.spark is None or fed is not None:
        batches = fed_batches(tables.batches(models[0].spec.grain), models[0].spec.key, fed)
        keys, scores = raw_of_batches(models, batches)
        return [ranked(model, keys, raw, top) for model, raw in zip(models, scores, strict=True)]
    on_spark = [(model, tables.raw_on_spark(model)) for model in models]
    return [ranked(model, raw[model.spec.key], raw["raw_score"].to_numpy(), top) for model, raw in on_spark]


def score_families(
    run: Run, models: dict[str, LoadedModel | str], tables: QuarterTables, scores: dict[str, pd.DataFrame], sample: pd.DataFrame
) -> None:
    """Scores of the families of review items for flagged and sampled prescriptions: families_prescription.parquet.

    Grain: one row a prescription and family, by both: rxno, target, score, raw_score, base_value, model_name,
    model_version, label_source. They tell the panel which kind of problem to look for, and draw and flag nothing.
    """
    from models.loaded import LoadedModel
    from models.scoring import joined, score
    from models.specs import load_families

    flagged = scores["prescription"].loc[scores["prescription"]["flagged"], "rxno"]
    features = tables.features_of("prescription", set(flagged) | set(sample["rxno"]))
    families = {name: models[name] for name in load_families()}
    scored = [score(model, features, 0) for model in families.values() if isinstance(model, LoadedModel)]
    frame = joined(scored, "prescription").drop(columns=["rank", "flagged"])
    write_frame(frame, run.building / "families_prescription.parquet")
    run.record.note(families={name: _facts(model) for name, model in families.items()})


def _facts(model: LoadedModel | str) -> dict[str, Any]:
    if isinstance(model, str):
        return {"scored": False, "why": model}
    told = {"label_source": model.label_source, "model_version": model.version}
    return {"scored": True, **told, "not_shown_better_than": model.not_above}


def explain_scores(
    run: Run,
    models: dict[str, LoadedModel | str],
    tables: QuarterTables,
    scores: dict[str, pd.DataFrame],
    sample: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Reasons of flagged and sampled subjects, written to reasons_<grain>.parquet."""
    import pandas as pd

    from models.loaded import LoadedModel
    from models.reasons import empty_reasons, explain

    found = {}
    sampled = set(sample["rxno"])
    for grain, key in GRAINS.items():
        parts = [empty_reasons(grain)]
        fed = fed_now(tables, grain, scores["prescription"])
        keep_fed(run.building, grain, key, fed)
        words = {feature.name: feature for feature in features_of(grain)}
        for name, model in models.items():
            if isinstance(model, LoadedModel) and name.endswith(f"@{grain}") and not model.spec.is_family:
                mine = scores[grain][scores[grain]["target"] == model.spec.target]
                keys = set(mine.loc[mine["flagged"], key]) | (sampled if grain == "prescription" else set())
                features = tables.features_of(grain, keys)
                features = features if fed is None else features.join(fed, on=key)
                parts.append(explain(model, features, keys, words, _findings(tables, key, keys)))
        full = [part for part in parts if len(part)] or parts[:1]
        frame = pd.concat(full, ignore_index=True)
        # Within a subject and target the order is the one in which reasons are told, here and wherever they are shown.
        found[grain] = frame.sort_values([key, "target"], kind="stable", ignore_index=True)
        write_frame(found[grain], run.building / f"reasons_{grain}.parquet")
    return found


def _findings(tables: QuarterTables, key: str, keys: set[str]) -> pd.DataFrame:
    """Codes of the findings about some subjects of a grain."""
    import pandas as pd

    tables.con.register("explained", pd.DataFrame({key: pd.Series(sorted(keys), dtype="str")}))
    sql = f"SELECT {key}, item_codes, fund_codes FROM findings SEMI JOIN explained USING ({key}) ORDER BY ALL"
    found: pd.DataFrame = tables.con.sql(sql).df()
    tables.con.unregister("explained")
    return found
