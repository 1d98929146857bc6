"""A call as a picture."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.recordedcall import CALM, FURIOUS, call
from voiceagent.records.picture import HEIGHT, picture

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}{tag}"))


def test_every_turn_is_a_point_of_each_curve_and_higher_is_more() -> None:
    svg = picture(call("c", [CALM, CALM, FURIOUS]))
    assert len(drawn(svg, "path")) == 3
    points = drawn(svg, "circle")
    assert len(points) == 9
    heights = [HEIGHT - float(point.get("cy", 0)) for point in points[:3]]
    assert heights[2] > heights[0]


def test_thresholds_and_decisions_are_written_on_it() -> None:
    texts = " ".join(text.text or "" for text in drawn(picture(call("c", [FURIOUS])), "text"))
    assert "hand over 75%" in texts
    assert "turn 1: handover" in texts


def test_what_callers_say_is_escaped_and_shown_at_its_point() -> None:
    words = "<script>alert(1)</script> & more of it"
    titles = [title.text or "" for title in drawn(picture(call("c", [words])), "title")]
    assert any(words in title for title in titles)


def test_a_call_in_which_nothing_was_said_has_a_picture_too() -> None:
    assert drawn(picture(call("c", [])), "path")[0].get("d") == ""
