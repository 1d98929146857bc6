"""What is retained after which record."""

from __future__ import annotations

from collections.abc import Callable

from voiceagent import events as e
from voiceagent.supervision.board import Board, Message
from voiceagent.supervision.states import CallbackState, CallState, LineState, Offer
from voiceagent.supervision.topics import Topics

TOPICS = Topics("va")
STATE = TOPICS.call_state("call-1")
Make = Callable[..., e.Record]


def retained_after(board: Board, records: list[e.Record]) -> dict[str, bytes]:
    """What a broker retains when it gets all messages of the board."""
    kept: dict[str, bytes] = {}
    for record in records:
        for message in board.take(record):
            kept.pop(message.topic, None)
            if message.payload:
                kept[message.topic] = message.payload
    return kept


def until(records: list[e.Record], kind: type[e.Event]) -> list[e.Record]:
    """The records up to the last one of a kind."""
    last = max(n for n, r in enumerate(records) if isinstance(r.event, kind))
    return records[: last + 1]


def test_nothing_is_retained_once_the_call_has_ended(handed_over_call: list[e.Record]) -> None:
    board = Board(TOPICS)
    assert retained_after(board, handed_over_call) == {}
    assert board.retained() == []


def test_the_board_repeats_exactly_what_a_broker_should_hold(
    handed_over_call: list[e.Record],
) -> None:
    for count in range(len(handed_over_call) + 1):
        board = Board(TOPICS)
        kept = retained_after(board, handed_over_call[:count])
        assert {message.topic: message.payload for message in board.retained()} == kept


def test_the_state_follows_the_call_and_holds_none_of_its_words(
    handed_over_call: list[e.Record],
) -> None:
    kept = retained_after(Board(TOPICS), until(handed_over_call, e.Verdict))
    state = CallState.model_validate_json(kept[STATE])
    assert (state.phase, state.turns, state.action, state.anger) == ("talking", 1, "handover", 0.7)
    assert state.caller == "+4930123"
    assert b"wrong" not in kept[STATE]


def test_the_first_person_has_the_context_before_anyone_is_called(
    handed_over_call: list[e.Record],
) -> None:
    kept = retained_after(Board(TOPICS), until(handed_over_call, e.HandoverContextReady))
    offer = Offer.model_validate_json(kept[TOPICS.offer("sip:6001@pbx", "h1")])
    assert offer.state == "announced"
    assert offer.context.transcript[0].text == "this is wrong"
    assert TOPICS.offer("sip:6002@pbx", "h1") not in kept


def test_a_person_who_was_busy_does_not_keep_the_callers_context(
    handed_over_call: list[e.Record],
) -> None:
    kept = retained_after(Board(TOPICS), until(handed_over_call, e.ConsultationAnswered))
    assert TOPICS.offer("sip:6001@pbx", "h1") not in kept
    second = Offer.model_validate_json(kept[TOPICS.offer("sip:6002@pbx", "h1")])
    assert second.state == "answered"


def test_a_context_that_grew_while_ringing_reaches_who_is_being_called(
    handed_over_call: list[e.Record], make: Make
) -> None:
    board = Board(TOPICS)
    ringing = until(handed_over_call, e.ConsultationRinging)
    retained_after(board, ringing)
    ready = next(r.event for r in ringing if isinstance(r.event, e.HandoverContextReady))
    longer = ready.context.model_copy(update={"summary": "they also asked for a refund"})
    event = e.HandoverContextReady(handover_id="h1", context=longer)
    (message,) = board.take(make(event))
    offer = Offer.model_validate_json(message.payload)
    assert (offer.target, offer.state) == ("sip:6002@pbx", "ringing")
    assert offer.context.summary == "they also asked for a refund"


def test_a_context_that_grows_between_two_people_goes_to_the_next_and_not_back_to_the_first(
    handed_over_call: list[e.Record], make: Make
) -> None:
    board = Board(TOPICS)
    retained_after(board, until(handed_over_call, e.ConsultationFailed))
    ready = next(r.event for r in handed_over_call if isinstance(r.event, e.HandoverContextReady))
    longer = ready.context.model_copy(update={"meanwhile": ("6001 was busy.",)})
    assert board.take(make(e.HandoverContextReady(handover_id="h1", context=longer))) == []
    calling = e.ConsultationCalling(handover_id="h1", target="sip:6002@pbx", attempt=2)
    offer = Offer.model_validate_json(board.take(make(calling))[0].payload)
    assert (offer.target, offer.context.meanwhile) == ("sip:6002@pbx", ("6001 was busy.",))


