"""Turn-taking, with time as a number."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from voiceagent.config import Turns
from voiceagent.events import AnswerKind, Expectation
from voiceagent.speech.turncommands import (
    Command,
    DropDecode,
    EndTurn,
    NoInput,
    ResumeAgent,
    StartDecode,
    StopAgent,
)
from voiceagent.speech.turntaking import TurnTaking

LIMITS = Turns(
    decode_after_ms=200,
    end_silence_ms=600,
    end_silence_whole_ms=300,
    end_silence_statement_ms=450,
    end_silence_unfinished_ms=1500,
    no_input_s=7.0,
    barge_in_ms=160,
)
"""Written out, so that the rules are tested whatever the defaults are tuned to."""
SIX = Expectation(kind="digits", min_digits=6, max_digits=6)


@dataclass
class Call:
    """A call in which recognition answers 0.3 s after it was asked."""

    texts: list[str | None] = field(default_factory=list)
    turns: Turns = LIMITS
    decode_s: float = 0.3
    confidence: float | None = 0.95
    t: float = 0.0
    log: list[tuple[float, Command]] = field(default_factory=list)
    pending: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.machine = TurnTaking(self.turns)

    def take(self, commands: list[Command]) -> None:
        for command in commands:
            self.log.append((round(self.t, 2), command))
            if isinstance(command, StartDecode):
                self.pending[command.decode_id] = self.t + self.decode_s
            elif isinstance(command, DropDecode):
                self.pending.pop(command.decode_id, None)
            elif isinstance(command, StopAgent):
                self.take(self.machine.agent_stopped(self.t))

    def sound(self, seconds: float, probability: float, level: float) -> Call:
        for _ in range(round(seconds / 0.02)):
            self.t += 0.02
            self.take(self.machine.audio(self.t, probability, level))
            for decode_id, due in list(self.pending.items()):
                if self.t >= due:
                    del self.pending[decode_id]
                    text = self.texts.pop(0)
                    self.take(
                        self.machine.recognition_failed(self.t, decode_id)
                        if text is None
                        else self.machine.recognised(self.t, decode_id, text, self.confidence)
                    )
        return self

    def speak(self, seconds: float, level: float = -22.0) -> Call:
        return self.sound(seconds, 0.95, level)

    def pause(self, seconds: float) -> Call:
        return self.sound(seconds, 0.02, -62.0)

    def agent(self, speaking: bool) -> Call:
        act = self.machine.agent_started if speaking else self.machine.agent_stopped
        self.take(act(self.t))
        return self

    def keys(self, digits: str, gap: float = 0.4) -> Call:
        for digit in digits:
            self.take(self.machine.digit(self.t, digit))
            self.sound(0.2, 0.9, -10.0).pause(gap - 0.2)
        return self

    def of(self, kind: type[Command]) -> list[tuple[float, Command]]:
        return [entry for entry in self.log if isinstance(entry[1], kind)]

    def end(self) -> tuple[float, EndTurn]:
        ((moment, command),) = self.of(EndTurn)
        assert isinstance(command, EndTurn)
        return moment, command


def test_decoding_begins_at_the_first_short_silence_with_audio_from_before_the_speech() -> None:
    call = Call(["Where is my order?"]).pause(1.0).speak(1.0).pause(0.4)
    ((moment, command),) = call.of(StartDecode)
    assert moment == pytest.approx(2.2, abs=0.03)
    assert isinstance(command, StartDecode)
    assert command.start_s == pytest.approx(0.7, abs=0.03)
    assert command.end_s == pytest.approx(2.2, abs=0.03)


def test_a_turn_ends_with_its_text_as_soon_as_a_whole_answer_is_known() -> None:
    moment, turn = Call(["Where is my order?"]).speak(1.0).pause(2.0).end()
    assert moment == pytest.approx(1.5, abs=0.03)
    assert turn.text == "Where is my order?"
    assert (turn.start_s, turn.end_s) == (pytest.approx(0.0), pytest.approx(1.0))


def test_a_statement_is_given_longer_than_a_question_to_go_on() -> None:
    asked, stated = (
        Call([text], confidence=0.87).speak(1.0).pause(2.0).end()[0]
        for text in ("Have I paid it?", "I have paid it.")
    )
    assert asked == pytest.approx(1.5, abs=0.06)
    assert stated > asked + 0.03
    asked, stated = (
        Call([text], decode_s=0.02).speak(0.7).speak(0.3, -30.0).pause(2.0).end()[0]
        for text in ("Have I paid it?", "I have paid it.")
    )
    assert asked == pytest.approx(1.3, abs=0.03)
    assert stated == pytest.approx(1.45, abs=0.03)


@pytest.mark.parametrize("kind", ["digits", "number", "phone"])
def test_what_is_made_of_digits_can_be_keyed(kind: AnswerKind) -> None:
    call = Call([])
    call.machine.expect(Expectation(kind=kind))
    assert call.machine.wants_digits


def test_a_whole_answer_known_early_still_waits_for_its_silence() -> None:
    moment, _ = Call(["Where is my order?"], decode_s=0.02).speak(1.0).pause(2.0).end()
    assert moment == pytest.approx(1.3, abs=0.03)


@pytest.mark.parametrize("text", ["I have paid it.", "My parcel."])
def test_what_is_surely_heard_to_its_end_ends_sooner_than_what_is_not(text: str) -> None:
    sure, unsure = (
        Call([text], confidence=confidence, decode_s=0.02)
        .speak(0.7)
        .speak(0.3, -30.0)
        .pause(2.0)
        .end()[0]
        for confidence in (0.95, 0.5)
    )
    assert sure == pytest.approx(1.45, abs=0.03)
    assert unsure == pytest.approx(1.6, abs=0.03)


def test_a_closing_is_no_matter_of_doubt() -> None:
    call = Call(["No, thank you. That is all."], confidence=0.6, decode_s=0.02)
    assert call.speak(1.0).pause(2.0).end()[0] == pytest.approx(1.45, abs=0.03)


def test_on_a_bad_line_a_turn_is_held_against_the_callers_others() -> None:
    call = Call(["I have paid it."] * 9, confidence=0.66, decode_s=0.02)
    for _ in range(8):
        call.speak(1.7).speak(0.3, -30.0).pause(2.0)
    began = call.t
    call.speak(1.7).speak(0.3, -30.0).pause(2.0)
    moments = [moment for moment, command in call.log if isinstance(command, EndTurn)]
    assert moments[0] == pytest.approx(2.6, abs=0.03)
    assert moments[-1] < began + 2.6 - 0.05


def test_a_sentence_heard_with_doubt_waits_as_one_that_may_go_on() -> None:
    call = Call(["Where is my order?"], confidence=0.5).speak(1.0).pause(2.0)
    assert call.end()[0] == pytest.approx(1.6, abs=0.03)


def test_a_voice_that_has_fallen_ends_sooner_than_one_that_has_not() -> None:
    level, fallen = (Call(["I have paid it."], confidence=0.8) for _ in range(2))
    level.speak(1.3).pause(2.0)
    fallen.speak(1.0).speak(0.3, -34.0).pause(2.0)
    assert level.end()[0] > fallen.end()[0] + 0.05


def test_who_has_said_little_is_given_longer_than_who_has_said_much() -> None:
    short, long = (Call(["I have paid it."], confidence=0.84) for _ in range(2))
    short.speak(0.7).speak(0.3, -30.0).pause(2.0)
    long.speak(2.7).speak(0.3, -30.0).pause(2.0)
    assert short.end()[0] - 1.0 > long.end()[0] - 3.0 + 0.05


def test_all_that_was_asked_for_ends_early_however_it_was_heard() -> None:
    call = Call(["471209"], confidence=0.6)
    call.machine.expect(SIX)
    assert call.speak(1.0).pause(2.0).end()[0] == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize(
    ("text", "confidence", "stops"),
    [("Stop.", 0.4, True), ("Wait.", 0.35, True), ("Shop.", 0.4, False), ("Stop.", 0.2, False)],
)
def test_a_word_that_tells_the_agent_to_stop_does_so_though_it_is_hardly_heard(
    text: str, confidence: float, stops: bool
) -> None:
    call = Call([text], confidence=confidence).agent(True).pause(1.0).speak(0.4).pause(2.0)
    assert len(call.of(EndTurn)) == stops
    assert len(call.of(ResumeAgent)) == (not stops)


def test_what_is_hardly_heard_is_no_whole_answer() -> None:
    call = Call(["471209"], confidence=0.2)
    call.machine.expect(SIX)
    assert call.speak(1.0).pause(2.0).end()[0] == pytest.approx(1.6, abs=0.03)


def test_a_statement_that_cuts_the_agent_short_is_given_time_for_the_question() -> None:
    call = Call(["Thank you, that is enough.", "Thank you, that is enough. How can I pay?"])
    call.agent(True).pause(1.0).speak(1.2).pause(0.5).speak(0.8).pause(2.0)
    moment, turn = call.end()
    assert turn.text == "Thank you, that is enough. How can I pay?"
    assert moment == pytest.approx(3.5 + 0.5, abs=0.05)


def test_an_answer_that_may_go_on_waits_the_usual_silence() -> None:
    call = Call(["1 2 3 4 5"])
    call.machine.expect(Expectation(kind="digits", min_digits=4, max_digits=8))
    assert call.speak(1.0).pause(2.0).end()[0] == pytest.approx(1.6, abs=0.03)


def test_an_unfinished_answer_waits_longer() -> None:
    moment, _ = Call(["my number is four seven"]).speak(1.0).pause(3.0).end()
    assert moment == pytest.approx(2.5, abs=0.03)


def test_a_number_spoken_with_pauses_is_heard_out() -> None:
    call = Call(["four seven", "four seven one two", "471209"])
    call.machine.expect(SIX)
    call.speak(0.8).pause(0.9).speak(0.7).pause(1.1).speak(0.6).pause(1.0)
    moment, turn = call.end()
    assert turn.text == "471209"
    assert turn.start_s == pytest.approx(0.0)
    assert moment == pytest.approx(4.1 + 0.5, abs=0.05)


def test_a_decode_overtaken_by_speech_is_dropped() -> None:
    call = Call(["I want a refund."]).speak(1.0).pause(0.26).speak(1.0).pause(1.0)
    first, second = (command for _, command in call.of(StartDecode))
    assert isinstance(first, StartDecode)
    assert isinstance(second, StartDecode)
    assert [command for _, command in call.of(DropDecode)] == [DropDecode(first.decode_id)]
    assert call.end()[1].decode_id == second.decode_id


def test_a_click_in_the_silence_does_not_start_the_wait_anew() -> None:
    call = Call(["Where is my order?"])
    moment, _ = call.speak(1.0).pause(0.3).speak(0.04).pause(1.0).end()
    assert moment == pytest.approx(1.5, abs=0.03)


def test_a_click_alone_is_no_turn() -> None:
    call = Call().agent(False).speak(0.06).pause(2.0)
    assert call.log == []


def test_noise_without_words_is_no_turn() -> None:
    assert not Call([""]).speak(0.4).pause(3.0).of(EndTurn)


def test_long_speech_without_words_ends_as_a_turn_that_nobody_understood() -> None:
    assert Call([""]).speak(2.0).pause(3.0).end()[1].text == ""


def test_a_failed_recognition_ends_the_turn_without_text_or_decode() -> None:
    moment, turn = Call([None]).speak(1.0).pause(3.0).end()
    assert (turn.text, turn.decode_id) == (None, None)
    assert moment == pytest.approx(1.6, abs=0.03)


def test_a_late_recognition_ends_the_turn_with_its_decode_still_running() -> None:
    moment, turn = Call(["late"], decode_s=5.0).speak(1.0).pause(3.0).end()
    assert turn.text is None
    assert turn.decode_id == 1
    assert moment == pytest.approx(2.5, abs=0.03)


def test_a_turn_without_end_is_ended() -> None:
    call = Call(["on and on"], LIMITS.model_copy(update={"max_turn_s": 5.0})).speak(6.0)
    assert call.end()[0] == pytest.approx(5.0, abs=0.05)
    assert call.end()[1].decode_id == 1


def test_no_input_counts_from_the_end_of_the_agents_speech_and_comes_once() -> None:
    call = Call().agent(True).pause(10.0).agent(False).pause(20.0)
    assert [moment for moment, _ in call.of(NoInput)] == [pytest.approx(17.0, abs=0.03)]


def test_no_input_is_reported_while_no_audio_comes_at_all() -> None:
    machine = TurnTaking(LIMITS)
    machine.agent_stopped(2.0)
    assert machine.tick(8.9) == []
    assert machine.tick(9.1) == [NoInput()]


def test_a_caller_who_speaks_is_not_reported_as_silent() -> None:
    call = Call(["my order"]).agent(False).pause(6.8).speak(1.0).pause(3.0)
    assert not call.of(NoInput)
    assert call.end()[1].text == "my order"


def test_speech_stops_the_agent_within_200_ms() -> None:
    call = Call(["Stop, I want a person."]).agent(True).pause(2.0).speak(1.0).pause(2.0)
    ((moment, command),) = call.of(StopAgent)
    assert 2.0 < moment <= 2.2
    assert command == StopAgent(pytest.approx(2.0))
    assert call.end()[1].start_s == pytest.approx(2.0)


@pytest.mark.parametrize("level", [-55.0, -45.0])
def test_the_agents_own_echo_does_not_stop_it(level: float) -> None:
    assert Call().agent(True).pause(2.0).speak(2.0, level).log == []


def test_the_echo_of_the_agent_is_no_turn_after_it_either() -> None:
    call = Call(["and should be with you by Friday"]).agent(True).pause(2.0).speak(2.0, -50.0)
    call.agent(False).speak(0.16, -50.0).pause(3.0)
    assert not call.of(EndTurn)


def test_a_click_after_echo_does_not_stop_the_agent() -> None:
    call = Call().agent(True).pause(2.0).speak(1.0, -50.0).speak(0.06, -20.0).speak(1.0, -50.0)
    assert not call.of(StopAgent)


def test_a_voice_far_below_the_callers_own_does_not_stop_the_agent() -> None:
    call = Call(["I have a question."]).speak(2.0, -18.0).pause(1.0)
    call.agent(True).speak(1.0, -33.0)
    assert not call.of(StopAgent)


def test_a_quiet_caller_can_interrupt_at_their_own_level() -> None:
    call = Call(["I have a question.", "wait"]).speak(2.0, -38.0).pause(1.0)
    call.agent(True).pause(1.0).speak(0.5, -40.0)
    assert len(call.of(StopAgent)) == 1


def test_a_short_burst_does_not_stop_the_agent() -> None:
    assert Call().agent(True).pause(1.0).speak(0.12).pause(1.0).log == []


@pytest.mark.parametrize("heard", ["", "Mhm.", "Mm-hmm.", "okay", "Uh-huh."])
def test_after_a_cough_or_a_listening_sound_the_agent_resumes(heard: str) -> None:
    call = Call([heard]).agent(True).pause(1.0).speak(0.3).pause(2.0)
    assert len(call.of(StopAgent)) == 1
    assert len(call.of(ResumeAgent)) == 1
    assert not call.of(EndTurn)


def test_a_hum_that_is_heard_as_unlikely_words_lets_the_agent_go_on() -> None:
    call = Call(["and make them."], confidence=0.44).agent(True).pause(1.0).speak(0.4).pause(2.0)
    assert len(call.of(ResumeAgent)) == 1
    assert not call.of(EndTurn)


def test_yes_to_a_question_still_being_asked_is_an_answer() -> None:
    call = Call(["Yes."])
    call.machine.expect(Expectation(kind="yes_no"))
    call.agent(True).pause(1.0).speak(0.3).pause(2.0)
    assert not call.of(ResumeAgent)
    assert call.end()[1].text == "Yes."


def test_speech_that_began_before_the_agent_stops_it_when_it_starts() -> None:
    call = Call(["and another thing"]).speak(0.5).agent(True)
    assert len(call.of(StopAgent)) == 1


def test_keys_are_an_answer_when_digits_are_asked_for() -> None:
    call = Call()
    call.machine.expect(SIX)
    _, turn = call.pause(1.0).keys("471209").pause(1.0).end()
    assert (turn.text, turn.keyed, turn.decode_id) == ("471209", True, None)


def test_hash_ends_keyed_digits_and_star_takes_them_back() -> None:
    call = Call()
    call.machine.expect(Expectation(kind="digits", min_digits=2, max_digits=10))
    _, turn = call.keys("99*471#").end()
    assert turn.text == "471"


def test_keyed_digits_end_after_a_pause_and_soon_when_there_are_enough() -> None:
    call = Call()
    call.machine.expect(Expectation(kind="digits", min_digits=3, max_digits=10))
    moment, turn = call.keys("471").pause(5.0).end()
    assert turn.text == "471"
    assert moment == pytest.approx(0.8 + 1.5, abs=0.03)


def test_too_few_keyed_digits_wait_longer_for_the_next() -> None:
    call = Call()
    call.machine.expect(SIX)
    moment, turn = call.keys("47").pause(5.0).end()
    assert turn.text == "47"
    assert moment == pytest.approx(0.4 + 3.0, abs=0.03)


def test_the_tone_of_a_key_is_not_speech() -> None:
    call = Call().agent(True).pause(1.0)
    call.keys("0", gap=0.2).pause(1.0)
    assert not call.of(StopAgent)


def test_a_key_interrupts_the_agent_once_when_digits_are_asked_for() -> None:
    call = Call()
    call.machine.expect(SIX)
    call.agent(True).pause(1.0).keys("4712")
    assert len(call.of(StopAgent)) == 1


def test_limits_of_a_dialplans_step_take_the_place_of_the_settings() -> None:
    call = Call(["Hello, excuse me."])
    call.machine.turns = Turns(end_silence_ms=1000)
    assert call.speak(1.0).pause(3.0).end()[0] == pytest.approx(2.0, abs=0.03)
