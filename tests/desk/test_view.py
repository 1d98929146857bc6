"""A desk as HTML: what a person sees, and what a caller cannot do to them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.desk.test_offers import offer
from tests.dialogue.test_notes import PLAN
from voiceagent.desk import view
from voiceagent.desk.following import Desk
from voiceagent.dialogue.notes.sentences import english, load
from voiceagent.dialogue.notes.teller import Teller, Tellers
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


def teller(language: str = "en") -> Teller:
    tellers = Tellers(PLAN, ["de"])
    return tellers.others.get(language, tellers.own)


def shown(offer: Offer, language: str = "en") -> str:
    desk = Desk(teller(language))
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
    for html in (shown(full()), view.login("6001", teller(), "wrong_key")):
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
    desk = Desk(teller())
    assert "may be out of date" in view.cases(desk)
    desk.live = True
    assert "may be out of date" not in view.cases(desk)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_the_mood_is_drawn_from_left_to_right_and_anger_upwards(count: int) -> None:
    mood = [
        Mood(turn=n, t_s=n, anger=n / count, understood=1, action="continue")
        for n in range(1, count + 1)
    ]
    drawn = view.points(mood, english().desk["turn"])
    assert len(drawn) == count
    assert all(0 <= point.x <= 320 and 0 <= point.y <= 64 for point in drawn)
    assert [p.x for p in drawn] == sorted(p.x for p in drawn)
    assert [p.y for p in drawn] == sorted((p.y for p in drawn), reverse=True)
    assert drawn[-1].told == f"turn {count}: anger 100%, understood 100%"


def test_who_reads_german_reads_no_english() -> None:
    german = load("de")
    assert german is not None
    ours = Tags(shown(full("§"), "de"))
    others = Tags(shown(full("§")))
    assert '<html lang="de">' in shown(full("§"), "de")
    same = set(re.findall(r"[^\W\d]{4,}", ours.text)) & set(re.findall(r"[^\W\d]{4,}", others.text))
    assert same <= set(re.findall(r"[^\W\d]{4,}", " ".join(german.desk.values())))
    for told in ("Wer anruft", "bei Ihnen", "War diese Übergabe richtig?", "Äußerung 1: Ärger 10%"):
        assert told in ours.text


def test_marks_and_reasons_are_sent_the_same_from_every_desk() -> None:
    def sent(language: str) -> list[str | None]:
        found = Tags(shown(full(), language)).found
        return [attrs.get("value") for tag, attrs in found if tag in ("input", "option")]

    assert sent("de") == sent("en")
    assert {"too-late", "not-understood"} <= set(sent("de"))


def test_what_the_dialplan_names_is_named_as_people_call_it() -> None:
    whole = full()
    context = whole.context.model_copy(
        update={
            "topic": "billing",
            "intent": "order",
            "slots": {"number": "471229", "sure": True, "day": "2026-11-24"},
        }
    )
    html = shown(whole.model_copy(update={"context": context}), "de")
    for name, value in (
        ("Thema", "eine falsche Rechnung"),
        ("Anliegen", "eine Bestellung"),
        ("Bestellnummer", "471229"),
        ("sicher", "ja"),
        ("Tag", "24.11.2026"),
    ):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in html