def test_each_person_gets_the_context_in_their_own_language(
    handed_over_call: list[e.Record],
) -> None:
    records = until(handed_over_call, e.ConsultationRinging)
    place = next(n for n, r in enumerate(records) if isinstance(r.event, e.HandoverContextReady))
    ready = records[place].event
    assert isinstance(ready, e.HandoverContextReady)
    german = e.Translation(language="de", people=("sip:6002@pbx",), reason="Es gibt Ärger.")
    context = ready.context.model_copy(update={"translations": (german,)})
    event = ready.model_copy(update={"context": context})
    records[place] = records[place].model_copy(update={"event": event})
    told = {}
    board = Board(TOPICS)
    for record in records:
        for message in board.take(record):
            if "/handovers/" in message.topic and message.payload:
                offer = Offer.model_validate_json(message.payload)
                told[offer.target] = offer.context.reason
                assert offer.context.translations == ()
    assert told == {"sip:6001@pbx": context.reason, "sip:6002@pbx": "Es gibt Ärger."}


def test_a_failed_handover_takes_the_context_back_and_the_call_goes_on(
    handed_over_call: list[e.Record], make: Make
) -> None:
    records = until(handed_over_call, e.ConsultationRinging)
    failed = make(e.HandoverFailed(handover_id="h1", reason="nobody answered"))
    kept = retained_after(Board(TOPICS), [*records, failed])
    assert list(kept) == [STATE]
    assert CallState.model_validate_json(kept[STATE]).phase == "talking"


def test_a_refused_call_leaves_no_state(make: Make) -> None:
    records = [
        make(e.CallArrived(facts=e.CallFacts())),
        make(e.CallRefused(code=486, reason="Busy Here")),
    ]
    assert retained_after(Board(TOPICS), records) == {}


def test_the_end_of_an_unknown_call_still_clears_its_state(make: Make) -> None:
    event = e.CallEnded(by="error", reason="the line ended before the call", duration_s=0.0)
    assert Board(TOPICS).take(make(event)) == [Message(STATE, b"")]


def test_a_line_is_up_then_drains_then_stops(make: Make) -> None:
    board, seen = Board(TOPICS), []
    for event in (
        e.LineStarted(line="line-1", max_callers=3),
        e.LineDraining(line="line-1", calls=1),
        e.LineStopped(line="line-1"),
    ):
        (message,) = board.take(make(event, call_id="", t_s=None))
        seen.append(LineState.model_validate_json(message.payload))
    assert [line.state for line in seen] == ["up", "draining", "stopped"]
    assert {line.max_callers for line in seen} == {3}


def test_what_a_caller_has_left_is_retained_for_the_group_until_it_is_closed(
    make: Make, handed_over_call: list[e.Record]
) -> None:
    board = Board(TOPICS)
    context = next(
        r.event.context for r in handed_over_call if isinstance(r.event, e.HandoverContextReady)
    )
    left = e.Callback(
        callback_id="c1",
        kind="message",
        number="030123",
        topic="bills",
        group="billing desk",
        text="please call",
        left_at=context.created_at,
        context=context,
    )
    records = [*handed_over_call[:-1], make(e.CallbackRequested(callback=left))]
    kept = retained_after(board, [*records, handed_over_call[-1]])
    assert list(kept) == ["va/groups/billing%20desk/callbacks/c1"]
    (payload,) = kept.values()
    assert CallbackState.model_validate_json(payload).text == "please call"
    assert [message.topic for message in board.retained()] == list(kept)
    (gone,) = board.take(make(e.CallbackClosed(callback_id="c1", by="anna")))
    assert (gone.topic, gone.payload) == (next(iter(kept)), b"")
    assert board.retained() == []
    assert board.take(make(e.CallbackClosed(callback_id="c1"))) == []
