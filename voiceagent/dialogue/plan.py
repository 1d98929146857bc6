"""The dialplan: what an agent says, asks, looks up, and hands over. See docs/dialplan.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from voiceagent.config.people import Target
from voiceagent.config.section import Section
from voiceagent.dialogue import templates
from voiceagent.dialogue.phrases import Common, Phrases
from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.events import AnswerKind

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Template = Text
"""A sentence with Jinja2 placeholders."""


def _identifier(value: str) -> str:
    if not value.isidentifier() or value.startswith("_"):
        raise ValueError("a name is made of letters, digits and _, such as order_number")
    return value


Name = Annotated[str, AfterValidator(_identifier)]


def plain(name: str) -> str:
    """A name without its underscores."""
    return name.replace("_", " ")


class TurnLimits(Section):
    """Turn-taking while one slot is asked for; what is left out is taken from the settings."""

    decode_after_ms: Annotated[int, Field(ge=20, le=2000)] | None = None
    """Silence after which recognition begins, milliseconds."""
    end_silence_ms: Annotated[int, Field(ge=100, le=5000)] | None = None
    """Silence that ends a turn when nothing is known about what was said, milliseconds."""
    end_silence_whole_ms: Annotated[int, Field(ge=100, le=5000)] | None = None
    end_silence_statement_ms: Annotated[int, Field(ge=100, le=5000)] | None = None
    """Silence that ends a turn that is a whole answer, milliseconds."""
    end_silence_unfinished_ms: Annotated[int, Field(ge=100, le=10000)] | None = None
    """Silence that ends a turn that is plainly unfinished, milliseconds."""
    max_turn_s: Annotated[float, Field(ge=2, le=120)] | None = None
    """A turn longer than this is ended, seconds."""
    no_input_s: Annotated[float, Field(ge=1, le=120)] | None = None
    """Silence after the question until it is asked again, seconds."""


class Slot(Section):
    """Something the caller is asked for."""

    kind: AnswerKind
    """What the answer is made of."""
    prompt: Template
    """The question."""
    reprompts: tuple[Template, ...] = ()
    """The question in other words, one for each further try; the last one is kept."""
    label: Text | None = None
    """How a person would call it, such as "order number"; left out: the slot's name."""
    confirm: Literal[True, False, "unsure"] = "unsure"
    """Whether to read the answer back: yes, no, or only when unsure of having heard it."""
    confirmation: Template | None = None
    """The question that reads back `value`; left out: by kind, from `phrases`."""
    min_digits: Annotated[int, Field(ge=1, le=40)] | None = None
    """Fewest digits of an answer; for kind digits."""
    max_digits: Annotated[int, Field(ge=1, le=40)] | None = None
    """Most digits of an answer; for kind digits."""
    past: bool = False
    """Whether the day lies in the past, such as a date of birth; for kind date."""
    if_no: Template | None = None
    """Said when the answer is no, and the intent ends there; for kind yes_no."""
    choices: dict[Text, tuple[Text, ...]] = Field(default_factory=dict)
    """Answers to choose from, each with other words for it; for kind choice."""
    customer_id: bool = False
    """Whether the answer is what the company knows the customer by."""
    link: bool = False
    """Whether the caller gets a link where the answer can be written, once in a call."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """How often the slot is asked for until a person is offered."""
    turns: TurnLimits = TurnLimits()
    """Turn-taking while this is asked."""

    @field_validator("choices", mode="before")
    @classmethod
    def _plain_list(cls, value: Any) -> Any:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return dict.fromkeys(value, ())
        return value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "choice" and len(self.choices) < 2:
            raise ValueError("a slot of kind choice needs at least two choices")
        if self.kind != "choice" and self.choices:
            raise ValueError("choices are for kind choice: take them out or change the kind")
        if self.kind != "digits" and (self.min_digits or self.max_digits):
            raise ValueError("min_digits and max_digits are for kind digits: take them out")
        if self.kind != "date" and self.past:
            raise ValueError("past is for kind date: take it out")
        if self.kind != "yes_no" and self.if_no:
            raise ValueError("if_no is for kind yes_no: take it out")
        if self.min_digits and self.max_digits and self.min_digits > self.max_digits:
            raise ValueError("min_digits is more than max_digits: exchange them")
        return self


class Intent(Section):
    """Something callers want."""

    examples: Texts
    """How callers say it; six to ten that differ in their words work well."""
    label: Text | None = None
    """How the agent names it, such as "where your order is"; left out: the intent's name."""
    told: Text | None = None
    """How the person who takes the call is told of it, such as "where their order is"; left out:
    made of the label."""
    slots: tuple[Name, ...] = ()
    """Slots asked for, in this order, before the answer."""
    lookup: Name | None = None
    """Look-up made once the slots are filled."""
    answer: Template | None = None
    """What is said at the end. With a look-up, said instead of the look-up's `found`."""
    handover: Name | None = None
    """Hand the caller over, once the slots are filled, to the targets of this topic."""
    follow_up: Template | None = None
    """Asked after the answer; left out: `phrases.anything_else`."""
    ends_call: bool = False
    """Whether the agent hangs up after the answer."""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not (self.answer or self.lookup or self.handover):
            raise ValueError("the intent leads nowhere: give it an answer, a lookup or a handover")
        if self.handover and (self.answer or self.lookup or self.ends_call or self.follow_up):
            raise ValueError("after a handover nothing is said: take out handover or the others")
        return self


