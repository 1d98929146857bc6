"""Recordings in, utterances out: what was said in a file, when, and how.

The same parts that work on a call, without the call: voice activity, the recogniser, the
acoustic measures and the detectors of the escalation. Everything runs in this process, the
models are loaded once, and no more of a file is held than the utterances that are being
recognised.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, overload

from voiceagent.audio import wav
from voiceagent.audio.cuts import Cut, cuts
from voiceagent.audio.frames import SAMPLE_RATE, Floats
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.dialogue.understanding import Understander
from voiceagent.escalation.anger import AngerDetector
from voiceagent.escalation.confidence import believed, understood
from voiceagent.escalation.judge import met
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.escalation.rightness import rightness
from voiceagent.escalation.wish import wish_for_person
from voiceagent.events import Fact, Probability, Understanding, Utterance, Word
from voiceagent.speech.embedding import LocalEmbedder, SentenceEmbedder
from voiceagent.speech.models import EMBEDDING_MODEL, locate
from voiceagent.speech.recognizer import Recognizer
from voiceagent.speech.remembered import remembered

_WORTH_A_REASON = 0.3
"""Anger from which its evidence is told."""


class AnalysisError(Exception):
    """Something cannot be analysed; the text says what, why and the mend."""


class Finding(Fact):
    """One utterance of a recording."""

    file: str
    channel: int | None = None
    """From 1; None for a file of one channel."""
    start_s: float
    """Seconds from the start of the file, as all times."""
    end_s: float
    text: str
    confidence: Probability | None
    """Probability that every word is right; None where the engine tells nothing of its doubt or
    no words were found."""
    words: tuple[Word, ...]
    engine: str
    anger: Probability
    """From words and voice, the utterances before it considered."""
    anger_voice: Probability | None
    """By prosody alone; None where too little of it is voiced to be measured."""
    anger_words: Probability
    """By the words of this utterance alone."""
    arousal: Probability | None
    """How excited the voice is, whatever about."""
    understood: Probability
    """Probability that it was understood; by recognition alone where there is no dialplan."""
    wish_for_person: Probability
    topics: tuple[str, ...]
    """Topics of the dialplan that belong to people."""
    reasons: tuple[str, ...]
    """What the detectors found."""


@dataclass(frozen=True)
class Settings:
    """What is done with every file."""

    language: str = "en"
    wide: bool = False
    """Recognise at 16 kHz what has more than 8 kHz, instead of through the telephone."""
    mix: bool = False
    """Mix the channels: they are one scene, not one speaker each."""
    pause_s: float = 0.8
    """Silence that ends an utterance."""

    def cuts(self, path: Path) -> Iterator[Cut]:
        """The utterances of a file in the order of their starts.

        Raises:
            AudioFileError: the file cannot be read, or not to its end.
        """
        return cuts(path, wide=self.wide, mix=self.mix, pause_s=self.pause_s)


@dataclass
class Analyzer:
    """Analyses recordings one after the other. Use `Analyzer.create`."""

    settings: Settings
    recognizer: Recognizer
    embedder: LocalEmbedder
    prototypes: Prototypes
    plan: Dialplan | None = None
    understander: Understander | None = None
    workers: int = 1
    """Utterances recognised at once."""
    calm: tuple[Mapping[str, float], ...] = field(default=(), repr=False)
    """Measures of the speaker's calm speech."""

    @classmethod
    async def create(
        cls,
        settings: Settings,
        recognizer: Recognizer,
        *,
        plan: Dialplan | None = None,
        baseline: Path | None = None,
        workers: int = 1,
    ) -> Analyzer:
        """Load what is needed beside the recogniser.

        Args:
            plan: whose topics, intents and thresholds count.
            baseline: a recording of the speaker's calm speech.

        Raises:
            AnalysisError: the baseline holds no speech that can be measured.
            AudioFileError: it cannot be read.
            ModelError: the embedding model is missing.
            RecognitionError: the recogniser does not know the language.
        """
        recognizer.open(SAMPLE_RATE, settings.language, ())
        embedder = LocalEmbedder(SentenceEmbedder(locate(EMBEDDING_MODEL)))
        examples = remembered(embedder.embed)
        return cls(
            settings,
            recognizer,
            embedder,
            await Prototypes.create(examples, settings.language),
            plan,
            await Understander.create(plan, embedder, examples=examples) if plan else None,
            workers,
            _calm(baseline, settings) if baseline else (),
        )

    async def analyze(self, path: Path) -> AsyncIterator[Finding]:
        """The utterances of a file in the order of their starts, each as soon as it is there.

        Raises:
            AudioFileError: the file cannot be read, or not to its end.
            RecognitionError: the recogniser failed.
        """
        detectors: defaultdict[int, AngerDetector] = defaultdict(
            lambda: AngerDetector(
                self.prototypes, self.settings.language, self.calm, self._thresholds
            )
        )
        with ThreadPoolExecutor(self.workers) as pool:

            def start(cut: Cut) -> Future[Utterance]:
                return pool.submit(self._recognise, cut)

            for cut, recognising in _ahead(self.settings.cuts(path), start, self.workers):
                utterance = await asyncio.wrap_future(recognising)
                yield await self._finding(path, cut, utterance, detectors[cut.channel or 0])

    @property
    def _thresholds(self) -> Thresholds:
        return self.plan.escalation if self.plan else Thresholds()

    def _recognise(self, cut: Cut) -> Utterance:
        vocabulary = self.plan.hints if self.plan else ()
        recognition = self.recognizer.open(cut.rate, self.settings.language, vocabulary)
        recognition.feed(cut.around)
        return recognition.finish()

    async def _finding(
        self, path: Path, cut: Cut, utterance: Utterance, detector: AngerDetector
    ) -> Finding:
        text = utterance.text
        meaning, vector = await self._understand(text)
        limits = self._thresholds
        belief = believed(utterance, None)
        voice = cut.measures() if limits.measures_voice else None
        anger = detector.hear(text, voice, vector, belief=belief)
        wish = wish_for_person(text, vector, self.prototypes, self.settings.language, belief=belief)
        heard = understood(utterance, meaning, None)
        topics = {
            name: surely
            for name, surely in (meaning.topics if meaning else {}).items()
            if surely >= limits.topic_handover
        }
        reasons = [met(name, surely) for name, surely in topics.items()]
        reasons += wish.evidence if wish.refused or wish.probability >= limits.wish_handover else ()
        reasons += anger.evidence if anger.probability >= _WORTH_A_REASON else ()
        return Finding(
            file=str(path),
            channel=cut.channel,
            start_s=_rounded(cut.segment.start_s),
            end_s=_rounded(cut.segment.end_s),
            text=text,
            confidence=_rounded(rightness(utterance)),
            words=tuple(_placed(word, cut) for word in utterance.words),
            engine=utterance.engine,
            anger=_rounded(anger.probability),
            anger_voice=_rounded(anger.voice),
            anger_words=_rounded(anger.words),
            arousal=_rounded(anger.arousal),
            understood=_rounded(heard.probability),
            wish_for_person=_rounded(wish.probability),
            topics=tuple(topics),
            reasons=(*reasons, *heard.evidence),
        )

    async def _understand(self, text: str) -> tuple[Understanding | None, Floats | None]:
        if not text:
            return None, None
        if self.understander is not None:
            return await self.understander.understand(text)
        return None, (await self.embedder.embed([text]))[0]


