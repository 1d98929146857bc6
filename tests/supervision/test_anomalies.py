"""Anomalies, with the clock of the events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from voiceagent import events as e
from voiceagent.config import Review
from voiceagent.supervision.anomalies import Anomalies

START = datetime(2025, 1, 1, tzinfo=UTC)
LIMITS = Review(window_min=10, many_calls=3, failed_checks=3, tried_values=3)


class Scene:
    """Events fed at chosen minutes; collects what is flagged."""

    def __init__(self) -> None:
        self.anomalies = Anomalies(LIMITS)

    def hear(self, call_id: str, event: e.Event, minute: float = 0.0) -> list[tuple[str, str]]:
        record = e.Record.model_validate(
            {
                "line": "l",
                "call_id": call_id,
                "at": START + timedelta(minutes=minute),
                "event": event,
            }
        )
        return [(flag.anomaly, flag.caller) for flag in self.anomalies.take(record)]

    def call(self, call_id: str, number: str, minute: float = 0.0) -> list[tuple[str, str]]:
        return self.hear(call_id, e.CallArrived(facts=e.CallFacts(caller_number=number)), minute)


def wrong(name: str = "customer") -> e.LookupDone:
    return e.LookupDone(name=name, found=False, took_s=0.1, identity_check=True)


def tried(value: object) -> e.TurnUnderstood:
    meaning = e.Understanding(text="four seven")
    return e.TurnUnderstood(turn=1, understanding=meaning, slots={"number": value})


def test_many_calls_from_one_number_are_flagged_once() -> None:
    scene = Scene()
    flags = [scene.call(f"c{n}", "+49301", n) for n in range(5)]
    assert flags == [[], [], [("many-calls", "+49301")], [], []]


def test_calls_far_apart_or_from_others_are_not() -> None:
    scene = Scene()
    assert not any(scene.call(f"c{n}", "+49301", n * 6) for n in range(6))
    assert not any(scene.call(f"d{n}", f"+49302{n}", 40) for n in range(6))


def test_callers_without_a_number_are_not_taken_for_one() -> None:
    for withheld in ("", "anonymous", "Unavailable"):
        scene = Scene()
        assert not any(scene.call(f"c{n}", withheld) for n in range(9))


def test_failed_checks_count_across_the_calls_of_a_number() -> None:
    scene = Scene()
    flags = []
    for n in range(3):
        scene.call(f"c{n % 2}{n}", "+49301" if n else "+49309")
        flags.append(scene.hear(f"c{n % 2}{n}", wrong()))
    assert flags == [[], [], []]
    assert scene.hear("c12", wrong()) == []
    assert scene.hear("c02", wrong()) == [("failed-checks", "+49301")]


def test_a_look_up_that_broke_is_no_failed_check() -> None:
    scene = Scene()
    scene.call("c", "+49301")
    broke = wrong().model_copy(update={"error": "timeout"})
    assert not any(scene.hear("c", broke) for _ in range(9))


def test_a_look_up_that_verifies_nobody_is_no_check() -> None:
    scene = Scene()
    scene.call("c", "+49301")
    parcel = e.LookupDone(name="order", found=False, took_s=0.1)
    assert not any(scene.hear("c", parcel) for _ in range(9))


def test_one_value_after_the_other_is_probing_and_the_same_again_is_not() -> None:
    scene = Scene()
    scene.call("c", "")
    assert not any(scene.hear("c", tried("4711")) for _ in range(9))
    assert not any(scene.hear("c", tried(value)) for value in (True, False, None))
    assert scene.hear("c", tried("4712")) == []
    assert scene.hear("c", tried("4713")) == [("probing", "c")]


def test_it_may_be_flagged_again_after_a_while_and_old_numbers_are_forgotten() -> None:
    scene = Scene()
    assert [bool(scene.call(f"c{n}", "+49301", n / 10)) for n in range(3)][-1]
    assert [bool(scene.call(f"d{n}", "+49301", 30 + n / 10)) for n in range(3)][-1]
    scene.call("x", "+49302", 60)
    assert len(scene.anomalies._seen) == 1
