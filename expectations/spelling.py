"""Text as it came to typed values, with the repairs that are safe. SQL made from the contract's columns.

A value goes through three stages, each an SQL expression over the one before: ``cleaned`` (blanks, width),
``mended`` (NULL words; the spelling of its type, where only one reading is possible), ``typed`` (the value;
null where the text is not of the type). What can be read in two ways is left as it came and fails its type.
"""

from __future__ import annotations

import re
import string

from records.contract import Column

NULL_WORDS = ("null", "none", "n/a", "na", "nan", "nat", r"\n", "-", "--", "无", "空")
#: Digits, letters and the signs of numbers and times, as full-width characters and as plain ones.
_NARROW = string.digits + string.ascii_letters + ".-+,:/"
_WIDE = "".join(chr(ord(character) + 0xFEE0) for character in _NARROW) + "\u3000"
_NARROW += " "
#: Blank, tab, line ends, no-break and ideographic space, zero-width space, byte order mark.
_BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(12288) || chr(8203) || chr(65279)"
_PLAIN = "[!-~]([ -~]*[!-~])?"
_YES, _NO = ("是", "y", "yes", "true", "t"), ("否", "n", "no", "false", "f")
_FREE = re.compile(r"(name|_text|_reason)$")
_DAY = r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
_CLOCK = r"(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d+)?(?:\+08:?00)?)?"
_PARTED = f"^{_DAY}{_CLOCK}$"
_COMPACT = r"^(\d{4})(\d{2})(\d{2})(?:[ T]?(\d{2}):?(\d{2}):?(\d{2})?)?(?:\.0+)?$"
_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?"
#: From this many decimals on a column holds quantities or prices, whose further digits come from a division.
_ROUNDED_FROM = 4


def listed(words: tuple[str, ...]) -> str:
    """Words as SQL literals with commas between."""
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)


def is_free_text(column: Column) -> bool:
    """Whether a column holds a person's words, in which full-width characters and any length belong."""
    bound = column.primary_key or column.references or column.codes or column.format
    return column.kind == "string" and not bound and _FREE.search(column.name) is not None


def is_identifier(column: Column) -> bool:
    """Whether a column holds texts that only name something: no words, no code list."""
    return column.kind == "string" and not column.codes and not is_free_text(column)


def is_plain(text: str) -> str:
    """SQL: whether nothing of an identifier can need mending: printable ASCII without blanks, no NULL word.

    Sufficient, not necessary, and much cheaper than ``cleaned`` and ``mended``.
    """
    blanks = " AND ".join(f"NOT contains({text}, chr({code}))" for code in (9, 10, 13, 32))
    words = f"length({text}) < 5 AND lower({text}) IN ({listed(NULL_WORDS)})"
    return f"strlen({text}) = length({text}) AND {text} >= '!' AND {blanks} AND NOT ({words})"


def is_flag(column: Column) -> bool:
    """Whether a column is a yes or a no."""
    return set(column.codes) == {"0", "1"}


def cleaned(column: Column, text: str) -> str:
    """SQL: the text without surrounding blanks, in half width where it is no free text."""
    value = f"trim({text}, {_BLANKS})"
    if not is_free_text(column):
        value = f"translate({value}, '{_WIDE}', '{_NARROW}')"
    # Plain text without blanks around it is by far the commonest, and this tells it four times as fast.
    return f"CASE WHEN regexp_full_match({text}, '{_PLAIN}') THEN {text} ELSE {value} END"


def mended(column: Column, text: str) -> str:
    """SQL: cleaned text with NULL words emptied and the spelling of its type mended."""
    empty = f"{text} = '' OR (length({text}) < 5 AND lower({text}) IN ({listed(NULL_WORDS)}))"
    return f"CASE WHEN {empty} THEN NULL {_readings(column, text)} ELSE {text} END"


def _readings(column: Column, text: str) -> str:
    """SQL: WHEN branches, one a repair of this column's type."""
    if column.kind in ("date", "datetime"):
        return _moments(column, text)
    if column.kind == "string":
        return _codes(column, text)
    grouped = rf"regexp_full_match({text}, '{_grouped(column)}')"
    found = f"WHEN contains({text}, ',') AND {grouped} THEN replace({text}, ',', '')"
    if column.kind.startswith("int"):
        if is_flag(column):
            found += f" WHEN lower({text}) IN ({listed(_YES)}) THEN '1'"
            found += f" WHEN lower({text}) IN ({listed(_NO)}) THEN '0'"
        found += rf" WHEN regexp_full_match({text}, '[-+]?\d+\.0*') THEN regexp_replace({text}, '\.0*$', '')"
    return found


def _grouped(column: Column) -> str:
    """Numbers whose commas can only part thousands; where 1,234 may as well be 1.234 it takes more than one of them."""
    if column.kind == "double" or (column.kind == "decimal" and scale(column) > 2):
        return r"[-+]?[1-9]\d{0,2}(,\d{3}){2,}(\.\d+)?|[-+]?[1-9]\d{0,2},\d{3}\.\d+"
    return r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?"


def _codes(column: Column, text: str) -> str:
    """SQL: leading zeros lost and a trailing ``.0`` added by a spreadsheet, where the code list proves it."""
    if not column.codes:
        return ""
    codes = listed(tuple(column.codes))
    # Not split_part: DuckDB 2.0 fails to plan its comparison over a column that is null throughout.
    whole = rf"regexp_replace({text}, '\.0+$', '')"
    found = f"WHEN contains({text}, '.0') AND {whole} IN ({codes}) THEN {whole}"
    sizes = {len(code) for code in column.codes}
    if len(sizes) == 1 and any(code.startswith("0") and len(code) > 1 for code in column.codes):
        padded = f"lpad({text}, {min(sizes)}, '0')"
        short = f"length({text}) < {min(sizes)} AND {padded} IN ({codes})"
        found += f" WHEN {short} THEN {padded}"
    return found


