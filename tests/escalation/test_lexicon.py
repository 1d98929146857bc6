import time

import pytest

from voiceagent.escalation import lexicon
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.escalation.wish import wish_for_person
from voiceagent.escalation.words import anger_in_words

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


@pytest.fixture
def french(tmp_path, monkeypatch):
    """A language that somebody adds: two files in the folder of the lexicon."""
    (tmp_path / "fr.yaml").write_text(
        """
language: fr
contractions: {"c'est": "ce est"}
negations: [pas, jamais]
pieces: {}
anger:
  groups:
    - {says: une insulte, weight: 4.0, negatable: true, patterns: ["nuls?|incapables?"]}
  calm:
    - {says: merci, weight: -2.0, patterns: ["merci"]}
wish:
  groups:
    - {says: veut une personne, weight: 4.5, patterns: ["un conseiller|quelqu'un"]}
  against:
    - {says: ne veut personne, weight: -7.0, refuses: true, patterns: ["pas besoin .*"]}
""",
        encoding="utf-8",
    )
    (tmp_path / "fr-prototypes.yaml").write_text(
        "anger: [Vous êtes nuls.]\nwish: [Passez-moi un conseiller.]\n", encoding="utf-8"
    )
    english = lexicon.files(lexicon.__name__)
    for name in ("en.yaml", "en-prototypes.yaml", "en-weights.json"):
        (tmp_path / name).write_text((english / name).read_text(encoding="utf-8"))
    monkeypatch.setattr(lexicon, "files", lambda package: tmp_path)
    lexicon.load.cache_clear()
    yield "fr-CA"
    lexicon.load.cache_clear()


async def test_a_language_has_a_place_of_its_own(french, word_embedder):
    prototypes = await Prototypes.create(word_embedder, french)
    angry = "Vous êtes tous des incapables"
    for vector in (None, word_embedder.one(angry)):
        probability, evidence = anger_in_words(angry, vector, prototypes)
        assert probability > 0.75
        assert evidence == ("une insulte: “incapables”",)
    assert anger_in_words("Merci, c'est parfait", None, prototypes)[0] < 0.1
    assert wish_for_person("Je voudrais un conseiller", None, prototypes).probability > 0.5
    refused = wish_for_person("Je n'ai pas besoin d'un conseiller", None, prototypes)
    assert refused.refused
    assert refused.probability < 0.5


def test_what_was_learned_of_english_judges_no_other_language(french):
    assert lexicon.load("en-GB").anger_weights is not None
    assert lexicon.load(french).anger_weights is None
    assert lexicon.load("de").anger_weights is None
