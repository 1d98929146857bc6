"""A person is talked to in their language, where that can be spoken."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.dialogue.test_notes import PLAN
from voiceagent.config import Config, Handover
from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.notes.sentences import english, load
from voiceagent.dialogue.replies import HandoverRequest
from voiceagent.events import CallFacts, HandoverContext, Identity, Understanding
from voiceagent.handoff.briefing import briefing, introduction
from voiceagent.handoff.context import package
from voiceagent.handoff.roster import Member
from voiceagent.handoff.telling import Readers
from voiceagent.handoff.tongues import Tongue, others, tongue_of
from voiceagent.speech.engines import Engines
from voiceagent.speech.models import locate

ANNA = Member(name="anna", target="6001", languages=("de", "en"))
BEN = Member(name="ben", target="6002", languages=("en", "de"))
CLEO = Member(name="cleo", target="6003")
PEOPLE = (ANNA, BEN, CLEO)


def config(**settings: Any) -> Config:
    return Config.model_validate({"dialplan": "plan.yaml", **settings})


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """A Piper voice that says of itself that it speaks German."""
    installed = locate("joe-us")
    described = json.loads(installed.with_name(installed.name + ".json").read_text("utf-8"))
    described["espeak"]["voice"] = "de"
    model = tmp_path / "hanna.onnx"
    model.symlink_to(installed)
    model.with_name("hanna.onnx.json").write_text(json.dumps(described), encoding="utf-8")
    return model


def german(settings: Config) -> Tongue:
    tongue = tongue_of(ANNA, others(settings, PLAN, PEOPLE))
    assert tongue is not None
    return tongue


SPOKEN = config(speech={"languages": {"de": {"synthesizer": "tcp:tts:10200"}}})


def handed_over(topic: str = "billing") -> tuple[HandoverContext, HandoverRequest, DialogueManager]:
    """A handover after an order was asked for and its day not told."""
    manager = DialogueManager(PLAN, CallFacts(), date(2026, 11, 22))
    manager.greet()
    manager.turn(
        Understanding(text="471229", intent="order", similarity=0.9, entities={"digits": "471229"})
    )
    request = manager.announce_handover(topic).handover
    assert request is not None
    context = package("call-1", CallFacts(), Readers(PLAN), request, manager, [], [])
    told = {"identity": Identity(name="Ada Lovelace"), "anger": 0.9}
    return context.model_copy(update=told), request, manager


def english_alone() -> set[str]:
    """Words that the English sentences have and the German ones do not."""

    def words(language: str) -> set[str]:
        sentences = load(language)
        assert sentences is not None
        said = " ".join(text for some in sentences._sentences.values() for text in some)
        return set(re.findall(r"\w+", re.sub(r"{[^}]*}", "", said).lower()))

    return words("en") - words("de")


@pytest.mark.parametrize("accept", ["answer", "key", "speech"])
@pytest.mark.parametrize("topic", ["billing", "general"])
def test_a_german_speaking_persons_briefing_is_german_whole(accept: str, topic: str) -> None:
    tongue = german(SPOKEN)
    context = tongue.context(*handed_over(topic))
    settings = Handover.model_validate({"accept": accept})
    for said in (
        briefing(context, settings, tongue.sentences),
        introduction(context, tongue.sentences),
    ):
        found = set(re.findall(r"\w+", said.lower()))
        assert found & english_alone() == set()
        assert len(found) > 6


def test_the_briefing_says_who_why_in_what_mood_what_is_wanted_and_how_to_accept() -> None:
    tongue = german(SPOKEN)
    context = tongue.context(*handed_over())
    assert briefing(context, Handover(accept="key"), tongue.sentences) == (
        "Übergabe vom Sprachassistenten. Es ruft an: Ada Lovelace. "
        "Es geht um eine falsche Rechnung. Die Stimmung ist gereizt. "
        "Gefragt wurde nach: eine Bestellung (Bestellnummer 4 7 1 2 2 9). Noch offen: Tag. "
        "Drücken Sie 1, um den Anruf anzunehmen. Drücken Sie 2, um abzulehnen."
    )


def test_the_english_briefing_is_what_the_context_says() -> None:
    context, _, _ = handed_over()
    assert briefing(context, Handover(), english()) == (
        "Handover from the voice agent. Ada Lovelace is calling. "
        "The caller speaks about a wrong bill. The caller is upset. "
        "The caller asked about an order (order number four seven one, two two nine). "
        "Still open: day. Connecting."
    )


def test_the_first_language_of_a_person_counts() -> None:
    tongues = others(SPOKEN, PLAN, PEOPLE)
    assert [tongue_of(person, tongues) is not None for person in PEOPLE] == [True, False, False]
    assert tongues["de"].language == "de"


def test_without_a_voice_for_the_language_they_are_talked_to_in_the_dialplans() -> None:
    assert others(config(), PLAN, PEOPLE) == {}
    english_voice = config(speech={"languages": {"de": {"voice": "joe-us"}}})
    assert others(english_voice, PLAN, PEOPLE) == {}


def test_without_sentences_in_the_language_they_are_talked_to_in_the_dialplans() -> None:
    korean = Member(name="dan", target="6004", languages=("ko",))
    settings = config(speech={"languages": {"ko": {"synthesizer": "tcp:tts:10200"}}})
    assert others(settings, PLAN, (korean,)) == {}


def test_who_is_to_answer_by_speaking_is_asked_only_in_what_is_recognised() -> None:
    speech = {"whisper_model": "whisper-tiny-en"}
    spoken = {"synthesizer": "tcp:tts:10200"}
    by_speech = {"accept": "speech"}
    deaf = config(speech={**speech, "languages": {"de": spoken}}, handover=by_speech)
    assert others(deaf, PLAN, PEOPLE) == {}
    own = {**spoken, "recognizer": "tcp:asr:10300"}
    hearing = config(speech={**speech, "languages": {"de": own}}, handover=by_speech)
    assert set(others(hearing, PLAN, PEOPLE)) == {"de"}
    by_answering = config(speech={**speech, "languages": {"de": spoken}})
    assert set(others(by_answering, PLAN, PEOPLE)) == {"de"}


def test_a_request_tells_its_reason_in_both_languages() -> None:
    manager = DialogueManager(PLAN, CallFacts(), date(2026, 11, 22))
    request = manager.cannot_go_on()
    context = HandoverContext(
        handover_id="ab", call_id="1", created_at=datetime.now(UTC), facts=CallFacts(), reason="x"
    )
    assert request.reason == "The voice agent has a technical problem."
    told = german(SPOKEN).context(context, request, manager)
    assert told.reason == "Der Sprachassistent hat eine technische Störung."


@pytest.mark.models
def test_the_service_speaks_the_briefing_by_the_languages_own_voice(voice: Path) -> None:
    settings = config(speech={"languages": {"de": {"voice": str(voice)}}})
    tongue = german(settings)
    assert tongue.voice_name == str(voice)
    context = tongue.context(*handed_over())
    spoken = Engines(settings).voice(tongue.voice_name)
    assert spoken.language == "de"
    said = briefing(context, Handover(), tongue.sentences)
    pcm = b"".join(spoken.synthesize(said))
    assert 8 < len(pcm) / 2 / 8000 < 40
