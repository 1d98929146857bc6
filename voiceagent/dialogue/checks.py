"""What a schema cannot see: names that lead nowhere, templates, sentences used twice.

Works on the document rather than the model, so that it finds its problems beside those of the
schema, in the same run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from voiceagent.dialogue import templates
from voiceagent.dialogue.document import Document, Place, path_text
from voiceagent.dialogue.phrases import Common, Phrases
from voiceagent.events import CallFacts
from voiceagent.language import bare_code

_EVERYWHERE = {"facts", "call", "today"}
_PHRASE_WORDS = {
    "can_help_with": {"labels"},
    "did_you_mean": {"label"},
    "confirm": {"value"},
    "confirm_digits": {"value"},
    "confirm_date": {"value"},
    "confirm_amount": {"value"},
    "confirm_time": {"value"},
    "confirm_spelled": {"value"},
    "confirm_code": {"value"},
    "confirm_phone": {"value"},
    "wrong_digits": {"value", "count"},
    "choose": {"choices"},
    "choose_by_key": {"choices"},
    "nobody_until": {"day", "time"},
    "place_in_queue": {"ahead"},
    "expected_wait": {"minutes"},
    "longer_wait": {"minutes"},
    "callback_confirm": {"number"},
    "resume": {"label", "channel"},
    "text_or_call": {"number", "code"},
}


def check(source: Document) -> None:
    """Add what is wrong between the parts of a dialplan to the document's problems."""
    plan = _Parts(source.value)
    _check_names(source, plan)
    _check_examples(source, plan)
    _check_columns(source, plan)
    _check_translations(source, plan)
    _check_language(source, plan)
    for place, template, words in _templates(plan):
        _check_template(source, plan, place, template, words)


