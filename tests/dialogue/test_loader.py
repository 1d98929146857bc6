"""A dialplan is read, or everything that is wrong with it is named at once."""

import contextlib
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_plan import PLAN

from voiceagent.dialogue.loader import DialplanError, load

EXAMPLES = Path(__file__).parents[2] / "dialplans"

GOOD = """\
name: Test
greeting: A machine.
facts:
  city: Leeds
intents:
  hours:
    examples:
      - when are you open
    answer: In {{ facts.city }} from nine.
  order:
    examples:
      - where is my order
    slots: [number]
    lookup: order
slots:
  number:
    kind: digits
    prompt: Which number?
lookups:
  order:
    table:
      rows:
        - {id: "1", status: sent}
      key: id
      value: "{{ number }}"
    found: It is {{ order.status }}.
    not_found: There is none.
topics:
  billing:
    examples:
      - my bill is wrong
targets:
  general: ["6001"]
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "plan.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DialplanError) as caught:
        load(file)
    return [str(p).removeprefix(f"{file}:") for p in caught.value.problems]


@pytest.mark.parametrize("name", ["shop.yaml", "clinic.yaml"])
def test_the_examples_are_without_fault(name: str) -> None:
    plan = load(EXAMPLES / name)
    assert "machine" in plan.greeting
    assert plan.targets_for("anything")


def test_a_good_plan_is_read(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load(file).intents["order"].slots == ("number",)


def test_a_plan_as_a_model_is_the_same_as_one_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(yaml.safe_dump(PLAN), encoding="utf-8")
    assert load(file).model_dump() == type(load(file)).model_validate(PLAN).model_dump()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("prompt:", "promt:", "18: slots.number.promt: there is no such key: did you mean prompt?"),
        ("    prompt: Which number?", "", "16: slots.number: has no prompt: add `prompt:`"),
        (
            "prompt: Which number?",
            "prompt:",
            "18: slots.number.prompt: is empty: write a text or take the key out",
        ),
        (
            'prompt: Which number?',
            'prompt: ""',
            "18: slots.number.prompt: is empty: write something or take the key out",
        ),
        (
            "kind: digits",
            "kind: digit",
            "17: slots.number.kind: cannot be 'digit': write 'yes_no', 'digits', 'number', "
            "'amount', 'date', 'time', 'name', 'spelled_name', 'code', 'postcode', 'email', "
            "'phone' or 'choice'",
        ),
        (
            "[number]",
            "[numbr]",
            "13: intents.order.slots[1]: there is no slot 'numbr': did you mean number?",
        ),
        (
            "lookup: order",
            "lookup: orders",
            "14: intents.order.lookup: there is no lookup 'orders': did you mean order?",
        ),
        (
            "facts.city",
            "facts.town",
            "9: intents.hours.answer: facts has no 'town': known: city",
        ),
        (
            "{{ facts.city }}",
            "{{ city }}",
            "9: intents.hours.answer: 'city' is not known here: write facts.city",
        ),
        (
            "{{ facts.city }}",
            "{{ number }}",
            "9: intents.hours.answer: 'number' is not known here: add the slot to the slots of "
            "every intent that comes here",
        ),
        (
            "order.status",
            "order.state",
            "26: lookups.order.found: order has no 'state': did you mean order.status?",
        ),
        (
            "{{ order.status }}",
            "{{ order. }}",
            "26: lookups.order.found: the template is wrong (expected name or number): "
            "mend the part in {{ }}",
        ),
        (
            "my bill is wrong",
            "When are you open?",
            "31: topics.billing.examples[1]: intents.hours has the same sentence: keep it in one "
            "place",
        ),
        (
            "topics:\n  billing:",
            "topics:\n  billing:\n    above: 50\n    slot: numbr",
            "31: topics.billing.slot: there is no slot 'numbr': did you mean number?",
        ),
        (
            "name: Test",
            "name: Test\ntranslations:\n  de:\n    topics:\n      biling: Rechnung",
            "5: translations.de.topics.biling: there is no topic 'biling': did you mean billing?",
        ),
        (
            "topics:\n  billing:",
            "topics:\n  billing:\n    slot: number",
            "30: topics.billing.slot: no amount is named from which it counts: add `above`",
        ),
        ("general:", "genral:", '32: targets: has no "general": name there who takes everything '
         "else"),
        (
            '["6001"]',
            "[6001]",
            '33: targets.general[1]: is not a text: put it in quotes: "6001"',
        ),
        ('["6001"]', "[]", "33: targets.general: is empty: write something or take the key out"),
        (
            "name: Test",
            "name: Test\nname: Best",
            "2: name: is there twice (first in line 1): merge the two or rename one",
        ),
        (
            "      - when are you open",
            "      when are you open",
            "7: intents.hours.examples: is not a list: write it as a list: ['when are you open']",
        ),
        (
            "key: id",
            "key: it",
            "24: lookups.order.table.key: there is no column 'it': write one of its columns: "
            "id, status",
        ),
        (
            "    lookup: order\n",
            "",
            "10: intents.order: the intent leads nowhere: give it an answer, a lookup or a "
            "handover",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_line_place_and_mend(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in GOOD
    assert problem in problems(tmp_path, GOOD.replace(old, new))


def test_every_fault_is_found_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = GOOD.replace("[number]", "[numbr]").replace("greeting", "greting")
    text = text.replace("facts.city", "facts.town").replace("general", "billing")
    found = problems(tmp_path, text)
    assert len(found) >= 5
    lines = [int(problem.split(":")[0]) for problem in found]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("text", "line", "mend"),
    [
        ("name: a\ngreeting: b: c\n", 2, "colon in it in double quotes"),
        ("name: a\n\tgreeting: b\n", 2, "spaces, not tabs"),
        ("name: 'a\n", 2, "mend the line"),
        ("name: *a\n", 1, "begins with \\*"),
        ("", 1, "write a dialplan"),
        ("- a\n", 1, "begin with a line such as"),
    ],
)
def test_text_that_is_no_dialplan_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, mend: str
) -> None:
    [found] = problems(tmp_path, text)
    assert found.startswith(f"{line}:")
    assert mend.replace("\\", "") in found


def test_a_file_that_is_not_there_is_an_error_of_the_same_kind(tmp_path: Path) -> None:
    with pytest.raises(DialplanError, match="cannot be read"):
        load(tmp_path / "none.yaml")


def test_an_alias_that_contains_itself_is_refused(tmp_path: Path) -> None:
    assert any("contains itself" in p for p in problems(tmp_path, "facts: &a\n  x: *a\n" + GOOD))


def aliases_of_aliases() -> str:
    """Eight short lines that are forty million values."""
    lines = [f"  k0: &k0 [{', '.join(['ha'] * 9)}]"]
    lines += [f"  k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 8)]
    return "\n".join(["facts:", *lines, ""])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: " + "[" * 5000, "1: is nested too deep: close the brackets, or take levels out"),
        ("name: " + "[" * 60 + "]" * 60, "1: name[1][1]: is nested too deep: take levels out"),
        (
            aliases_of_aliases(),
            "1: has more than 20000 values: take aliases of aliases out, and put tables into files",
        ),
        ('name: !!timestamp "soon"', "1: name: is no timestamp: take the tag out"),
        ("name: !!bool soon", "1: name: is no bool: take the tag out"),
    ],
    ids=["never closed", "deep", "aliases", "tag of a day", "tag of yes or no"],
)
def test_what_would_fill_memory_or_stack_is_a_fault_of_the_plan(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert problem in problems(tmp_path, text)


def test_yes_and_no_as_keys_and_values_mean_what_they_say(tmp_path: Path) -> None:
    text = GOOD.replace("kind: digits", "kind: choice\n    choices: {no: [], yes: [sure]}\n"
                        "    confirm: no")  # fmt: skip
    file = tmp_path / "plan.yaml"
    file.write_text(text, encoding="utf-8")
    slot = load(file).slots["number"]
    assert slot.choices == {"no": (), "yes": ("sure",)}
    assert slot.confirm is False


TABLE = GOOD.replace('      rows:\n        - {id: "1", status: sent}\n', "      file: t.csv\n")


def test_a_table_is_read_from_a_file_beside_the_plan(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,status\n007,sent\n8,\n", encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(TABLE, encoding="utf-8")
    table = load(tmp_path / "plan.yaml").lookups["order"].table
    assert table is not None
    assert table.rows == ({"id": "007", "status": "sent"}, {"id": "8", "status": None})


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "t.csv cannot be read"),
        ("id,status\n", "t.csv has no rows"),
        ("id,status\n1,sent,now\n", "t.csv line 2 has not as many values as columns"),
        ("nr,status\n1,sent\n", "there is no column 'id'"),
    ],
)
def test_a_bad_table_is_a_fault_of_the_plan(
    tmp_path: Path, content: str | None, wrong: str
) -> None:
    if content is not None:
        (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    assert any(wrong in problem for problem in problems(tmp_path, TABLE))


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*place, key)
        if isinstance(item, (dict, list)):
            yield from _places(item, (*place, key))


@pytest.mark.parametrize("odd", [None, 5, [[]], {"x": None}, "{{"])
def test_an_odd_value_anywhere_is_a_named_fault_or_no_fault(tmp_path: Path, odd: Any) -> None:
    whole = copy.deepcopy(PLAN)
    whole["lookups"]["http"] = {"http": {"url": "http://x", "body": {"a": ["b"]}}, "not_found": "x"}
    whole["phrases"] = {"no_input": ["What?"], "goodbye": "Bye."}
    places = list(_places(whole))
    file = tmp_path / "plan.yaml"
    for place in places:
        broken = copy.deepcopy(whole)
        inner = broken
        for part in place[:-1]:
            inner = inner[part]
        inner[place[-1]] = odd
        file.write_text(yaml.dump(broken, Dumper=yaml.CSafeDumper), encoding="utf-8")
        with contextlib.suppress(DialplanError):
            assert load(file).name
