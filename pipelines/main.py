"""The command line. Commands import what they need when they run, so that help answers at once."""

from __future__ import annotations

import os
import sys

import typer

from pipelines.commands import accounts, assess, basis, cases, chain, models, sample, store
from records.errors import Situation
from records.refusals import refusal

app = typer.Typer(
    name="rxpanel",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="处方点评与疑点识别 Prescription review and fraud detection for a medical insurance agency.",
)
for part in (chain, assess, store):
    part.register(app)
for name, group in (
    ("models", models.app),
    ("basis", basis.app),
    ("experts", cases.experts),
    ("sample", sample.app),
    ("cases", cases.app),
    ("leads", cases.leads),
    ("audit", store.audit),
    ("accounts", accounts.app),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line; a situation ends it with one sentence and its exit code."""
    try:
        app()
    except Situation as situation:
        _end(situation)
    except BrokenPipeError:
        # The reader of our output went away (`rxpanel ... | head`): nothing to mend, nothing to say.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
        sys.exit(0)
    except Exception as error:
        refused = refusal(error)
        if refused is None:
            raise
        _end(refused)


def _end(situation: Situation) -> None:
    print(f"rxpanel: {situation}", file=sys.stderr)
    sys.exit(situation.exit_code)


if __name__ == "__main__":
    main()
