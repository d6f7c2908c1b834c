"""What somebody may see of a case. A pure function: in the independent phase you see only your own work."""

from __future__ import annotations

from typing import Any

from records.masking import mask_code, mask_name

#: Identifiers that would tell who it is, or lead there.
_HIDDEN = ("rxno", "mdtrt_id")
_LINE_HIDDEN = ("feedetl_sn",)


def visible(payload: dict[str, Any], *, after_own_verdict: bool, names: bool) -> dict[str, Any]:
    """The payload as it may be shown.

    Before the viewer's own verdict: no findings, scores or reasons, no names or numbers of institution,
    department or prescriber (level and specialty only), no prescription number. ``names`` = the role needs them.
    """
    shown = {key: value for key, value in payload.items() if key not in ("sealed", "after_blind", *_HIDDEN)}
    shown["lines"] = [
        {**{key: value for key, value in line.items() if key not in _LINE_HIDDEN}, "line": line["line"]}
        for line in payload["lines"]
    ]
    if after_own_verdict:
        shown["after_blind"] = payload.get("after_blind", {})
    if names:
        shown["rxno"] = payload["rxno"]
        sealed = payload["sealed"]
        shown["sealed"] = {
            **sealed,
            "psn_no": mask_code(sealed.get("psn_no"), 4),
            "dr_name": mask_name(sealed.get("dr_name")),
        }
    return shown
