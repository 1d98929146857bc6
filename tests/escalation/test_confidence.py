from voiceagent.escalation.confidence import understood
from voiceagent.events import Expectation, Understanding, Utterance, Word

DIGITS = Expectation(kind="digits", slot="order number", min_digits=4, max_digits=4)
CLEAR = Understanding(text="", intent="order", similarity=0.7, margin=0.2, in_scope=True)
STRANGE = Understanding(text="", similarity=0.2, margin=0.01)


def heard(text="where is my order please", **fields):
    return Utterance(text=text, **{"confidence": 0.85, **fields})


def test_a_clear_turn_in_scope_is_understood():
    assert understood(heard(), CLEAR, None).probability > 0.8


def test_words_out_of_scope_are_not_understood():
    result = understood(heard(), STRANGE, None)
    assert result.probability < 0.5
    assert any("nothing the dialplan speaks about" in sentence for sentence in result.evidence)


def test_low_recognition_confidence_lowers_it():
    low = understood(heard(confidence=0.2), CLEAR, None)
    assert low.probability < understood(heard(), CLEAR, None).probability - 0.2
    assert any("20%" in sentence for sentence in low.evidence)


def test_one_doubtful_word_lowers_it():
    def words(doubtful):
        return tuple(
            Word(
                word=word,
                start_s=0.4 * place,
                end_s=0.4 * place + 0.35,
                confidence=doubtful if word == "order" else 0.9,
            )
            for place, word in enumerate(["where", "is", "my", "order", "please"])
        )

    sure = heard(words=words(0.9), least_likely=0.9)
    unsure = heard(words=words(0.05), least_likely=0.05)
    assert understood(unsure, CLEAR, None).probability < understood(sure, CLEAR, None).probability


def test_an_engine_without_confidence_is_said_to_have_none():
    result = understood(heard(confidence=None), CLEAR, None)
    assert "the recogniser gives no confidence" in result.evidence
    assert result.probability > 0.5


def test_an_answer_that_fits_the_question_is_understood_though_out_of_scope():
    answer = STRANGE.model_copy(update={"entities": {"digits": "4711"}})
    assert understood(heard("four seven one one"), answer, DIGITS).probability > 0.8


def test_too_few_digits_do_not_answer_the_question():
    answer = STRANGE.model_copy(update={"entities": {"digits": "47"}})
    result = understood(heard("four seven"), answer, DIGITS)
    assert result.probability < 0.5
    assert any("order number" in sentence for sentence in result.evidence)


def test_a_caller_may_speak_of_something_else_than_was_asked():
    assert understood(heard(), CLEAR, DIGITS).probability > 0.6


def test_silence_taken_for_words_is_not_understood():
    assert understood(heard("you", no_speech=0.95), CLEAR, None).probability < 0.1
    assert understood(heard("."), CLEAR, None).probability == 0.0


def test_a_topic_that_belongs_to_people_is_something_understood():
    topic = STRANGE.model_copy(update={"topics": {"legal": 0.9}})
    assert understood(heard("I will call my lawyer"), topic, None).probability > 0.8


def test_faint_topics_do_not_count_as_understood():
    topic = STRANGE.model_copy(update={"topics": {"legal": 0.05}})
    assert understood(heard(), topic, None).probability < 0.5


def test_what_it_could_have_been_is_told_with_the_doubt():
    other = "wear his mild ardour peas"
    doubt = understood(heard(confidence=0.2, alternatives=(other,)), CLEAR, None)
    assert any(other in sentence for sentence in doubt.evidence)


def test_a_plain_no_belongs_to_what_was_said_before():
    no = STRANGE.model_copy(update={"text": "no", "entities": {"yes_no": False}})
    assert understood(heard("no"), no, None).probability > 0.6


def test_a_correction_is_understood_while_something_else_is_asked():
    entities = {"yes_no": False, "number": 47}
    correction = STRANGE.model_copy(update={"text": "no, four seven", "entities": entities})
    assert understood(heard("no, four seven"), correction, DIGITS).probability > 0.6


def test_a_no_with_a_sentence_of_its_own_beside_it_is_not_understood():
    meaning = STRANGE.model_copy(
        update={"text": "no no something completely different", "entities": {"yes_no": False}}
    )
    assert understood(heard(meaning.text), meaning, Expectation(kind="open")).probability < 0.5
