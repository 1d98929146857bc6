import time

import pytest

from voiceagent.escalation import lexicon

WORDS = lexicon.load("en")


def test_contractions_are_written_out_and_punctuation_parts_clauses():
    assert (
        WORDS.read("I'm sure you can't, don't you?").plain == "i am sure you can not , do not you"
    )


def test_typographic_apostrophes_read_like_plain_ones():
    assert WORDS.read("I’m angry").plain == WORDS.read("I'm angry").plain


def test_a_hit_quotes_the_callers_own_words():
    hits = WORDS.find(WORDS.read("Well, I'm FED up with this."), WORDS.anger)
    assert any("FED up" in hit.quote for hit in hits)


@pytest.mark.parametrize(
    "text", ["I'm not angry", "I am not really furious", "I was never annoyed"]
)
def test_negated_anger_is_no_hit(text):
    assert WORDS.find(WORDS.read(text), WORDS.anger) == []


def test_negation_ends_with_its_clause():
    assert WORDS.find(WORDS.read("No, I'm angry"), WORDS.anger)


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "’"])
def test_text_without_words_is_empty(text):
    assert WORDS.read(text).plain == ""


def test_a_language_without_a_lexicon_reads_the_english_one():
    assert lexicon.load("xx").language == "en"
    assert lexicon.load("en-GB").language == "en"


def test_a_very_long_turn_is_read_in_bounded_time():
    text = "you are so very very really just " * 200
    started = time.perf_counter()
    WORDS.find(WORDS.read(text), WORDS.anger + WORDS.wish)
    assert time.perf_counter() - started < 0.5
