"""``rxpanel simulate``: a contract folder of a made-up city, and its truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from records.contract import load_contract
from records.folders import folder_in_place
from records.periods import Quarter
from simulator.block import Active, draw_all
from simulator.calendar import Calendar
from simulator.clues import clues
from simulator.faults import Fault, spoil_persons
from simulator.labels import frame_of, past_findings, past_verdicts
from simulator.people import PERSON_SCHEMES, day_number, people_of
from simulator.places import City, build_city
from simulator.standing import frame_table, person_tables, place_tables
from simulator.streams import FAULTS, stream

_LEFT_OUT = ("stock_record",)
#: Columns of texts that hardly repeat: a dictionary of them would be as long as they are.
_OWN = {"rxno", "mdtrt_id", "setl_id", "feedetl_sn", "psn_no", "drug_trac_codg", "orig_setl_id", "subject_code"}


class Folder:
    """A folder of Parquet files in the making: one file a table, a row group each time rows come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, int] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, name: str, table: Any) -> None:
        """Append rows to ``name``.parquet."""
        if name not in self._writers:
            path = self.path / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            repeating = [column for column in table.column_names if column not in _OWN]
            self._writers[name] = pq.ParquetWriter(
                path, table.schema, compression="zstd", compression_level=1, use_dictionary=repeating, store_schema=False
            )
        if len(table):
            self._writers[name].write_table(table, row_group_size=len(table))
        self.rows[name] = self.rows.get(name, 0) + len(table)


#: The tables of ``truth``.
TRUTH = ("faults", "prescription", "subject")


def simulate(
    persons: int,
    seed: int,
    quarter: Quarter,
    months: int,
    clean: bool,
    out: Path,
    report: Callable[[str], None] | None = None,
    threads: int = 2,
) -> None:
    """Write the city as known at the end of ``quarter``, with ``months`` of look-back, to ``out``.

    One Parquet file a contract table, and ``out/truth``. Blocks of persons are drawn one after the other and
    written at once, so memory does not grow with the city; every calendar quarter of a block is drawn from streams
    of its own, so another ``quarter`` shows the same city at another time, and ``threads`` change no byte.
    Written beside and renamed. Raises WrongUse where ``out`` has anything but an earlier city.
    """
    say = report or (lambda _: None)
    own = [f"{table.name}.parquet" for table in load_contract()] + [f"truth/{name}.parquet" for name in TRUTH]
    with folder_in_place(out, own) as draft:
        city = build_city(persons, seed, clean)
        with Folder(draft) as folder:
            faults = _write_standing(city, quarter, folder)
            _write_quarters(city, (quarter, _months_before(quarter.begin, months)), folder, faults, (say, threads))
            _write_rest(folder, faults)
    say(f"城市 city: {persons:,} persons, {folder.rows['prescription']:,} prescriptions, "
        f"{folder.rows['fee_line']:,} fee lines")  # fmt: skip


def _months_before(moment: datetime, months: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 - months
    return datetime(index // 12, index % 12 + 1, 1)


def _write_standing(city: City, quarter: Quarter, folder: Folder) -> list[Fault]:
    """Tables that do not come from visits, and who is in a scheme; returns what was spoilt."""
    faults: list[Fault] = []
    end = day_number(quarter.end.date())
    for name, table in place_tables(city, quarter).items():
        folder.add(name, table)
    folder.add("truth/subject", _subjects("institution", city.institution, "fixmedins_code"))
    for block in range(city.blocks):
        people = people_of(city, block)
        tables = person_tables(city, people, quarter)
        names = pa.array(PERSON_SCHEMES).take(pa.array(people.known_scheme(end)[people.born < end]))
        folder.add("truth/subject", _subject_table("person", tables["person"]["psn_no"], names))
        if not city.clean:
            tables["person"], found = spoil_persons(stream(city.seed, FAULTS, block), tables["person"])
            faults += found
        for name, table in tables.items():
            folder.add(name, table)
    folder.add("truth/subject", _subjects("practitioner", city.practitioner, "dr_codg"))
    return faults


def _subjects(kind: str, frame: pd.DataFrame, key: str) -> Any:
    ordered = frame.sort_values(key)
    return _subject_table(kind, pa.array(ordered[key].tolist(), pa.string()), pa.array(ordered["scheme"].tolist(), pa.string()))


def _subject_table(kind: str, codes: Any, schemes: Any) -> Any:
    names = schemes.to_pylist()
    columns = {
        "subject_type": pa.array([kind] * len(names), pa.string()),
        "subject_code": codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes,
        "scheme": schemes,
        "fraud_flag": pa.array([int(name != "") for name in names], pa.int64()),
    }
    return pa.table(columns)


def _write_quarters(
    city: City, span: tuple[Quarter, datetime], folder: Folder, faults: list[Fault], way: tuple[Callable[[str], None], int]
) -> None:
    """All quarters from the beginning on: rows, truth, and the labels that the past left."""
    (last, begin), (say, threads) = span, way
    now = Quarter.of(begin)
    while now <= last:
        calendar = Calendar(now, city.seed)
        window = tuple(int((moment - now.begin).total_seconds() // 60) for moment in (begin, last.end))
        truths, active = [], []
        for block in draw_all(city, calendar, (window[0], window[1]), threads):
            for name, table in block.tables.items():
                folder.add(name, table)
            folder.add("truth/prescription", block.truth_table)
            faults += block.faults
            truths.append(block.truth)
            active.append(block.active)
            if city.blocks > 1:
                say(f"{now}: block {block.number + 1} of {city.blocks}")
        if not city.clean:
            _write_labels(city, folder, (now, begin, last), frame_of(truths), active)
        say(f"{now}: {sum(len(truth.when) for truth in truths):,} prescriptions 处方")
        now = now.shift(1)


def _write_labels(
    city: City, folder: Folder, when: tuple[Quarter, datetime, Quarter], frame: pd.DataFrame, active: list[Active]
) -> None:
    """Clues of every quarter; of those before the last also verdicts and findings, as far as they are known by its end."""
    now, begin, last = when
    folder.add("clue", frame_table(load_contract()["clue"], clues(city, frame, active, now)))
    if now == last:
        return
    found = past_verdicts(frame, city.persons, city.seed, now)
    inside = now.begin + pd.to_timedelta(found.pop("when"), unit="m") >= begin
    found = found[inside & (found["reviewed_time"] < last.end)]
    folder.add("past_verdict", frame_table(load_contract()["past_verdict"], found))
    findings = past_findings(city, active, now)
    folder.add("past_finding", frame_table(load_contract()["past_finding"], findings))


def _write_rest(folder: Folder, faults: list[Fault]) -> None:
    """Contract tables that stay empty, and the list of what was spoilt."""
    for table in load_contract():
        if table.name not in _LEFT_OUT and table.name not in folder.rows:
            folder.add(table.name, frame_table(table, pd.DataFrame()))
    names = ("table", "key", "fault")
    folder.add("truth/faults", pa.table({name: pa.array([fault[name] for fault in faults], pa.string()) for name in names}))
