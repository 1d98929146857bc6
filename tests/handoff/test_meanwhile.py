"""What is added to the context while people are called."""

from __future__ import annotations

from tests.supervision.conftest import context
from voiceagent.events import TranscriptLine
from voiceagent.handoff.meanwhile import Meanwhile


def test_each_change_is_a_revision_of_the_same_context() -> None:
    first = context()
    meanwhile = Meanwhile(first)
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
    meanwhile = Meanwhile(context())
    for _ in range(1000):
        meanwhile.pressed("5")
    assert len(meanwhile.context.meanwhile[0]) < 80