def _standard(column: Column) -> str:
    clock = "" if column.kind == "date" else r" ([01]\d|2[0-3]):[0-5]\d:[0-5]\d"
    return r"\d{4}-\d{2}-\d{2}" + clock


def _moments(column: Column, text: str) -> str:
    """SQL: the spellings of dates in use; one that is already standard is left alone at once."""
    found = f"WHEN regexp_full_match({text}, '{_standard(column)}') THEN {text}"
    for pattern in (_PARTED, _COMPACT):
        parts = f"regexp_extract({text}, '{pattern}', ['y', 'm', 'd', 'h', 'i', 's'])"
        day = f"{parts}.y || '-' || lpad({parts}.m, 2, '0') || '-' || lpad({parts}.d, 2, '0')"
        if column.kind == "datetime":
            clock = [f"lpad({parts}.{part}, 2, '0')" for part in ("h", "i", "s")]
            day = f"{day} || ' ' || {' || chr(58) || '.join(clock)}"
        found += f" WHEN regexp_matches({text}, '{pattern}') THEN {day}"
    return found


def typed(column: Column, text: str) -> str:
    """SQL: the value of mended text, null where it is not of the type."""
    if column.kind == "string":
        return text
    if column.kind == "decimal":
        return _decimal(column, text)
    if column.kind == "double":
        value = f"TRY_CAST({text} AS DOUBLE)"
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    if column.kind in ("date", "datetime"):
        standard = f"regexp_full_match({text}, '{_standard(column)}')"
        return f"CASE WHEN {standard} THEN TRY_CAST({text} AS {column.duckdb_type}) END"
    whole = rf"regexp_full_match({text}, '[-+]?\d+')"
    return f"CASE WHEN {whole} THEN TRY_CAST({text} AS {column.duckdb_type}) END"


def scale(column: Column) -> int:
    """Decimals of a decimal column."""
    return int(column.type.rstrip(")").split(",")[1])


def _decimal(column: Column, text: str) -> str:
    """SQL: the decimal value. Ten decimals absorb the noise of binary numbers; money keeps only its own."""
    value = f"TRY_CAST({text} AS {column.duckdb_type})"
    number = f"regexp_full_match({text}, '{_NUMBER}')"
    if scale(column) >= _ROUNDED_FROM:
        return f"CASE WHEN {number} THEN {value} END"
    exact = f"TRY_CAST({text} AS DECIMAL(38, 10))"
    return f"CASE WHEN {number} AND {exact} = {value} THEN {value} END"


def repair_code(column: Column, before: str, clean: str, after: str) -> str:
    """SQL: which repair led from the text as it came to the text as read; null where none did."""
    spelling = {"date": "date_spelling", "datetime": "date_spelling", "string": "code_spelling"}
    branches = [
        f"WHEN {after} IS NULL AND {before} = '' THEN NULL",
        f"WHEN {after} IS NULL AND {clean} = '' THEN 'surrounding_blanks'",
        f"WHEN {after} IS NULL THEN 'null_word'",
        f"WHEN {before} = {after} THEN {_respelled(column, after)}",
    ]
    if column.kind == "date":
        # A Parquet timestamp at midnight is the same day in another type, not another spelling.
        branches.append(f"WHEN {before} = {after} || ' 00:00:00' THEN NULL")
    if column.kind not in spelling:
        branches.append(f"WHEN {clean} <> {after} AND contains({clean}, ',') THEN 'thousands_separator'")
    if is_flag(column):
        branches.append(f"WHEN {clean} <> {after} AND NOT regexp_matches({clean}, '^[-+0-9]') THEN 'flag_word'")
    branches += [
        f"WHEN {clean} <> {after} THEN '{spelling.get(column.kind, 'number_spelling')}'",
        f"WHEN trim({before}, {_BLANKS}) = {clean} THEN 'surrounding_blanks'",
    ]
    return f"CASE {' '.join(branches)} ELSE 'full_width' END"


def may_be_respelled(column: Column, text: str) -> str:
    """SQL: whether a number is written otherwise than its value: more decimals, an exponent, a plus, zeros before."""
    if column.kind == "string" or column.kind in ("date", "datetime"):
        return "false"
    further = rf"|\.\d{{{scale(column)}}}\d*[1-9]" if column.kind == "decimal" else ""
    return rf"regexp_matches({text}, '[eE+]|^-?0\d{further}')"


def _respelled(column: Column, text: str) -> str:
    """SQL: the repair of a number whose text was taken as it is."""
    if column.kind == "string" or column.kind in ("date", "datetime"):
        return "NULL"
    rounded = "NULL"
    if column.kind == "decimal":
        differs = f"TRY_CAST({text} AS DECIMAL(38, 10)) <> TRY_CAST({text} AS {column.duckdb_type})"
        rounded = rf"CASE WHEN {differs} OR regexp_matches({text}, '\.\d{{{scale(column)}}}\d*[1-9]') THEN 'rounded' END"
    return f"CASE WHEN {may_be_respelled(column, text)} THEN coalesce({rounded}, 'number_spelling') END"
