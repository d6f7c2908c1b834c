"""The workbook for departments: one sheet a table, Chinese headers first; the same tables give the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from records.output import safe_cell

if TYPE_CHECKING:
    import pandas as pd

_MOMENT = datetime(2000, 1, 1)
HEADERS = {
    "fixmedins_code": "机构编码 fixmedins_code",
    "fixmedins_name": "机构名称 fixmedins_name",
    "n_frame": "总体处方数 n_frame",
    "n_random": "随机抽取数 n_random",
    "n_targeted": "定向抽取数 n_targeted",
    "n_unjudged": "未判定数 n_unjudged",
    "unreasonable_rate": "不合理率 unreasonable_rate",
    "rate_low90": "下限(90%) rate_low90",
    "rate_high90": "上限(90%) rate_high90",
    "method": "方法 method",
    "loss_found": "已确认损失(元) loss_found",
    "loss_point": "推算损失(元) loss_point",
    "loss_low90": "推算下限(元) loss_low90",
    "loss_high90": "推算上限(元) loss_high90",
    "status": "状态 status",
    "score": "得分 score",
    "grade": "等级 grade",
    "rank": "排名 rank",
    "coverage": "评审覆盖率 coverage",
    "recipient_mark": "接收标记 recipient_mark",
}


def workbook(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """An .xlsx of the tables, by sheet name. Text that begins like a formula is disarmed."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, frame in tables.items():
        sheet = book.create_sheet(name)
        sheet.append([HEADERS.get(str(column), str(column)) for column in frame.columns])
        for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None):
            sheet.append([_cell(value) for value in row])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
    book.properties.created = book.properties.modified = _MOMENT
    book.properties.creator = "rxpanel"
    buffer = io.BytesIO()
    book.save(buffer)
    return _settled(buffer.getvalue())


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(c for c in str(safe_cell(value)) if c >= " " or c in "\n\t")[:32_000]
    return value.item() if hasattr(value, "item") else value


def _settled(content: bytes) -> bytes:
    """The archive with sorted entries and one fixed time: nothing in it tells when it was made."""
    import re

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", data)
            target.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
