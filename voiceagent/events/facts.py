"""The nouns of the vocabulary: what events are made of. Import them from `voiceagent.events`.

Times that end in ``_s`` are seconds; inside a call they count from its INVITE.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Action = Literal["continue", "clarify", "offer", "handover", "emergency"]
Mark = Literal["needed", "too-late", "not-needed", "should-have-been"]
"""What people say of a handover; ``should-have-been`` of a call that nobody was handed."""
MarkReason = Literal[
    "wish", "anger", "not-understood", "no-progress", "topic", "emergency", "other"
]


_WITHHELD = ("anonymous", "unavailable", "unknown", "restricted")
"""What stands in the place of a number that is not shown (RFC 3323, 4.1, and what PBXs send)."""

Anomaly = Literal["many-calls", "failed-checks", "probing"]


class Fact(BaseModel):
    """An immutable piece of vocabulary."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Fact):
    """Base of all events; `type` names the event on the bus and in the store."""

    type: str


# -- what was said ------------------------------------------------------------------------------


class Word(Fact):
    """One recognised word."""

    word: str
    start_s: float
    """Start, seconds from the start of the utterance's audio."""
    end_s: float
    """End, seconds from the start of the utterance's audio."""
    confidence: Probability | None = None
    """The recogniser's probability, or None where the engine gives none."""


class Utterance(Fact):
    """What the recogniser made of one stretch of the caller's speech."""

    text: str
    start_s: float = 0.0
    """Start of the speech, seconds from INVITE (from the start of a file in `analyze`)."""
    end_s: float = 0.0
    """End of the speech, same origin as `start_s`."""
    confidence: Probability | None = None
    """Raw confidence of the whole text, or None where the engine gives none."""
    words: tuple[Word, ...] = ()
    alternatives: tuple[str, ...] = ()
    """Other readings, best first, without `text` itself."""
    lead: Probability | None = None
    """Share of this reading in the probability of all that were weighed, where the engine
    tells."""
    least_likely: Probability | None = None
    """Probability of the least likely piece of the text, where the engine tells."""
    no_speech: Probability | None = None
    """Probability that there was no speech at all, where the engine tells."""
    engine: str = ""
    """Name of the recogniser and its model, such as ``whisper-base``."""


AnswerKind = Literal[
    "yes_no",
    "digits",
    "number",
    "amount",
    "date",
    "time",
    "name",
    "spelled_name",
    "code",
    "postcode",
    "email",
    "phone",
    "choice",
]
"""What an answer is made of."""


class Expectation(Fact):
    """What the agent has just asked for: it tells turn-taking when an answer is whole."""

    kind: Literal["open"] | AnswerKind = "open"
    slot: str | None = None
    """Name of the slot that the answer fills."""
    reads_back: AnswerKind | None = None
    """What the value is made of that a yes or no confirms; a no may bring the right one."""
    min_digits: int | None = None
    max_digits: int | None = None
    choices: tuple[str, ...] = ()


class Understanding(Fact):
    """What a text means to a dialplan."""

    text: str
    intent: str | None = None
    """Name of the nearest intent, or None when nothing is near enough."""
    similarity: float = 0.0
    """Cosine similarity to the nearest intent, -1 to 1."""
    margin: float = 0.0
    """Lead of the nearest intent over the next one, in cosine similarity."""
    in_scope: bool = False
    """Whether the text is something the dialplan speaks about at all."""
    entities: dict[str, Any] = Field(default_factory=dict)
    """Values found in the text by `AnswerKind`: a ``date`` in ISO 8601, a ``time`` as
    ``HH:MM``, a ``yes_no`` as bool, ``number`` and ``amount`` as numbers, others as text."""
    topics: dict[str, float] = Field(default_factory=dict)
    """Topics that belong to people, by name, with how surely they were met (0 to 1)."""


WRITTEN = "written"
"""Stands for the recogniser where nothing had to be recognised (`Utterance.engine`)."""
Channel = Literal["call", "text"]


class CallFacts(Fact):
    """What the INVITE says about a call; of a conversation by text, what its beginning says."""

    channel: Channel = "call"
    caller_uri: str = ""
    """URI of the From header (RFC 3261, 20.20)."""
    caller_number: str = ""
    """User part of the asserted identity (RFC 3325) where there is one, else of From;
    ``anonymous`` where the caller wants not to be named (RFC 3323)."""
    caller_name: str = ""
    dialled: str = ""
    """User part of the Request-URI."""
    asserted_identity: str = ""
    """URI of P-Asserted-Identity, else of Remote-Party-ID; empty when both are absent."""
    diversion: str = ""
    """URI of the first Diversion header (RFC 5806), else by History-Info (RFC 7044); empty when
    both are absent."""
    customer_id: str = ""
    """What the company knows the customer by, empty where nobody has told."""
    case_code: str = ""
    """Code or token of an open case that came with the INVITE."""
    headers: dict[str, str] = Field(default_factory=dict)
    """The INVITE's ``X-*`` headers."""
    sip_call_id: str = ""
    source: str = ""
    """Address and port the INVITE came from."""

    @property
    def shown_number(self) -> str:
        """The caller's number, empty where it is withheld."""
        return "" if self.caller_number.lower() in _WITHHELD else self.caller_number


