"""What callers say in every dialplan: to hear it again, to say goodbye, to ask for a moment."""

from __future__ import annotations

import re

REPEAT, GOODBYE, HELLO = "repeat", "goodbye", "hello"
WAIT, THANKS, HELP = "wait", "thanks", "help"

WISHES = (REPEAT, GOODBYE, HELLO, WAIT, THANKS, HELP)

EXAMPLES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        REPEAT: (
            "can you repeat that please",
            "say that again",
            "sorry, what did you say",
            "I didn't hear you",
            "pardon",
            "come again",
            "could you say that one more time",
        ),
        GOODBYE: (
            "goodbye",
            "no, that's all, thank you",
            "that's everything, bye",
            "nothing else, thanks",
            "that was all I wanted",
            "have a nice day, bye bye",
        ),
        HELLO: (
            "hello",
            "hello, is anyone there",
            "can you hear me",
            "hi, good morning",
            "are you still there",
        ),
        WAIT: (
            "hold on a second",
            "one moment please",
            "wait, let me find it",
            "give me a minute, I have to look for it",
            "just a second",
        ),
        THANKS: (
            "thank you very much",
            "great, thanks a lot",
            "you have been very helpful",
            "that was quick, good service",
            "I am really happy with it",
        ),
        HELP: (
            "what can you do",
            "what can you help me with",
            "what are my options",
            "what can I ask you",
        ),
    }
}
"""Example sentences by language and intent, beside a dialplan's own."""

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "en": (
        "yes please",
        "no",
        "okay, thank you very much",
        "that's correct",
        "I'm not sure",
        "I don't know",
        "I don't have it with me",
        "let me think about it",
        "my name is Peter Brown",
        "one two three four five six",
        "next Monday",
        "in the afternoon",
        "the second one",
        "it's written on the paper",
        "that was on Wednesday I think",
        "it came by mail",
        "could you speak up a bit",
        "you are speaking too fast",
        "is this a robot",
        "how are you today",
        "I'm in the kitchen right now",
        "not you, I was talking to my wife",
        "the children are making a lot of noise",
        "it is going to rain all week",
        "tell me something funny",
        "what time is it now",
        "who wrote this book",
        "how far is it to the moon",
        "what is two plus two",
        "I want to hear a song",
        "the game last night was great",
        "how do I cook rice",
        "I'd like to reserve a hotel room",
        "my computer does not start",
        "when does the next bus leave",
        "I'm looking for a job",
        "thanks for watching this video",
        "and then he went home with his brother",
        "you know, the thing, the other one",
        "the green car is standing in the garage",
    )
}
"""Sentences that mean nothing to any dialplan: what is nearer to them is out of scope."""

_LITERAL = {
    REPEAT: r"(sorry )?((can|could|would) you )?(please )?(repeat( that| it)?|say (that|it) again|"
    r"(i beg your )?pardon( me)?|come again|what did you (just )?say|what was that|once more|"
    r"one more time|what|huh)( again)?( please)?",
    GOODBYE: r"((no|nope|okay|ok|well|great|thanks|thank you|and|alright|all right|perfect) )*"
    r"((good ?bye|bye( bye)?|see you|that'?s (all|it|everything)( for (today|now))?|that is all|"
    r"that (was|will be|would be) (all|it|everything)|nothing (else|more)|i'?m (all )?"
    r"(good|done|fine|set)|have a (nice|good) (day|one|evening|weekend))"
    r"( (thanks|thank you|very much|so much|then|for now|for your help|and|i need(ed)?|"
    r"i wanted|to you))*( |$))+",
    WAIT: r"(yes |okay |ok )?(hold on|hang on|wait|one (moment|second|minute|sec)|"
    r"just a (moment|second|minute|sec)|give me a (moment|second|minute|sec)|"
    r"let me (check|look|see|find it|get it))"
    r"( a)?( (moment|second|minute|sec|please|i'?ll (look|check|get it)|let me (check|look|see)))*",
}
_LONGEST = 100
_PATTERNS = {name: re.compile(rf"(?:{pattern})\s*") for name, pattern in _LITERAL.items()}


def literal(text: str) -> str | None:
    """The common intent that the whole text literally is, or None."""
    if len(text) > _LONGEST:
        return None
    said = " ".join(re.sub(r"[^\w\s']", " ", text.lower().replace("’", "'")).split())
    return next((name for name, pattern in _PATTERNS.items() if pattern.fullmatch(said)), None)