class Table(Section):
    """A look-up in rows that lie next to the dialplan, read when it is loaded."""

    file: Text | None = None
    """CSV (first line: the columns) or YAML (a list of rows), relative to the dialplan."""
    rows: tuple[dict[str, Any], ...] = ()
    """The rows themselves, instead of a file."""
    key: Text
    """Column that is searched."""
    value: Template
    """What is searched for, such as "{{ order_number }}"; spaces, dashes and case do not count."""

    @property
    def columns(self) -> frozenset[str]:
        """Names of the rows' fields."""
        return frozenset(column for row in self.rows for column in row)


class Http(Section):
    """A look-up by HTTP that answers with JSON; 404 means not found."""

    url: Template
    """Address; what is put in is percent-encoded, unless marked `| safe`."""
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, Template] = Field(default_factory=dict)
    """Headers; `{{ env.NAME }}` keeps a secret out of the file."""
    body: dict[str, Any] = Field(default_factory=dict)
    """JSON body of a POST; texts in it are templates."""
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 3.0
    """How long the whole request may take, seconds."""
    fields: dict[Name, Text] = Field(default_factory=dict)
    """Names for parts of the answer by path, such as `status: order.parcels.0.status`. None of
    them there means not found. Left out: the top level of the answer."""


class Lookup(Section):
    """Something that is looked up; its result is known to templates by the look-up's name."""

    table: Table | None = None
    http: Http | None = None
    case: Template | None = None
    """Code of an open case, such as "{{ code }}", instead of a table or http: when there is one,
    it is gone on with."""
    found: Template | None = None
    """Said when found."""
    not_found: Template
    """Said when there is no such thing."""
    error: Template | None = None
    """Said when the look-up failed; left out: `phrases.lookup_failed`."""
    ask_again: bool = True
    """When nothing was found, ask for the slots again, within their attempts."""
    identity_check: bool = False
    """Whether it verifies who calls: that nothing is found is then a failed check, of which
    several are flagged for a security review."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.table, self.http, self.case)) != 1:
            raise ValueError("a look-up has a table, http or case: give it one of them")
        return self


class Topic(Section):
    """A topic that always goes to a person."""

    examples: Texts
    """How callers speak of it."""
    label: Text | None = None
    """How it is named to the person; left out: the topic's name."""
    say: Template | None = None
    """Said before the handover; left out: `phrases.handover`."""
    emergency: Template | None = None
    """For danger to life: said at once, instead of `say`, and not interruptible."""
    above: Annotated[float, Field(ge=0)] | None = None
    """Only with more money than this in the same turn does it go to a person."""
    slot: Text | None = None
    """Its answer is taken for such an amount, however it is said; for kind amount."""
    advice: Text | None = None
    """What the person should begin with."""


class Continues(Section):
    """When a conversation goes on where an earlier one of the same customer ended."""

    hours: Annotated[float, Field(ge=0, le=720)] = 24.0
    """How long ago that may be, hours; 0 for never."""
    by: tuple[Literal["number", "customer", "code"], ...] = ("number", "customer", "code")
    """What the customer may be known by: the number that calls, what the company knows them by, or
    the code they were given."""
    after: tuple[Literal["text", "call"], ...] = ("text",)
    """What is gone on with: what was begun in writing, and calls that ended in the middle."""


