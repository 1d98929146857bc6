from voiceagent.escalation.repetition import Repetition
from voiceagent.events import Expectation, Understanding

NOTHING = Understanding(text="")


def counts(embedder, *texts):
    repetition = Repetition()
    return [repetition.hear(text, embedder.one(text), NOTHING, None) for text in texts]


def test_the_same_request_is_counted(word_embedder):
    assert counts(word_embedder, *["where is my order then"] * 3) == [0, 1, 2]


def test_another_request_starts_anew(word_embedder):
    texts = ["where is my order then", "what time do you open tomorrow"]
    assert counts(word_embedder, *texts) == [0, 0]


def test_short_answers_are_never_a_loop(word_embedder):
    assert counts(word_embedder, *["yes please"] * 5) == [0] * 5


def test_an_answer_to_the_question_is_never_a_loop(word_embedder):
    repetition = Repetition()
    text = "it is four seven one one"
    digits = Understanding(text=text, entities={"digits": "4711"})
    for _ in range(4):
        vector = word_embedder.one(text)
        assert repetition.hear(text, vector, digits, Expectation(kind="digits")) == 0


def test_a_request_that_was_met_may_come_again(word_embedder):
    repetition = Repetition()
    text = "where is my order then"
    repetition.hear(text, word_embedder.one(text), NOTHING, None)
    repetition.forget()
    assert repetition.hear(text, word_embedder.one(text), NOTHING, None) == 0


def test_without_embeddings_the_words_decide():
    repetition = Repetition()
    assert [
        repetition.hear(text, None, NOTHING, None)
        for text in ("Where is my order?", "where is my order")
    ] == [0, 1]