class _Parts:
    """The sections of a document that may be wrong in any way: what fits is kept."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.whole = value
        self.facts = _mapping(value.get("facts"))
        self.slots = _mappings(value.get("slots"))
        self.intents = _mappings(value.get("intents"))
        self.lookups = _mappings(value.get("lookups"))
        self.topics = _mappings(value.get("topics"))
        self.targets = _mapping(value.get("targets"))
        self.phrases = _mapping(value.get("phrases"))

    def slots_of(self, intent: dict[str, Any]) -> set[str]:
        return set(_names(intent.get("slots")))

    def slots_before(self, slot: str) -> set[str]:
        """Slots that are sure to be filled when this one is asked for."""
        orders = [_names(intent.get("slots")) for intent in self.intents.values()]
        before = [set(order[: order.index(slot)]) for order in orders if slot in order]
        return set.intersection(*before) if before else set()

    def slots_for_lookup(self, lookup: str) -> set[str]:
        """Slots that are sure to be filled when the look-up is made."""
        users = [self.slots_of(i) for i in self.intents.values() if i.get("lookup") == lookup]
        return set.intersection(*users) if users else set(self.slots)

    def fields(self, lookup: str) -> set[str] | None:
        """What a look-up's result holds, or None where that is not known beforehand."""
        source = self.lookups.get(lookup, {})
        if isinstance(source.get("table"), dict):
            rows = _list(source["table"].get("rows"))
            return {str(key) for row in rows if isinstance(row, dict) for key in row}
        return set(_mapping(_mapping(source.get("http")).get("fields"))) or None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> dict[str, dict[str, Any]]:
    return {k: v for k, v in _mapping(value).items() if isinstance(v, dict)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(value: Any) -> list[str]:
    return [name for name in _list(value) if isinstance(name, str)]


def _known(source: Document, place: Place, name: Any, known: Iterable[str], what: str) -> None:
    if not isinstance(name, str) or name in known:
        return
    near = difflib.get_close_matches(name, list(known), n=1)
    mend = f"did you mean {near[0]}?" if near else f"define it under `{what}s:`"
    source.problem(place, f"there is no {what} {name!r}", mend)


def _check_names(source: Document, plan: _Parts) -> None:
    topics = {*plan.topics, *plan.targets, "general"}
    for name, intent in plan.intents.items():
        at: Place = ("intents", name)
        for index, slot in enumerate(_list(intent.get("slots"))):
            _known(source, (*at, "slots", index), slot, plan.slots, "slot")
        _known(source, (*at, "lookup"), intent.get("lookup"), plan.lookups, "lookup")
        _known(source, (*at, "handover"), intent.get("handover"), topics, "topic")
    for name, met in plan.topics.items():
        _known(source, ("topics", name, "slot"), met.get("slot"), plan.slots, "slot")
        if met.get("slot") is not None and met.get("above") is None:
            source.problem(
                ("topics", name, "slot"), "no amount is named from which it counts", "add `above`"
            )
    handed = _names([intent.get("handover") for intent in plan.intents.values()])
    for topic in plan.targets:
        if topic != "general" and topic not in plan.topics and topic not in handed:
            _known(source, ("targets", topic), topic, [*plan.topics, "general"], "topic")
    used = {slot for intent in plan.intents.values() for slot in plan.slots_of(intent)}
    for slot in plan.slots:
        if slot not in used:
            source.problem(
                ("slots", slot), "no intent asks for it", "name it under an intent's slots"
            )
    taken = {"facts", "call", "today", "env", "value", "label", "labels", "count"}
    for section, names in (("slots", plan.slots), ("lookups", plan.lookups)):
        for name in names:
            if name in taken or (section == "lookups" and name in plan.slots):
                source.problem((section, name), "the name is taken in templates", "rename it")


def _check_examples(source: Document, plan: _Parts) -> None:
    seen: dict[str, Place] = {}
    for section, owners in (("intents", plan.intents), ("topics", plan.topics)):
        for name, owner in owners.items():
            for index, example in enumerate(_list(owner.get("examples"))):
                place: Place = (section, name, "examples", index)
                key = "".join(c for c in str(example).casefold() if c.isalnum())
                if key and key in seen:
                    other = path_text(seen[key][:2])
                    source.problem(place, f"{other} has the same sentence", "keep it in one place")
                seen.setdefault(key, place)


def _check_columns(source: Document, plan: _Parts) -> None:
    for name, lookup in plan.lookups.items():
        table = _mapping(lookup.get("table"))
        rows, key = _list(table.get("rows")), table.get("key")
        if table and "file" not in table and not rows:
            place: Place = ("lookups", name, "table")
            source.problem(place, "has no rows", "give it `rows:` or a `file:`")
        if rows and isinstance(key, str):
            columns = sorted(plan.fields(name) or ())
            if key not in columns:
                mend = f"write one of its columns: {', '.join(columns)}"
                source.problem(
                    ("lookups", name, "table", "key"), f"there is no column {key!r}", mend
                )


def _check_translations(source: Document, plan: _Parts) -> None:
    handed = {str(intent.get("handover")): None for intent in plan.intents.values()}
    known: dict[str, Iterable[str]] = {
        "intents": plan.intents,
        "slots": plan.slots,
        "topics": {**plan.topics, **plan.targets, **handed},
        "advice": plan.topics,
    }
    for language, translation in _mappings(plan.whole.get("translations")).items():
        for section, names in known.items():
            for name in _mapping(translation.get(section)):
                place: Place = ("translations", language, section, name)
                _known(source, place, name, names, section.removesuffix("s"))


def _check_language(source: Document, plan: _Parts) -> None:
    """What is built in is English: a dialplan of another language gives its own."""
    language = plan.whole.get("language", "en")
    if not isinstance(language, str) or bare_code(language) == "en":
        return
    for section, model in (("phrases", Phrases), ("common", Common)):
        given = _mapping(plan.whole.get(section))
        if missing := [name for name in model.model_fields if name not in given]:
            wrong = f"speaks English, not {language}, in {', '.join(missing)}"
            source.problem((section,), wrong, "give them in that language")


def _templates(plan: _Parts) -> Iterator[tuple[Place, Any, set[str]]]:
    """Every template with its place and the names it may use besides those known everywhere."""
    yield ("greeting",), plan.whole.get("greeting"), set()
    for key, value in plan.phrases.items():
        for place, text in _texts(value, ("phrases", key)):
            yield place, text, _PHRASE_WORDS.get(key, set())
    for name, slot in plan.slots.items():
        before = plan.slots_before(name)
        for key in ("prompt", "reprompts"):
            yield from ((p, t, before) for p, t in _texts(slot.get(key), ("slots", name, key)))
        yield ("slots", name, "if_no"), slot.get("if_no"), {*before, name}
        yield ("slots", name, "confirmation"), slot.get("confirmation"), {*before, "value"}
    for name, topic in plan.topics.items():
        for key in ("say", "emergency"):
            yield ("topics", name, key), topic.get(key), set()
    for name, intent in plan.intents.items():
        words = plan.slots_of(intent)
        if isinstance(intent.get("lookup"), str):
            words.add(intent["lookup"])
        for key in ("answer", "follow_up"):
            yield ("intents", name, key), intent.get(key), words
    for name, lookup in plan.lookups.items():
        slots = plan.slots_for_lookup(name)
        at: Place = ("lookups", name)
        yield (*at, "case"), lookup.get("case"), slots
        yield (*at, "found"), lookup.get("found"), {*slots, name}
        yield (*at, "not_found"), lookup.get("not_found"), slots
        yield (*at, "error"), lookup.get("error"), slots
        yield (*at, "table", "value"), _mapping(lookup.get("table")).get("value"), slots
        http = _mapping(lookup.get("http"))
        for key in ("url", "headers", "body"):
            yield from (
                (place, text, {*slots, "env"})
                for place, text in _texts(http.get(key), (*at, "http", key))
            )


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))


def _check_template(
    source: Document, plan: _Parts, place: Place, template: Any, words: set[str]
) -> None:
    if not isinstance(template, str):
        return
    if problem := templates.syntax_problem(template):
        source.problem(place, f"the template is wrong ({problem})", "mend the part in {{ }}")
        return
    may_use = _EVERYWHERE | words
    for name, attribute in sorted(templates.references(template)):
        if name not in may_use:
            if not attribute:
                source.problem(place, f"{name!r} is not known here", _meant(plan, name, may_use))
            continue
        known = _attributes(plan, name)
        if attribute and known is not None and attribute not in known:
            near = difflib.get_close_matches(attribute, list(known), n=1)
            mend = f"did you mean {name}.{near[0]}?" if near else f"known: {', '.join(known)}"
            source.problem(place, f"{name} has no {attribute!r}", mend)


def _meant(plan: _Parts, name: str, may_use: set[str]) -> str:
    if name in plan.facts:
        return f"write facts.{name}"
    if name in plan.slots:
        return "add the slot to the slots of every intent that comes here"
    near = difflib.get_close_matches(name, sorted(may_use), n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(may_use))}"


def _attributes(plan: _Parts, name: str) -> list[str] | None:
    if name == "facts":
        return sorted(plan.facts)
    if name == "call":
        return sorted(CallFacts.model_fields)
    fields = plan.fields(name) if name in plan.lookups else None
    return sorted(fields) if fields is not None else None
