"""What is added to the context while people are called."""

from __future__ import annotations

from tests.dialogue.test_notes import PLAN
from tests.supervision.conftest import context
from voiceagent.events import TranscriptLine, Translation
from voiceagent.handoff.meanwhile import Meanwhile
from voiceagent.handoff.roster import Member
from voiceagent.handoff.telling import Readers

READERS = Readers(PLAN, [Member(name="anna", target="6001", languages=("de",))])


def test_each_change_is_a_revision_of_the_same_context() -> None:
    first = context()
    meanwhile = Meanwhile(first, READERS)
    said = TranscriptLine(who="caller", text="It is urgent.", start_s=3, end_s=4)
    meanwhile.said(["It is urgent."], [*first.transcript, said])
    meanwhile.pressed("4")
    meanwhile.not_reached("anna", 486)
    meanwhile.pressed("7")
    grown = meanwhile.context
    assert grown.revision == 5
    assert grown.meanwhile == (
        "The caller added: “It is urgent.”",
        "anna was busy.",
        "The caller pressed 47.",
    )
    assert grown.transcript[-1] == said
    same = {"revision": 1, "meanwhile": (), "transcript": first.transcript}
    assert grown.model_copy(update=same) == first


def test_somebody_who_leans_on_a_key_does_not_fill_the_page() -> None:
    meanwhile = Meanwhile(context(), READERS)
    for _ in range(1000):
        meanwhile.pressed("5")
    assert len(meanwhile.context.meanwhile[0]) < 80


def test_who_reads_another_language_reads_it_in_that() -> None:
    translation = Translation(language="de", people=("6001",), reason="Es geht um Geld.")
    first = context().model_copy(update={"translations": (translation,)})
    meanwhile = Meanwhile(first, READERS)
    for code in (404, 480, 486, 603, 500):
        meanwhile.not_reached("ben", code)
    meanwhile.said(["It is urgent."], first.transcript)
    meanwhile.pressed("4")
    read = meanwhile.context.told_to("6001")
    assert read.meanwhile == (
        "ben war nicht erreichbar.",
        "ben hat nicht abgenommen.",
        "Bei ben war besetzt.",
        "ben hat abgelehnt.",
        "ben konnte den Anruf nicht annehmen.",
        "Danach wurde noch gesagt: „It is urgent.“",
        "Gedrückte Tasten: 4.",
    )
    assert (read.reason, read.revision) == ("Es geht um Geld.", 8)
    assert meanwhile.context.told_to("6002").meanwhile[0] == "ben could not be reached."
