"""Turn-taking: when the caller's turn ends, when the agent yields, when nobody speaks.

A pure state machine: frames, results and a clock go in, commands come out. It decodes at the
first short silence and throws the result away when speech goes on, so that the text is ready
when the turn ends; how long it waits depends on what was said and what was asked.

All times are seconds of one clock, of the caller's choosing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from voiceagent.audio.frames import FRAME_S, SPEECH, STILL_SPEECH
from voiceagent.audio.level import LevelTracker
from voiceagent.config import Turns
from voiceagent.events import Expectation
from voiceagent.speech.keys import Keys
from voiceagent.speech.turncommands import (
    Command,
    DropDecode,
    EndTurn,
    NoInput,
    ResumeAgent,
    StartDecode,
    StopAgent,
)
from voiceagent.speech.wholeness import Wholeness, cuts_in, is_backchannel, wholeness

_SPEECH_OVER_AGENT, _STILL_SPEECH_OVER_AGENT = 0.3, 0.25
"""While the agent speaks less is taken for speech: who cuts in begins softly as often as not,
and a pause of the agent's for nothing is made good, one that comes late is not."""
_PREROLL_S = 0.3
"""Audio before the first frame of speech that is decoded with it."""
_BLIP_S = 0.1
"""Less speech than this, with silence after it, is a click."""
_BLIP_SILENCE_S = 0.3
_RESUMED_S = 0.06
"""Speech after a pause counts once it has lasted this long."""
_BELOW_CALLER_DB = 14.0
_ABOVE_BACKGROUND_DB = 6.0
_QUIETEST_DB = -44.0
"""A caller not heard before has to be this loud to stop the agent; its own echo seldom is."""
_WORDLESS_S = 1.2
"""Sound that stopped the agent and gave a streaming recogniser no word for so long is none."""
_NOISE_S = 1.0
"""Speech of this length that gives no words was an attempt to say something."""
_BACKCHANNEL_S = 1.2
_HARDLY_WORDS = 0.5
"""What is short and heard with less confidence is a cough, a hum or echo, not an interruption."""
_DOUBTFUL = 0.3
"""A text of lower confidence is no whole answer."""
_OFTEN_CONFIDENCE, _PER_CONFIDENCE = 0.80, 4.3
_OFTEN_FALL_DB, _PER_FALL_DB = 4.3, 0.11
_OFTEN_S, _PER_LENGTH = 2.0, 0.87
_OFTEN_END, _PER_QUESTION, _PER_FRAGMENT = 0.49, 1.9, 0.64
"""Log odds that words which may be all are all: from the confidence of their text and from how
far the last sounds lie below the others (a word that was cut short is heard less surely, and a
voice falls towards its end), from the logarithm of the turn's length (who has said little goes
on more often), for a question, and for words that make no sentence. By
``python -m benchmarks.endings``, on three people and a synthesiser."""
_SURE, _UNSURE = 0.55, 0.35
"""Log odds from which a turn is taken to end, and below which nothing is known."""
_PRIOR_TURNS = 2
"""A caller's confidence is reckoned from what is usual until so many turns were heard."""
_LAST_FRAMES = 12
_ECHO_S = 0.3
"""The agent's echo comes back so late at most."""


@dataclass
class _Turn:
    """The caller's turn so far."""

    start_s: float
    last_voice_s: float
    voiced_s: float = 0.0
    power: float = 0.0
    """Sum over its frames."""
    last_powers: deque[float] = field(default_factory=lambda: deque(maxlen=_LAST_FRAMES))
    loud_s: float = 0.0
    """Speech loud enough to be meant for the agent."""
    resumed_s: float = 0.0
    """Speech since the last pause, while it is not yet sure that speech has resumed."""
    cut_agent: bool = False
    decode_id: int | None = None
    text: str | None = None
    confidence: float | None = None
    failed: bool = False
    partial: str | None = None
    """The words so far; None from a recogniser that tells none."""
    wordless: bool = False
    """Whether it stopped the agent and had no words for so long that the agent goes on."""


