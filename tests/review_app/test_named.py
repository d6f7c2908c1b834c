"""Words for codes: every code that the program writes has its words, and screens show these."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from models.labels import INVESTIGATIONS, STORE, VERDICTS, WEAK
from panel.opinions import _STAGE_RANK
from panel.tables import permissions
from records.words import translator
from review_app import board_html, named, presenting

ROOT = Path(__file__).resolve().parents[2]
ZH, EN = translator("review_app", "zh"), translator("review_app", "en")
#: Where an action stands among the arguments of what writes it into the log.
PLACES = {"record": 2, "record_rows": 2, "_log": 1, "set_account": 4, "add_outcomes": 2, "add_verdicts": 2, "record_export": 1,
          "log_event": 1, "_remove": 2, "exported": 0}  # fmt: skip


def written(rooms: tuple[str, ...]) -> set[str]:
    """Actions that stand as text where an entry of the log is written, either side of a choice too."""
    found: set[str] = set()
    for path in (path for room in rooms for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if len(node.args) > PLACES.get(name, 99):
                inside = node.args[PLACES[name]]
                constants = [inside.body, inside.orelse] if isinstance(inside, ast.IfExp) else [inside]
                found |= {
                    entry.value for entry in constants if isinstance(entry, ast.Constant) and isinstance(entry.value, str)
                }
    return found


def test_every_action_of_the_log_has_words() -> None:
    actions = named.tables()["action"]
    found = written(("panel", "pipelines", "assessment"))
    assert {"review begun", "lead reported", "model promoted", "assessment exported"} <= found
    assert found - actions.keys() == set()
    # Those that are put together: of a verdict by its stage, of a lead by its decision, of an account by what became of it.
    put_together = {f"verdict {stage}" for stage in _STAGE_RANK if stage != "final"}
    put_together |= {f"lead {state}" for state in ("cleared", "handled", "transferred", "established")}
    put_together |= {"account locked", "account set", "failures counted"}
    assert actions.keys() - found == put_together - found


def test_every_code_has_words() -> None:
    tables = named.tables()
    assert tables["stage"].keys() == _STAGE_RANK.keys()
    assert tables["permission"].keys() == permissions().keys()
    assert tables["seed"].keys() == {"committed", "given", "derived", "kept"}
    assert tables["labels"].keys() == {STORE, VERDICTS, INVESTIGATIONS, WEAK}
    specs = [tomllib.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "models" / "specs").glob("*.toml")]
    assert {spec["target"] for spec in specs if "target" in spec} == tables["target"].keys()
    assert {spec["grain"] for spec in specs if "grain" in spec} == tables["grain"].keys()
    assert {name for spec in specs for name in spec.get("baselines", {})} == tables["baseline"].keys()


@pytest.mark.parametrize(("row", "zh", "en"), [
    ({"actor": "system", "action": "cases assigned", "subject": "12 cases"},
     ("系统", "病例分派", "12 例"), ("the program", "cases assigned", "12 cases")),
    ({"actor": "expert", "action": "refused", "subject": "manage_pool"},
     ("expert", "拒绝", "管理专家库"), ("expert", "refused", "manage the pool")),
    ({"actor": "command line", "action": "model promoted", "subject": "fraud@person"},
     ("命令行", "模型上线", "疑似欺诈骗保 · 参保人 (fraud@person)"),
     ("command line", "model promoted", "suspected deliberate misuse · person (fraud@person)")),
    ({"actor": "li@example", "action": "sign in", "subject": "li@example"},
     ("li@example", "登录", "li@example"), ("li@example", "sign-in", "li@example")),
])  # fmt: skip
def test_an_entry_of_the_log_is_told_in_words(row: dict[str, str], zh: tuple[str, ...], en: tuple[str, ...]) -> None:
    whole = {"seq": 7, "at": "2026-10-01T08:09:10.5Z", "hash": "a" * 64, **row}
    for _, language, expected in ((ZH, "zh", zh), (EN, "en", en)):
        (told,) = named.entries([whole], _, language)
        assert (told["actor"], told["action"], told["subject"]) == expected
        assert (told["at"], told["hash"]) == ("2026-10-01 08:09:10", "a" * 12)


def test_where_a_seed_comes_from_is_told_in_words() -> None:
    assert ("种子来源", "由季度和方案推出") in presenting.design_pairs({"seed_origin": "derived"}, ZH, "zh")
    assert ("Seed, its origin", "—") in presenting.design_pairs({}, EN, "en")


def test_a_code_that_nobody_named_stands_as_it_is() -> None:
    assert named.word("action", "something new", "zh") == "something new"
    assert named.word("stage", None, "zh") == "—"


def test_verdicts_side_by_side_name_their_stage_in_words() -> None:
    row = {"expert_id": "E1", "stage": "third", "version": 1, "verdict_class": "0", "item_codes": "", "fund_codes": "",
           "loss_amt": None, "comment": "", "feedetl_sn": "", "severity": None, "reason": None}  # fmt: skip
    meeting = {**row, "expert_id": "meeting", "stage": "meeting"}
    said = presenting.by_expert([row, meeting], "zh")
    assert [(entry["expert_id"], entry["stage"]) for entry in said] == [("E1", "第三人评审"), ("合议", "合议")]
    assert "third" not in board_html.sides(said, set(), ZH)


def test_notes_reports_and_appeals_are_told_in_words() -> None:
    note = {"at": "2026-10-01T08:09:10Z", "account": "investigator", "kind": "extension", "text": "待补材料"}
    html = board_html.lead_notes([note], ZH, "zh")
    assert "延期" in html
    assert "extension" not in html
    clue = {"received": "2026-10-01T08:09:10Z", "channel": "phone", "text": "<b>reported"}
    html = board_html.clues([clue], ZH, "zh")
    assert "电话" in html
    assert "2026-10-01 08:09<" in html
    assert "&lt;b&gt;reported" in html
    appeal = {"case_id": "c", "received": "2026-10-01 08:09:10", "state": "accepted"}
    assert named.appeals([appeal], "zh") == [{**appeal, "state": "已采纳", "received": "2026-10-01 08:09"}]


def test_a_model_is_told_in_words_and_as_commands_take_it() -> None:
    value = {"value": 0.5, "interval90": (0.4, 0.6)}
    row = {"model": "unreasonable@prescription", "alias": "champion", "model_version": "abc", "average_precision": value,
           "gain": value, "gain_over": "total amount", "rows": 10, "positives": 3, "label_source": "store"}  # fmt: skip
    (told,) = presenting.model_rows([row], ZH, "zh")
    assert told["model"] == "处方不合理 · 处方 (unreasonable@prescription)"
    assert (told["over"], told["labels"]) == ("总额", "本系统的结论")
