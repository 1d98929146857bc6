"""What people are told of a call is whole in every language that there is."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from voiceagent.config import ConfigError
from voiceagent.dialogue import notes
from voiceagent.dialogue.loader import load as load_dialplan
from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.notes import Note
from voiceagent.dialogue.notes.sentences import english, load
from voiceagent.dialogue.notes.teller import Teller, Tellers
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import LookupResult
from voiceagent.events import CallFacts, Understanding

DIALPLANS = Path(__file__).parents[2] / "dialplans"
SHIPPED = Path(notes.__file__).parent
LANGUAGES = sorted(file.stem for file in SHIPPED.glob("*.yaml"))
PLAN = Dialplan.model_validate(
    {
        "name": "test",
        "greeting": "Hello.",
        "intents": {
            "order": {
                "label": "an order",
                "examples": ["where is it"],
                "slots": ["number", "day", "size", "sure"],
                "lookup": "order",
            }
        },
        "slots": {
            "number": {"kind": "digits", "label": "order number", "prompt": "Number?"},
            "day": {"kind": "date", "prompt": "Day?"},
            "size": {"kind": "choice", "choices": ["small", "large"], "prompt": "Size?"},
            "sure": {"kind": "yes_no", "prompt": "Sure?"},
        },
        "lookups": {
            "order": {
                "table": {"rows": [{"id": "471229"}], "key": "id", "value": "{{ number }}"},
                "not_found": "It is not there.",
            }
        },
        "topics": {
            "billing": {
                "label": "a wrong bill",
                "examples": ["my bill"],
                "advice": "Look at the last two bills.",
            }
        },
        "targets": {"general": ["6001"]},
        "translations": {
            "de": {
                "intents": {"order": "eine Bestellung"},
                "topics": {"billing": "eine falsche Rechnung"},
                "advice": {"billing": "Sehen Sie die letzten zwei Rechnungen an."},
                "slots": {
                    "number": "Bestellnummer",
                    "day": "Tag",
                    "size": "Größe",
                    "sure": "sicher",
                },
            }
        },
    }
)
ANSWERS = {"number": "471229", "day": "2026-11-24", "size": "large", "sure": True}
FREE = {
    "lookup_found": {"subject": {"number": "471229"}, "found": "state sent"},
    "handed_back": {"agreed": "He gets his money back."},
}


def own_teller(plan: Dialplan) -> Teller:
    return Tellers(plan).own


def teller(language: str, plan: Dialplan = PLAN, *, read: bool = False) -> Teller:
    sentences = load(language)
    assert sentences is not None
    return Teller(plan, sentences, english(), read=read)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_sentence_and_every_part_of_it(language: str) -> None:
    read = load(language)
    assert read is not None
    assert read.parts == english().parts


def test_english_and_german_are_there_and_korean_is_not() -> None:
    assert {"en", "de"} <= set(LANGUAGES)
    assert load("de-AT") is load("de")
    assert load("ko") is None


def test_what_is_translated_is_told_in_the_other_language() -> None:
    german = teller("de")
    assert german.tell(Note(says="topic", values={"topic": "billing"})) == (
        "Es geht um eine falsche Rechnung."
    )
    assert german.summary("order", ANSWERS, [], "size") == (
        "Gefragt wurde nach: eine Bestellung (Bestellnummer 471229, Tag 24.11.2026, sicher ja). "
        "Noch offen: Größe."
    )


def test_what_is_not_translated_is_left_out_of_the_other_language() -> None:
    german = teller("de", PLAN.model_copy(update={"translations": {}}))
    assert german.tell(Note(says="topic", values={"topic": "billing"})) == (
        "Der Anruf braucht einen Menschen."
    )
    assert german.tell(Note(says="emergency", values={"topic": "billing"})) == (
        "Das ist ein Notfall."
    )
    assert german.summary("order", ANSWERS, [], "size") == ""


def test_on_a_screen_what_is_not_translated_is_quoted() -> None:
    german = teller("de", PLAN.model_copy(update={"translations": {}}), read=True)
    topic = Note(says="topic", values={"topic": "billing"})
    assert german.tell(topic) == "Es geht um „a wrong bill“."
    found = Note(says="lookup_found", values=FREE["lookup_found"])
    assert german.tell(found) == "Nachgesehen: „order number“ 471229; gefunden: „state sent“."


@pytest.mark.parametrize("name", ["number", "check", "keys", "person", "said"])
def test_what_is_no_word_of_a_language_stands_in_each_as_it_is(name: str) -> None:
    says = next(says for says, parts in english().parts["sentences"].items() if parts == {name})
    for language in LANGUAGES:
        assert "0x7" in teller(language).tell(Note(says=says, values={name: "0x7"}))


def test_the_advice_for_a_topic_can_be_translated() -> None:
    advice = Note(says="advice", values={"advice": "billing"})
    assert own_teller(PLAN).tell(advice) == "Look at the last two bills."
    assert teller("de").tell(advice) == "Sehen Sie die letzten zwei Rechnungen an."
    plain = PLAN.model_copy(update={"translations": {}})
    assert teller("de", plain).tell(advice) == ""
    assert teller("de", plain, read=True).tell(advice) == "„Look at the last two bills.“"


def test_each_language_that_people_read_has_its_teller_but_the_dialplans_own(
    tmp_path: Path,
) -> None:
    text = (SHIPPED / "de.yaml").read_text(encoding="utf-8")
    (tmp_path / "fr.yaml").write_text(text, encoding="utf-8")
    assert set(Tellers(PLAN, ["de-AT", "en-GB", "ko", "fr"]).others) == {"de"}
    assert set(Tellers(PLAN, ["de", "fr"], tmp_path).others) == {"de", "fr"}
    french = PLAN.model_copy(update={"language": "fr"})
    tellers = Tellers(french, ["fr", "en"], tmp_path)
    assert (tellers.own.sentences.language, set(tellers.others)) == ("fr", {"en"})


@pytest.mark.parametrize("says", FREE)
def test_words_of_the_dialplans_language_are_told_in_that_alone(says: str) -> None:
    note = Note(says=says, values=FREE[says])
    words = str(list(FREE[says].values())[-1])
    assert words in own_teller(PLAN).tell(note)
    assert words not in teller("de").tell(note)


def test_a_dialplan_without_sentences_in_its_language_is_told_of_in_english() -> None:
    korean = PLAN.model_copy(update={"language": "ko"})
    told = own_teller(korean).summary("order", {"number": "471229"}, [], "")
    assert told == "The caller asked about an order (order number 471229)."


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("where your order is", "where their order is"),
        ("our opening hours", "our opening hours"),
        ("what you have ordered", "“what you have ordered”"),
        ("youth tickets", "youth tickets"),
    ],
)
def test_what_the_agent_says_to_callers_is_turned_or_quoted_for_people(
    label: str, told: str
) -> None:
    order = PLAN.intents["order"].model_copy(update={"label": label})
    plan = PLAN.model_copy(update={"intents": {"order": order}})
    assert own_teller(plan).summary("order", {}, [], "") == f"The caller asked about {told}."


def test_a_dialplan_may_say_itself_how_people_are_told_of_an_intent() -> None:
    order = PLAN.intents["order"].model_copy(
        update={"label": "what you have ordered", "told": "what they have ordered"}
    )
    plan = PLAN.model_copy(update={"intents": {"order": order}})
    wanted = "The caller asked about what they have ordered."
    assert own_teller(plan).summary("order", {}, [], "") == wanted
    assert teller("de", plan).summary("order", {}, [], "") == "Gefragt wurde nach: eine Bestellung."


def test_a_german_label_that_speaks_to_the_caller_is_quoted() -> None:
    order = PLAN.intents["order"].model_copy(update={"label": "wo Ihre Bestellung ist"})
    plan = PLAN.model_copy(update={"language": "de", "intents": {"order": order}})
    wanted = "Gefragt wurde nach: „wo Ihre Bestellung ist“."
    assert own_teller(plan).summary("order", {}, [], "") == wanted


@pytest.mark.parametrize("path", sorted(DIALPLANS.glob("*.yaml")), ids=lambda path: path.stem)
def test_nothing_in_our_dialplans_is_told_to_people_as_if_they_had_called(path: Path) -> None:
    plan = load_dialplan(path)
    told = [own_teller(plan).summary(name, {}, [], "") for name in plan.intents]
    assert not [sentence for sentence in told if re.search(r"(?i)\byou(r|rs)?\b|“", sentence)]


@pytest.mark.parametrize("path", sorted(DIALPLANS.glob("*.yaml")), ids=lambda path: path.stem)
def test_everything_in_our_dialplans_can_be_told_in_german(path: Path) -> None:
    plan = load_dialplan(path)
    told = teller("de", plan)
    for section in ("intents", "slots", "topics"):
        assert [name for name in getattr(plan, section) if not told.label(section, name)] == []


def test_a_german_dialplan_is_told_of_in_german() -> None:
    manager = DialogueManager(
        PLAN.model_copy(update={"language": "de"}), CallFacts(), date(2026, 11, 22)
    )
    manager.greet()
    assert manager.summary() == "Was gewünscht wird, wurde noch nicht gesagt."


def test_what_was_looked_up_is_told_as_it_was_then() -> None:
    manager = DialogueManager(PLAN, CallFacts(), date(2026, 11, 22))
    manager.greet()
    manager.turn(
        Understanding(text="471229", intent="order", similarity=0.9, entities={"digits": "471229"})
    )
    manager.lookup_done(LookupResult(name="order", found=True, data={"state": "sent"}))
    assert manager.tried == ("Looked up order number 471229; found: state sent.",)
    manager.lookup_done(LookupResult(name="order", error="it is down"))
    assert manager.tried[-1] == "Looked up order number 471229; the look-up failed."


def test_a_language_can_be_added_by_a_file(tmp_path: Path) -> None:
    text = (SHIPPED / "de.yaml").read_text(encoding="utf-8")
    (tmp_path / "fr.yaml").write_text(text.replace("Ich verbinde.", "Je connecte."), "utf-8")
    french = load("fr", tmp_path)
    assert french is not None
    assert (french.language, french.say("connecting")) == ("fr", "Je connecte.")
    assert load("de", tmp_path) is load("de")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"connecting": None}, "sentences: has no connecting: add as in en.yaml"),
        ({"conecting": "Je connecte."}, "sentences.conecting: there is no such sentence"),
        ({"open": "Ouvert: {topic}."}, "sentences.open: {topic} does not fit there: use slot"),
        ({"open": 5}, "sentences.open"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, change: dict, wrong: str) -> None:
    document = yaml.safe_load((SHIPPED / "de.yaml").read_text(encoding="utf-8"))
    document["sentences"] |= change
    document["sentences"] = {k: v for k, v in document["sentences"].items() if v is not None}
    file = tmp_path / "fr.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load("fr", tmp_path)
    assert str(error.value).startswith(f"{file}: ")
    assert wrong in str(error.value)


@pytest.mark.parametrize("section", ["desk", "case"])
def test_what_is_missing_on_a_page_is_named(tmp_path: Path, section: str) -> None:
    document = yaml.safe_load((SHIPPED / "de.yaml").read_text(encoding="utf-8"))
    del document[section]["title"]
    file = tmp_path / "fr.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{section}: has no title: add as in en.yaml"):
        load("fr", tmp_path)