class TurnTaking:
    """Turn-taking of one call.

    Args:
        turns: the limits; `turns` may be set anew between turns, for a step of its own.
    """

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self._expected: Expectation | None = None
        self._levels = LevelTracker()
        self._agent_speaks = False
        self._turn: _Turn | None = None
        self._waiting_since: float | None = None
        self._agent_stopped_s = -_ECHO_S
        self._decodes = 0
        self._keys = Keys()
        self._usual_confidence = _OFTEN_CONFIDENCE
        self._turns_heard = 0

    # -- what happens ---------------------------------------------------------------------------

    @property
    def heard_from_s(self) -> float | None:
        """From where a streaming recogniser has to hear the turn that is going on; None when
        there is none, or when it is being recognised already."""
        turn = self._turn
        if turn is None or turn.decode_id is not None or turn.voiced_s < _BLIP_S - 1e-9:
            return None
        return max(0.0, turn.start_s - _PREROLL_S)

    def audio(self, t: float, speech_probability: float, level_db: float) -> list[Command]:
        """A frame of 20 ms that ended at `t`: its speech probability, and its level in dBFS."""
        if self._keys.sound(t):
            speech_probability = 0.0
        if t - self._agent_stopped_s < _ECHO_S and self._turn is None:
            speech_probability *= self._loud_enough(level_db)
        self._levels.push(level_db, speech_probability, alone=not self._agent_speaks)
        turn = self._turn
        goes_on = turn is not None and t - turn.last_voice_s < 0.1
        if self._agent_speaks:
            needed = _STILL_SPEECH_OVER_AGENT if goes_on else _SPEECH_OVER_AGENT
        else:
            needed = STILL_SPEECH if goes_on else SPEECH
        commands: list[Command] = []
        if speech_probability >= needed:
            commands += self._voice(t, level_db)
        elif turn is not None:
            turn.resumed_s = 0.0
        return commands + self.tick(t)

    def agent_started(self, t: float) -> list[Command]:
        """The agent's first sample leaves."""
        self._agent_speaks = True
        self._waiting_since = None
        return self.tick(t)

    def agent_stopped(self, t: float) -> list[Command]:
        """The agent's last sample has left, or it was stopped."""
        self._agent_speaks = False
        self._waiting_since = self._agent_stopped_s = t
        turn = self._turn
        if turn is not None and not turn.cut_agent and not self._lasts(turn):
            # What was too soft to stop the agent was its echo, and goes on a little after it.
            return [*self._drop_turn(), *self.tick(t)]
        return self.tick(t)

    def expect(self, expected: Expectation | None) -> None:
        """What the agent asks for next."""
        self._expected = expected
        self._keys.expect(expected)

    def recognised(
        self, t: float, decode_id: int, text: str, confidence: float | None = None
    ) -> list[Command]:
        """A decode has its text."""
        if self._turn is not None and self._turn.decode_id == decode_id:
            self._turn.text = text
            self._turn.confidence = confidence
        return self.tick(t)

    def partial(self, t: float, text: str) -> list[Command]:
        """The words so far of a turn that is going on, from a streaming recogniser; empty once
        such a one listens."""
        if self._turn is not None and (text or self._turn.partial is None):
            self._turn.partial = text
        return self.tick(t)

    def recognition_failed(self, t: float, decode_id: int) -> list[Command]:
        """A decode came to nothing."""
        if self._turn is not None and self._turn.decode_id == decode_id:
            self._turn.failed = True
        return self.tick(t)

    def digit(self, t: float, digit: str) -> list[Command]:
        """A key was pressed (DTMF). Only when digits are asked for it is an answer."""
        first = not self._keys.text
        complete = self._keys.press(t, digit)
        if not self.wants_digits:
            return []
        commands: list[Command] = []
        if not self._cut:
            commands += self._drop_turn()
            if first and self._agent_speaks:
                commands.append(StopAgent(t))
        self._waiting_since = None if self._keys.text else t
        return commands + self._end_keys(t) if complete else commands

    def tick(self, t: float) -> list[Command]:
        """Time has passed. Call it also when no audio comes: timers run on."""
        if self._keys.overdue(t):
            return self._end_keys(t)
        if self._turn is not None:
            return self._during_turn(t, self._turn)
        since = self._waiting_since
        if since is not None and not self._keys.text and t - since >= self.turns.no_input_s:
            self._waiting_since = None
            return [NoInput()]
        return []

    # -- the caller speaks ----------------------------------------------------------------------

    def _voice(self, t: float, level_db: float) -> list[Command]:
        turn = self._turn
        if turn is None:
            turn = self._turn = _Turn(start_s=t - FRAME_S, last_voice_s=t)
        pause = t - FRAME_S - turn.last_voice_s
        turn.voiced_s += FRAME_S
        turn.last_powers.append(10 ** (level_db / 10))
        turn.power += turn.last_powers[-1]
        if self._loud_enough(level_db):
            turn.loud_s += FRAME_S
        turn.resumed_s += FRAME_S
        if pause > FRAME_S and turn.resumed_s < _RESUMED_S:
            return []
        turn.last_voice_s = t
        return self._drop_decode(turn)

    def _during_turn(self, t: float, turn: _Turn) -> list[Command]:
        silence = t - turn.last_voice_s
        if turn.voiced_s < _BLIP_S - 1e-9 and not turn.cut_agent:
            return self._drop_turn() if silence >= _BLIP_SILENCE_S else []
        if self._agent_speaks and not turn.cut_agent:
            return self._over_agent(silence, turn)
        if turn.cut_agent and turn.partial == "" and turn.voiced_s >= _WORDLESS_S:
            turn.cut_agent, turn.wordless = False, True
            return [ResumeAgent()]
        if t - turn.start_s >= self.turns.max_turn_s:
            return [*self._decode(t, turn), *self._end_turn(turn)]
        if silence < self.turns.decode_after_ms / 1000:
            return []
        return [*self._decode(t, turn), *self._perhaps_end(silence, turn)]

    def _over_agent(self, silence: float, turn: _Turn) -> list[Command]:
        """Speech while the agent speaks: an interruption if it lasts and is the caller's.

        Only what is loud counts, so that the agent's echo before a cough does not.
        """
        if silence >= _BLIP_SILENCE_S:
            return self._drop_turn()
        if not self._lasts(turn):
            return []
        turn.cut_agent = True
        return [StopAgent(turn.start_s)]

    def _lasts(self, turn: _Turn) -> bool:
        if turn.wordless and not turn.partial:
            return False
        return turn.loud_s >= self.turns.barge_in_ms / 1000 - 1e-9

    def _loud_enough(self, level_db: float) -> bool:
        own = self._levels.caller_db
        least = _QUIETEST_DB if own is None else own - _BELOW_CALLER_DB
        return level_db >= max(least, self._levels.background_db + _ABOVE_BACKGROUND_DB)

    def _perhaps_end(self, silence: float, turn: _Turn) -> list[Command]:
        turns = self.turns
        text = turn.text if turn.text is not None else turn.partial or None
        if text is None:
            # Nothing is known: a failure is told soon, a late result is given time.
            limit = turns.end_silence_ms if turn.failed else turns.end_silence_unfinished_ms
            return self._end_turn(turn) if silence >= limit / 1000 else []
        if not text.strip():
            return self._nothing_said(silence, turn)
        if self._was_backchannel(turn, text):
            return self._drop_turn()
        limit_ms = self._limit_ms(turn, text)
        return self._end_turn(turn) if silence >= limit_ms / 1000 - 1e-9 else []

    def _limit_ms(self, turn: _Turn, text: str) -> float:
        """The silence that ends a turn with this text."""
        turns = self.turns
        stands = wholeness(text, self._expected)
        if stands is Wholeness.UNFINISHED:
            return turns.end_silence_unfinished_ms
        doubtful = turn.confidence is not None and turn.confidence < _DOUBTFUL
        # Who cuts in with a statement mostly has a question too.
        sentence = stands in (Wholeness.WHOLE, Wholeness.CLOSED)
        goes_on = turn.cut_agent and sentence and "?" not in text
        if stands is Wholeness.UNKNOWN or doubtful or goes_on:
            return turns.end_silence_ms
        if stands is Wholeness.ANSWER:
            return turns.end_silence_whole_ms
        if stands is Wholeness.CLOSED:
            return turns.end_silence_statement_ms
        odds = self._odds_of_end(turn, text, stands)
        doubt = min(max((_SURE - odds) / (_SURE - _UNSURE), 0.0), 1.0)
        asks = "?" in text
        least_ms = turns.end_silence_whole_ms if asks else turns.end_silence_statement_ms
        return least_ms + doubt * max(turns.end_silence_ms - least_ms, 0)

    def _odds_of_end(self, turn: _Turn, text: str, stands: Wholeness) -> float:
        """Log odds that a turn whose words may be all is over."""
        usual = self._usual_confidence
        confidence = usual if turn.confidence is None else turn.confidence
        mean = turn.power * FRAME_S / turn.voiced_s
        last = sum(turn.last_powers) / len(turn.last_powers)
        fall_db = 10 * math.log10(mean / last)
        length_s = turn.last_voice_s - turn.start_s
        return (
            _OFTEN_END
            + _PER_CONFIDENCE * (confidence - usual)
            + _PER_FALL_DB * (fall_db - _OFTEN_FALL_DB)
            + _PER_LENGTH * math.log(length_s / _OFTEN_S)
            + _PER_QUESTION * ("?" in text)
            + _PER_FRAGMENT * (stands is Wholeness.FRAGMENT)
        )

    def _nothing_said(self, silence: float, turn: _Turn) -> list[Command]:
        if turn.cut_agent or turn.voiced_s < _NOISE_S:
            return self._drop_turn()
        return self._end_turn(turn) if silence >= self.turns.end_silence_ms / 1000 else []

    def _was_backchannel(self, turn: _Turn, text: str) -> bool:
        if not turn.cut_agent or turn.loud_s > _BACKCHANNEL_S:
            return False
        if turn.confidence is not None and turn.confidence < _HARDLY_WORDS:
            return turn.confidence < _DOUBTFUL or not cuts_in(text)
        asked_yes_no = self._expected is not None and self._expected.kind == "yes_no"
        return not asked_yes_no and is_backchannel(text)

    # -- steps ----------------------------------------------------------------------------------

    def _decode(self, t: float, turn: _Turn) -> list[Command]:
        if turn.decode_id is not None:
            return []
        self._decodes += 1
        turn.decode_id = self._decodes
        return [StartDecode(self._decodes, max(0.0, turn.start_s - _PREROLL_S), t)]

    def _drop_decode(self, turn: _Turn) -> list[Command]:
        dropped, turn.decode_id = turn.decode_id, None
        turn.text = None
        turn.failed = False
        return [DropDecode(dropped)] if dropped is not None else []

    def _drop_turn(self) -> list[Command]:
        """It was no turn at all; if it stopped the agent, the agent goes on."""
        turn, self._turn = self._turn, None
        if turn is None:
            return []
        commands = self._drop_decode(turn)
        return [*commands, ResumeAgent()] if turn.cut_agent else commands

    def _end_turn(self, turn: _Turn) -> list[Command]:
        self._turn = None
        self._waiting_since = None
        if turn.confidence is not None:
            # A bad line lowers the confidence of all that is heard on it.
            self._turns_heard += 1
            weight = 1 / (self._turns_heard + _PRIOR_TURNS)
            self._usual_confidence += weight * (turn.confidence - self._usual_confidence)
        decode_id = None if turn.failed else turn.decode_id
        return [EndTurn(turn.start_s, turn.last_voice_s, turn.text, decode_id)]

    # -- keys -----------------------------------------------------------------------------------

    @property
    def _cut(self) -> bool:
        return self._turn is not None and self._turn.cut_agent

    @property
    def wants_digits(self) -> bool:
        """Whether a key would be taken as (part of) an answer."""
        return self._keys.wanted

    def _end_keys(self, t: float) -> list[Command]:
        answer = self._keys.take()
        self._waiting_since = t if answer is None else None
        return [] if answer is None else [answer]
