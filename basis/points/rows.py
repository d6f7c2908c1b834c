"""Knowledge points row by row: cells brought to one form; what cannot be read into a limit is said, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime

from basis.csv_file import Cells

NEEDED = ("kp_id", "rule_name", "rule_class", "status", "med_code", "code_form", "decidable")
OPTIONAL = (
    "gz_code", "official", "superseded_by", "begndate", "enddate", "sex", "age_min_days", "age_max_days", "med_type",
    "hosp_lv", "insutype", "course_days", "course_scope", "icd", "tcm_use", "limit_text",
)  # fmt: skip
#: Columns of the format that decide nothing; they are kept for whoever looks a point up.
TOLD = ("drug_name", "value_basis", "source_batch", "source_file", "source_url")
#: What the rows of a key may not disagree about.
DECIDING = (
    "rule_name", "rule_class", "status", "code_form", "decidable", "begndate", "enddate", "sex", "age_min_days",
    "age_max_days", "med_type", "hosp_lv", "insutype", "course_days", "course_scope", "icd", "tcm_use",
)  # fmt: skip
LIMITS = (
    "sex", "age_min_days", "age_max_days", "med_type", "hosp_lv", "insutype", "course_days", "icd", "tcm_use",
)  # fmt: skip
#: Days of 150 years.
_OLDEST = 54_787
_WORDS: dict[str, dict[str, str]] = {
    "rule_class": {name: name for name in ("政策类", "医疗类", "管理类")},
    "status": {"effective": "effective", "superseded": "superseded"},
    "code_form": {"exact": "exact", "prefix": "prefix"},
    "decidable": {"1": "1", "0": "0", "1.0": "1", "0.0": "0", "true": "1", "false": "0"},
    "sex": {"1": "1", "2": "2", "1.0": "1", "2.0": "2", "男": "1", "女": "2"},
    "course_scope": {name: name for name in ("total", "visit", "span")},
    "tcm_use": {name: name for name in ("never", "not_alone")},
}


def normal(row: Cells) -> Cells:
    """A row in one form; ``unread`` says why it decides nothing (None: it can be applied or is text only).

    A row that cannot be read has ``decidable`` 0; one without a kp_id, rule or code stays as it is and unread.
    """
    found: Cells = {name: row.get(name) for name in (*NEEDED, *OPTIONAL)}
    for name in found:
        if name not in ("rule_name", "limit_text"):
            found[name] = plain(found[name])
    faults = [f"{name} is empty" for name in NEEDED if not found[name]]
    for name, read in _READERS.items():
        try:
            found[name] = read(found[name] or "") if found[name] else None
        except ValueError:
            faults.append(f"{name} '{row[name]}'")
            found[name] = None
    faults += _contradictions(found)
    if found["decidable"] == "1" and not faults and not any(found[name] for name in LIMITS):
        faults.append("no limit is set")
    found["unread"] = "; ".join(faults) or None
    if faults:
        found["decidable"] = "0"
        found["status"] = found["status"] or "effective"
    return found


def normalised(rows: Iterable[Cells]) -> list[Cells]:
    """Rows in one form, each key (kp_id and med_code) once; a key whose rows disagree is unread."""
    by_key: dict[tuple[object, object], Cells] = {}
    for number, row in enumerate(map(normal, rows)):
        key = row["kp_id"] or number, row["med_code"]
        first = by_key.setdefault(key, row)
        if first is not row and any(first[name] != row[name] for name in DECIDING):
            first["unread"], first["decidable"] = "stands twice with different contents", "0"
            # Effective if either row is: what is listed are effective points.
            first["status"] = min(first["status"] or "", row["status"] or "")
    return list(by_key.values())


def plain(value: str | None) -> str | None:
    """A cell in half width, trimmed; one with a sign such as ² or ④ stays, as that would become a digit of the number."""
    if not value or any(unicodedata.category(sign) == "No" for sign in value):
        return value
    return unicodedata.normalize("NFKC", value).strip() or None


def _contradictions(row: Cells) -> list[str]:
    least, most = row["age_min_days"], row["age_max_days"]
    faults = ["age_min_days above age_max_days"] if least and most and int(least) > int(most) else []
    if row["course_days"] and not row["course_scope"]:
        faults.append("course_days without course_scope")
    if least and int(least) > _OLDEST:
        faults.append("age_min_days above any age")
    if row["begndate"] and row["enddate"] and row["enddate"] <= row["begndate"]:
        faults.append("no day from begndate to before enddate")
    if row["med_code"] and not re.fullmatch(r"[\w.-]+", row["med_code"]):
        faults.append(f"med_code '{row['med_code']}'")
    return faults


def _word(name: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        known = _WORDS[name].get(value.lower())
        if known is None:
            raise ValueError
        return known

    return read


def _whole(value: str) -> str:
    if not re.fullmatch(r"\d{1,7}(\.0+)?", value):
        raise ValueError
    return str(int(float(value)))


def _level(value: str) -> str:
    """A level of the contract, one digit: 01 to 11 are of another list, in which 01 is the highest."""
    if not re.fullmatch(r"[0-9](\.0+)?", value):
        raise ValueError
    return value[0]


def _days(value: str) -> str:
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", value) or float(value) <= 0:
        raise ValueError
    return f"{float(value):g}"


def _codes(pattern: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        parts = [part for part in re.split(r"[\s,;、|/]+", value.upper()) if part]
        if not parts or not all(re.fullmatch(pattern, part) for part in parts):
            raise ValueError
        return " ".join(dict.fromkeys(parts))

    return read


def _day(value: str) -> str:
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%Y年%m月%d日"):
        try:
            return str(datetime.strptime(value, form).date())
        except ValueError:
            continue
    raise ValueError


_READERS: dict[str, Callable[[str], str]] = {
    **{name: _word(name) for name in _WORDS},
    "age_min_days": _whole,
    "age_max_days": _whole,
    "hosp_lv": _level,
    "course_days": _days,
    "med_type": _codes(r"[0-9][0-9A-Z]{0,5}"),
    # Any text but words for nothing and for the contrary.
    "insutype": _codes(r"(?!(NULL|NAN|NONE|NA|无)$|NOT|非|除|不)\w{1,6}"),
    # A dagger or asterisk only after a subcategory: E11* would stand for no code.
    "icd": _codes(r"[A-Z](\d[0-9A-Z]?)?|[A-Z]\d[0-9A-Z][0-9A-Z.]+[+*]?"),
    "begndate": _day,
    "enddate": _day,
}