class Translation(Section):
    """How people who are told in another language call what the dialplan names."""

    intents: dict[Name, Text] = Field(default_factory=dict)
    slots: dict[Name, Text] = Field(default_factory=dict)
    topics: dict[Name, Text] = Field(default_factory=dict)
    advice: dict[Name, Text] = Field(default_factory=dict)
    """The `advice` of topics, by their names."""


class Dialplan(Section):
    """What one agent says and does."""

    name: Text
    """Name of the dialplan."""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"
    """Language spoken, ISO 639-1, with the region where that matters: "en-GB"."""
    voice: Text | None = None
    """Voice of the agent; left out: the one in the settings."""
    facts: dict[Name, Any] = Field(default_factory=dict)
    """What is known about the company, for templates: `{{ facts.hours }}`."""
    vocabulary: tuple[Text, ...] = ()
    """Names of products and people that recognition should expect."""
    greeting: Template
    """The first sentence. It says that a machine is speaking."""
    intents: Annotated[dict[Name, Intent], Field(min_length=1)]
    """What callers may want, by name."""
    slots: dict[Name, Slot] = Field(default_factory=dict)
    """What callers are asked for, by name; the name holds the answer in templates."""
    lookups: dict[Name, Lookup] = Field(default_factory=dict)
    """What is looked up, by name; the name holds the result in templates."""
    topics: dict[Name, Topic] = Field(default_factory=dict)
    """What always goes to a person, by name."""
    targets: dict[Name, Annotated[tuple[Target, ...], Field(min_length=1)]]
    """Who is called for a handover, by topic, in this order. `general` is for all others.
    Extensions, SIP URIs, or names of people and groups in the settings."""
    phrases: Phrases = Phrases()
    """What the agent says in every dialplan."""
    common: Common = Common()
    """How callers say what is understood in every dialplan."""
    translations: dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")], Translation] = (
        Field(default_factory=dict)
    )
    """By language code: labels for people who are told in that language."""
    continues: Continues = Continues()
    """When a conversation goes on where an earlier one of the same customer ended."""
    escalation: Thresholds = Thresholds()
    """When the agent asks again, offers a person, or hands over."""

    @field_validator("targets")
    @classmethod
    def _somebody_for_everything(
        cls, value: dict[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        if "general" not in value:
            raise ValueError('has no "general": name there who takes everything else')
        return value

    def targets_for(self, topic: str) -> tuple[str, ...]:
        """Targets of a topic, those of `general` where it has none."""
        return self.targets.get(topic) or self.targets["general"]

    def label(self, section: str, name: str, language: str | None = None) -> str:
        """How people call an intent, slot or topic; empty where nobody says in that language.

        Args:
            section: "intents", "slots" or "topics"; in another language also "advice".
            language: another language than the dialplan's.
        """
        if language is not None:
            translation = self.translations.get(language, Translation())
            return str(getattr(translation, section).get(name, ""))
        known = getattr(self, section).get(name)
        return (known.label if known else None) or plain(name)

    @property
    def region(self) -> str:
        """Region whose dates, postcodes and telephone numbers are spoken of, ISO 3166."""
        language, _, region = self.language.partition("-")
        return region or {"en": "US"}.get(language, language.upper())

    @property
    def emergency_topics(self) -> frozenset[str]:
        """Topics that are a danger to life."""
        return frozenset(name for name, topic in self.topics.items() if topic.emergency)

    @property
    def hints(self) -> tuple[str, ...]:
        """Words for a recogniser to expect: the vocabulary and every choice."""
        choices = [word for slot in self.slots.values() for word in slot.choices]
        return tuple(dict.fromkeys((*self.vocabulary, *choices)))

    def fixed_prompts(self) -> tuple[str, ...]:
        """Texts that are the same in every call, so that they can be synthesised beforehand."""
        texts = (templates.fixed(text, self.facts) for text in self._spoken())
        return tuple(dict.fromkeys(text for text in texts if text))

    def _spoken(self) -> Iterator[str]:
        yield self.greeting
        for value in self.phrases.model_dump().values():
            yield from (value,) if isinstance(value, str) else value
        for slot in self.slots.values():
            yield from (slot.prompt, *slot.reprompts, *filter(None, (slot.if_no,)))
        for intent in self.intents.values():
            yield from filter(None, (intent.answer, intent.follow_up))
        for lookup in self.lookups.values():
            yield from filter(None, (lookup.found, lookup.not_found, lookup.error))
        for topic in self.topics.values():
            yield from filter(None, (topic.say, topic.emergency))
