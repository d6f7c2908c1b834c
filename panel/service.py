"""What people do on the panel, each step checked against their role; a refusal is logged."""

from __future__ import annotations

from panel.attaching import Attaching
from panel.exporting import Exporting
from panel.lead_picture import LeadPicture
from panel.objections import Objections
from panel.oversight import Oversight
from panel.people import People
from panel.pooling import Pooling
from panel.records_asked import RecordsAsked
from panel.reliability_view import ReliabilityView
from panel.unmasking import Unmasking


class PanelService(
    Objections, RecordsAsked, Attaching, Unmasking, LeadPicture, ReliabilityView, People, Pooling, Oversight, Exporting
):
    """The panel for one signed-in actor: cases, records, files, masks, leads, agreement, people, oversight, exports."""