class TurnEvidence(Fact):
    """What the detectors found in one turn: all that the policy decides on."""

    understood: float = 1.0
    anger: float = 0.0
    anger_grounded: bool = False
    """Whether more than the voice speaks of anger."""
    anger_words: float = 0.0
    anger_voice: float | None = None
    believed: float = 1.0
    """How far the recognised text was believed, from 0 (hardly) to 1; `anger_words` and `wish`
    are what is left of them after that."""
    voice_known: float = 0.5
    """How well the caller's calm voice is known, from 0.5 (not at all) to 1."""
    interrupted: bool = False
    """Whether the caller cut the agent short to say this."""
    wish: float = 0.0
    refuses_person: bool = False
    """The caller says, unasked, that no person is needed."""
    topics: dict[str, float] = Field(default_factory=dict)
    emergencies: frozenset[str] = frozenset()
    """The topics that are an emergency."""
    repeats: int = 0
    """How often the same was asked before without progress."""
    stuck: bool = False
    """Whether the caller says that the agent does not understand or help them."""
    missed: Literal["", "no-input", "no-match", "recognition-failed"] = ""


# -- whom a caller gets ---------------------------------------------------------------------------


Standing = Literal["vulnerable", "vip", "repeated", "ordinary"]
"""Why a caller goes before others, the strongest first."""


class RoutedTo(Fact):
    """Somebody who is called, and why at this place in the order."""

    person: str
    """Name in the settings; the target itself where it is no person there."""
    target: str
    score: float
    """Whoever has more is called first."""
    reasons: tuple[str, ...] = ()


class LeftOut(Fact):
    """Somebody who is not called."""

    person: str
    target: str
    why: str


# -- what a person gets -------------------------------------------------------------------------


class TranscriptLine(Fact):
    """One line of the transcript, in the order of speaking."""

    who: Literal["caller", "agent", "person"]
    text: str
    """What was heard: of an interrupted sentence only the part that left before the cut."""
    start_s: float
    end_s: float
    confidence: Probability | None = None
    anger: Probability | None = None


class Identity(Fact):
    """Who calls, as far as that is known."""

    number: str = ""
    name: str = ""
    verified: tuple[str, ...] = ()
    """By what it was verified, a sentence each; none: only the caller's phone says so."""
    vouched: bool = False
    """Whether the PBX vouches for the number."""
    checks: tuple[str, ...] = ()
    """Look-ups with `identity_check` that were passed, by their names."""


class Mood(Fact):
    """How a turn was taken."""

    turn: int
    t_s: float
    anger: Probability
    understood: Probability
    action: Action


class EarlierCall(Fact):
    """An earlier conversation of the same customer."""

    call_id: str
    channel: Channel = "call"
    started_at: datetime
    about: str = ""
    """What it was about, as the person was told then, or what the caller wanted."""
    person: str = ""
    """Who took it; empty: the agent alone."""


class Told(Fact):
    """What people read of a call, in one language."""

    reason: str
    reasons: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    summary: str = ""
    next_step: str = ""
    verified: tuple[str, ...] = ()
    meanwhile: tuple[str, ...] = ()


class Translation(Told):
    """The same in the language of some people. What there is only as words of the dialplan's
    language is quoted."""

    language: str
    """Its code, without a region."""
    people: tuple[str, ...]
    """Who reads it, by their targets."""


class HandoverContext(Fact):
    """Everything a person needs, so that the caller need not say it again."""

    handover_id: str
    """Opaque id, the same as in the ``User-to-User`` header (RFC 7433)."""
    call_id: str
    created_at: datetime
    facts: CallFacts
    language: str = "en"
    reason: str
    """Why the call is handed over, in a sentence."""
    reasons: tuple[str, ...] = ()
    """Every reason the policy gave, strongest first."""
    topic: str = "general"
    intent: str | None = None
    """What the caller last wanted, as the dialplan names it."""
    slots: dict[str, Any] = Field(default_factory=dict)
    tried: tuple[str, ...] = ()
    """What the agent did and what came of it, a sentence each."""
    anger: Probability = 0.0
    summary: str = ""
    """Up to three sentences: what is wanted, what was tried, what is open."""
    next_step: str = ""
    """What to begin with."""
    identity: Identity = Identity()
    mood: tuple[Mood, ...] = ()
    """Turn by turn."""
    earlier: tuple[EarlierCall, ...] = ()
    """The newest first."""
    transcript: tuple[TranscriptLine, ...] = ()
    revision: int = 1
    """It is sent again, one higher, when there is more to know while people are called."""
    meanwhile: tuple[str, ...] = ()
    """What there was since then, a sentence each: who did not take the call, what the caller had
    begun to say, keys they pressed."""
    translations: tuple[Translation, ...] = ()
    """What there is to read, in the other languages of those who take calls."""

    def told_to(self, target: str) -> HandoverContext:
        """The context as this person reads it."""
        told = next((t for t in self.translations if target in t.people), None)
        changes: dict[str, Any] = {"translations": ()}
        if told is not None:
            changes |= {name: getattr(told, name) for name in Told.model_fields}
            verified = changes.pop("verified")
            changes["identity"] = self.identity.model_copy(update={"verified": verified})
        return self.model_copy(update=changes)


class Callback(Fact):
    """What a caller has left for people who were not free: a wish to be called, or a message."""

    callback_id: str
    kind: Literal["call", "message", "text"]
    """A ``text`` is answered in writing, where the conversation was."""
    number: str
    """Number to call; of a message or text the customer's own, empty where it is not known."""
    topic: str
    group: str
    """Group it is for; the topic where no group takes it."""
    text: str = ""
    """The message as it was recognised, or what was written last."""
    recording: str = ""
    """Path of the message's recording."""
    length_s: float = 0.0
    left_at: datetime
    context: HandoverContext
