"""Understanding, with the real embedder, on sentences that were written before it was tuned."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from small_plan import PLAN

from tests.letters import LetterEmbedder
from voiceagent.dialogue.common import literal
from voiceagent.dialogue.loader import load
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.understanding import Understander
from voiceagent.events import Expectation, Understanding

DIALPLANS = Path(__file__).parents[2] / "dialplans"
SENTENCES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "sentences.yaml").read_text(encoding="utf-8")
)


async def test_an_example_is_its_intent_and_the_vector_is_that_of_the_text(plan: Dialplan) -> None:
    embedder = LetterEmbedder()
    understander = await Understander.create(plan, embedder)
    meaning, vector = await understander.understand("when are you open")
    assert meaning.intent == "hours"
    assert meaning.in_scope
    assert meaning.margin > 0
    assert np.allclose(vector, (await embedder.embed(["when are you open"]))[0])
    assert set(meaning.topics) == {"billing", "danger"}


async def test_what_is_expected_decides_which_values_are_found(plan: Dialplan) -> None:
    understander = await Understander.create(plan, LetterEmbedder())
    asked = Expectation(kind="choice", slot="kind", choices=("jab", "talk"))
    meaning, _ = await understander.understand("the jab please", asked)
    assert meaning.entities["choice"] == "jab"
    meaning, _ = await understander.understand("the jab please")
    assert "choice" not in meaning.entities


@pytest.mark.timeout(30)
@pytest.mark.parametrize("part", ["@", ".", "9", "a at b dot ", "1,", "at ", "+", "double "])
async def test_the_longest_text_takes_no_minutes_whatever_is_in_it(
    plan: Dialplan, part: str
) -> None:
    understander = await Understander.create(plan, LetterEmbedder())
    text = (part * 4000)[:4000]
    meaning, _ = await understander.understand(text)
    assert meaning.text == text


async def test_a_value_is_found_wherever_it_stands_in_a_long_letter(plan: Dialplan) -> None:
    understander = await Understander.create(plan, LetterEmbedder())
    words = "I am writing because of something else entirely. " * 30
    meaning, _ = await understander.understand(f"{words}It is 471229. {words}")
    assert meaning.entities["digits"] == "471229"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Can you say that again, please?", "repeat"),
        ("No, that's all, thank you.", "goodbye"),
        ("Hold on a second.", "wait"),
        ("Pardon?", "repeat"),
        ("that is all wrong", None),
        ("x" * 200, None),
    ],
)
def test_common_phrases_are_recognised_by_their_words(text: str, name: str | None) -> None:
    assert literal(text) == name


@pytest.fixture
def refunds() -> Dialplan:
    """A dialplan in which refunds of more than 100 euros belong to people."""
    section = {"examples": ["I want my money back", "please refund me"], "above": 100}
    slots = {"sum": {"kind": "amount", "prompt": "How much is it?"}}
    changed = PLAN | {
        "topics": PLAN["topics"] | {"refund": section | {"slot": "sum"}},
        "slots": PLAN["slots"] | slots,
    }
    return Dialplan.model_validate(changed)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("I want my 150 euros back", True),
        ("I want my 40 euros back", False),
        ("I want my money back", False),
    ],
)
async def test_a_topic_with_a_limit_is_met_by_what_is_above_it(
    refunds: Dialplan, text: str, met: bool
) -> None:
    understander = await Understander.create(refunds, LetterEmbedder())
    meaning, _ = await understander.understand(text)
    assert (meaning.topics["refund"] > 0) is met


@pytest.mark.parametrize(("text", "certainty"), [("a hundred and twenty", 1.0), ("80 euros", 0.0)])
async def test_an_amount_that_was_asked_for_meets_it_however_it_is_said(
    refunds: Dialplan, text: str, certainty: float
) -> None:
    understander = await Understander.create(refunds, LetterEmbedder())
    asked = Expectation(kind="amount", slot="sum")
    meaning, _ = await understander.understand(text, asked)
    assert meaning.topics["refund"] == certainty


async def test_an_empty_text_means_nothing(plan: Dialplan) -> None:
    understander = await Understander.create(plan, LetterEmbedder())
    meaning, vector = await understander.understand("")
    assert meaning.entities == {}
    assert vector.shape == (26,)


@pytest.fixture(scope="module")
def heard() -> list[tuple[str, str | None, str, Understanding]]:
    """What the examples make of the second, fourth, ... sentence of each group, none of which
    was used for tuning: section, its intent or topic, the sentence, and what was understood."""
    from voiceagent.speech.embedding import SentenceEmbedder
    from voiceagent.speech.models import locate

    model = SentenceEmbedder(locate("minilm-l6"))

    class Real:
        async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return model.embed(texts)

    async def listen() -> list[tuple[str, str | None, str, Understanding]]:
        found = []
        for name, sections in SENTENCES.items():
            plan = load(DIALPLANS / f"{name}.yaml")
            understander = await Understander.create(plan, Real())
            for section, group in sections.items():
                for label, sentences in (
                    group if isinstance(group, dict) else {None: group}
                ).items():
                    for sentence in sentences[1::2]:
                        meaning, _ = await understander.understand(sentence)
                        if meaning.intent not in plan.intents:
                            meaning = meaning.model_copy(update={"intent": None})
                        found.append((section, label, sentence, meaning))
        return found

    return asyncio.run(listen())


@pytest.mark.models
def test_unseen_sentences_find_their_intent_and_strange_ones_find_none(
    heard: list[tuple[str, str | None, str, Understanding]],
) -> None:
    wishes = [(label, m.intent) for section, label, _, m in heard if section == "intents"]
    wrong = [pair for pair in wishes if pair[1] not in (pair[0], None)]
    strange = [m.intent for section, _, _, m in heard if section in ("out_of_scope", "plain")]
    assert sum(a == b for a, b in wishes) / len(wishes) >= 0.85
    assert len(wrong) / len(wishes) <= 0.08, wrong
    assert strange.count(None) / len(strange) >= 0.85


@pytest.mark.models
def test_topics_are_met_by_meaning_and_plain_requests_do_not_meet_them(
    heard: list[tuple[str, str | None, str, Understanding]],
) -> None:
    spoken = [(label, m.topics) for section, label, _, m in heard if section == "topics"]
    met = [label for label, topics in spoken if label and topics[label] == max(topics.values())]
    sure = [label for label, topics in spoken if label and topics[label] >= 0.5]
    calm = [(text, m.topics) for section, _, text, m in heard if section != "topics"]
    alarms = [text for text, topics in calm if max(topics.values()) >= 0.5]
    assert len(met) / len(spoken) >= 0.8
    assert len(sure) / len(spoken) >= 0.7
    assert len(alarms) / len(calm) <= 0.03, alarms
