"""A desk as HTML: what a person sees, and what a caller cannot do to them."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tests.desk.test_offers import offer
from voiceagent.desk import view
from voiceagent.desk.following import Desk
from voiceagent.events import CallFacts, EarlierCall, Identity, Mood, TranscriptLine
from voiceagent.supervision.states import Offer

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onload='alert(3)' {{ 7*7 }}"


def full(words: str = "my bill is wrong") -> Offer:
    """A handover with everything filled, by `words` wherever a caller or their phone can."""
    whole = offer()
    context = whole.context.model_copy(
        update={
            "facts": CallFacts(caller_name=words, caller_number=words, dialled=words),
            "identity": Identity(number=words, name=words, verified=(words,)),
            "reason": words,
            "reasons": (words,),
            "topic": words,
            "intent": words,
            "slots": {words: words},
            "tried": (words,),
            "summary": words,
            "meanwhile": (words,),
            "next_step": words,
            "anger": 0.75,
            "language": words,
            "call_id": words,
            "mood": tuple(
                Mood(turn=n, t_s=n, anger=anger, understood=0.9, action="continue")
                for n, anger in enumerate((0.1, 0.5, 0.75), start=1)
            ),
            "earlier": (
                EarlierCall(
                    call_id="c0", started_at=whole.context.created_at, about=words, person=words
                ),
            ),
            "transcript": (TranscriptLine(who="caller", text=words, start_s=61, end_s=62),),
        }
    )
    return whole.model_copy(update={"context": context, "state": "connected"})


def shown(offer: Offer) -> str:
    desk = Desk()
    desk.live = True
    desk.offers.put(offer)
    return view.page("6001", desk)


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_callers_words_stay_words() -> None:
    tags = Tags(shown(full(EVIL)))
    plain = Tags(shown(full()))
    assert [tag for tag, _ in tags.found] == [tag for tag, _ in plain.found]
    assert {name for _, attrs in tags.found for name in attrs if name.startswith("on")} == set()
    assert tags.text.count("<script>alert(1)</script>") >= 13
    assert "49" not in tags.text.replace("&#39;", "")


def test_everything_that_is_known_is_there() -> None:
    text = Tags(shown(full())).text
    headings = (
        "Who calls",
        "What they want",
        "What was tried",
        "Why a person",
        "Mood",
        "What was said",
        "Earlier",
        "1:01 caller",
        "Next:",
        "with you",
    )
    assert [heading for heading in headings if heading not in text] == []


def test_nothing_is_there_that_the_page_has_no_leave_to_use() -> None:
    for html in (shown(full()), view.login("6001", "wrong")):
        for tag, attrs in Tags(html).found:
            assert "style" not in attrs
            assert tag not in ("style", "iframe")
            assert not (tag == "script" and "src" not in attrs)
            for name in ("src", "href", "action"):
                assert (attrs.get(name) or "/").startswith("/")


def test_it_says_so_when_nothing_is_known_of_a_caller() -> None:
    bare = offer()
    withheld = bare.context.model_copy(update={"facts": CallFacts(), "transcript": ()})
    text = Tags(shown(bare.model_copy(update={"context": withheld}))).text
    for told in ("number withheld", "only their phone says so", "Nothing was heard yet"):
        assert told in text
    assert "Was this handover right?" not in text  # not before they have spoken


def test_it_says_so_when_the_bus_is_away() -> None:
    desk = Desk()
    assert "may be out of date" in view.cases("6001", desk)
    desk.live = True
    assert "may be out of date" not in view.cases("6001", desk)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_the_mood_is_drawn_from_left_to_right_and_anger_upwards(count: int) -> None:
    mood = [
        Mood(turn=n, t_s=n, anger=n / count, understood=1, action="continue")
        for n in range(1, count + 1)
    ]
    drawn = view.points(mood)
    assert len(drawn) == count
    assert all(0 <= point.x <= 320 and 0 <= point.y <= 64 for point in drawn)
    assert [p.x for p in drawn] == sorted(p.x for p in drawn)
    assert [p.y for p in drawn] == sorted((p.y for p in drawn), reverse=True)
    assert drawn[-1].told == f"turn {count}: anger 100%, understood 100%"
