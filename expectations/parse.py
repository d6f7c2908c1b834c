"""Text as it came to typed values, with the safe repairs. SQL made from the contract's columns."""

from __future__ import annotations

from records.contract import Column

NULL_WORDS = ("null", "none", "n/a", "na", "nan", "\\n", "-", "--", "无", "空")
_WIDE = "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ．－，：／　"
_NARROW = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-,:/ "
_YES, _NO = ("是", "y", "yes", "true", "t"), ("否", "n", "no", "false", "f")
_DAY = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日",
)  # fmt: skip
_TIME = ("%H:%M:%S", "%H:%M")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)


def is_free_text(column: Column) -> bool:
    """Whether a column holds a person's words, in which full-width characters belong."""
    size = column.length or 0
    return column.kind == "string" and size >= 50 and not column.primary_key and not column.references


def cleaned(column: Column, text: str) -> str:
    """SQL: the text without surrounding blanks, in half width where it is no free text, null for NULL words."""
    blanks = "chr(9) || chr(10) || chr(13) || chr(160) || ' ' || chr(12288)"
    value = f"trim({text}, {blanks})"
    if not is_free_text(column):
        value = f"translate({value}, '{_WIDE}', '{_NARROW}')"
    return f"CASE WHEN {value} = '' OR lower({value}) IN ({_listed(NULL_WORDS)}) THEN NULL ELSE {value} END"


def mended(column: Column, text: str) -> str:
    """SQL: cleaned text with the spelling of its type mended where that is unambiguous."""
    if column.kind == "decimal" or column.kind == "double":
        grouped = rf"regexp_full_match({text}, '[-+]?\d{{1,3}}(,\d{{3}})+(\.\d+)?')"
        return f"CASE WHEN {grouped} THEN replace({text}, ',', '') ELSE {text} END"
    if column.kind.startswith("int"):
        words = ""
        if set(column.codes) == {"0", "1"}:
            words = f"WHEN lower({text}) IN ({_listed(_YES)}) THEN '1' WHEN lower({text}) IN ({_listed(_NO)}) THEN '0' "
        whole = rf"WHEN regexp_full_match({text}, '[-+]?\d+\.0+') THEN split_part({text}, '.', 1) "
        return f"CASE {words}{whole}ELSE {text} END"
    if column.closed and len({len(code) for code in column.codes}) == 1:
        size = len(next(iter(column.codes)))
        codes = _listed(tuple(column.codes))
        padded = f"lpad({text}, {size}, '0')"
        return (
            f"CASE WHEN {text} NOT IN ({codes}) AND length({text}) < {size} AND {padded} IN ({codes}) "
            f"THEN {padded} ELSE {text} END"
        )
    return text


def typed(column: Column, text: str) -> str:
    """SQL: the value, null where the text is not of the type."""
    if column.kind == "string":
        return text
    if column.kind == "decimal":
        exact = f"TRY_CAST({text} AS DECIMAL(38, 10))"
        value = f"TRY_CAST({text} AS {column.duckdb_type})"
        return f"CASE WHEN {exact} = {value} THEN {value} END"
    if column.kind == "double":
        value = f"TRY_CAST({text} AS DOUBLE)"
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    if column.kind == "date":
        return f"TRY_CAST({_moment(text)} AS DATE)"
    if column.kind == "datetime":
        return _moment(text)
    return (
        f"CASE WHEN regexp_full_match({text}, '[-+]?\\d+') THEN TRY_CAST({text} AS {column.duckdb_type}) END"
    )


def _moment(text: str) -> str:
    """SQL: a timestamp from the spellings in use; fractions of a second are cut."""
    plain = rf"regexp_replace(replace({text}, 'T', ' '), '(\.\d+)?Z?$', '')"
    forms = [f"{day} {time}" for day in _DAY for time in _TIME] + ["%Y%m%d%H%M%S", *_DAY]
    return f"try_strptime({plain}, [{_listed(tuple(forms))}])"
