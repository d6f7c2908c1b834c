"""Institution rates for the board: the assessment's own estimates on what is judged so far."""

from __future__ import annotations

from typing import Any

from panel.store import Store
from records.workplace import Workplace


def institution_rows(workplace: Workplace, quarter: str, store: Store) -> list[dict[str, Any]]:
    """Estimates by institution. Grain: one dict an institution with a prescription in the frame, by code.

    rate, low and high are fractions from the random arm, None while too little is judged.
    """
    from assessment.estimates import institution_estimates, reviewed
    from assessment.loading import load_quarters
    from assessment.losses import loss_lines
    from assessment.outcomes import outcomes
    from assessment.scheme import load_scheme
    from records.periods import Quarter

    data = load_quarters(workplace, [Quarter.parse(quarter)], store, quarter)
    found = outcomes(data)
    items = reviewed(data, found, loss_lines(data, found, load_scheme(None)))
    names = data.names()
    rows = []
    for row in institution_estimates(items).to_dict("records"):
        rows.append(
            {
                "fixmedins_code": row["fixmedins_code"],
                "fixmedins_name": names.get(str(row["fixmedins_code"]), ""),
                "n_frame": row["n_frame"],
                "rate": row["unreasonable_rate"],
                "low": row["rate_low90"],
                "high": row["rate_high90"],
            }
        )
    return rows
