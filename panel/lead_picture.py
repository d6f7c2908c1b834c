"""A lead's subject as officers look at it: whom it dealt with, and what it did when. Counts and amounts, no judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from panel.lead_source import members_of
from panel.leads import shown_subject
from panel.unmasking import LeadUnmasking
from records.masking import mask_code

if TYPE_CHECKING:
    import duckdb

MOST_PARTNERS = 12
_COLUMN = {"person": "psn_no", "practitioner": "bilg_dr_codg", "institution": "fixmedins_code", "pharmacy": "fixmedins_code"}
_PARTNERS = ("person", "practitioner", "institution")
_LINK = """
SELECT {partner}::VARCHAR AS code, count(DISTINCT setl_id) AS visits, sum(net_amt) AS amt FROM net_line
WHERE {subject}::VARCHAR IN (SELECT unnest($codes)) AND {partner} IS NOT NULL
GROUP BY 1 ORDER BY visits DESC, amt DESC, code LIMIT {most}"""
_WEEKS = """
SELECT date_trunc('week', fee_ocur_time)::DATE AS week, count(DISTINCT setl_id) AS visits, sum(net_amt) AS amt
FROM net_line WHERE {subject}::VARCHAR IN (SELECT unnest($codes)) GROUP BY 1 ORDER BY 1"""


class LeadPicture(LeadUnmasking):
    """Looking at a lead."""

    def lead_picture(self, lead_id: str, con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Network and timeline of a lead's subject, from the as-of connection of its quarter.

        ``partners``: type, code (persons masked), settlements in common, yuan as text, the most frequent first, at most
        twelve a type; ``weeks``: settlements and yuan by week (its Monday). A group has the links of all its members.
        """
        self._require("see_leads", lead_id)
        with self.store.read() as connection:
            row = self._lead(connection, lead_id)
        group = row.subject_type == "group"
        subject = _COLUMN["person" if group else str(row.subject_type)]
        asked = {"codes": members_of(row) if group else [row.subject_code]}
        partners = [
            {"type": kind, "code": mask_code(code, 4) if kind == "person" else code, "visits": visits, "amt": str(amt)}
            for kind in _PARTNERS
            if _COLUMN[kind] != subject
            for code, visits, amt in con.execute(
                _LINK.format(partner=_COLUMN[kind], subject=subject, most=MOST_PARTNERS), asked
            ).fetchall()
        ]
        weeks = [
            {"week": week.isoformat(), "visits": visits, "amt": str(amt)}
            for week, visits, amt in con.execute(_WEEKS.format(subject=subject), asked).fetchall()
        ]
        return {"subject": row.subject_type, "code": shown_subject(row), "partners": partners, "weeks": weeks}