# -- small things -------------------------------------------------------------------------------


def _calm(path: Path, settings: Settings) -> tuple[Mapping[str, float], ...]:
    measured = [cut.measures() for cut in settings.cuts(path)]
    calm = tuple(measures for measures in measured if measures is not None)
    if not calm:
        raise AnalysisError(
            f"{path}: no speech in it that can be measured: "
            "give a recording with some seconds of the speaker's calm voice"
        )
    return calm


_Work = TypeVar("_Work")


def _ahead(
    items: Iterator[Cut], start: Callable[[Cut], _Work], count: int
) -> Iterator[tuple[Cut, _Work]]:
    """Each item with its work, which is begun for `count` items ahead."""
    waiting: deque[tuple[Cut, _Work]] = deque()
    broken: wav.AudioFileError | None = None
    try:
        for item in items:
            waiting.append((item, start(item)))
            if len(waiting) > count:
                yield waiting.popleft()
    except wav.AudioFileError as error:
        broken = error
    yield from waiting
    if broken is not None:
        raise broken


def _placed(word: Word, cut: Cut) -> Word:
    """A word with its times in the file, never outside its utterance."""
    start_s, end_s = (
        min(max(cut.from_s + at, cut.segment.start_s), cut.segment.end_s)
        for at in (word.start_s, word.end_s)
    )
    return Word(
        word=word.word,
        start_s=_rounded(start_s),
        end_s=_rounded(end_s),
        confidence=_rounded(word.confidence),
    )


@overload
def _rounded(value: float) -> float: ...
@overload
def _rounded(value: float | None) -> float | None: ...
def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
