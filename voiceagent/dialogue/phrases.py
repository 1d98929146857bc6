"""What an agent says in every dialplan, with English wording where a plan gives none."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from voiceagent.config.section import Section

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Sentences = Annotated[tuple[Sentence, ...], Field(min_length=1)]


class Common(Section):
    """The ``common`` section: how callers say what is understood in every dialplan.

    Beside the English that is built in; another language gives all of them.
    """

    repeat: tuple[Sentence, ...] = ()
    """To hear the last sentence again."""
    goodbye: tuple[Sentence, ...] = ()
    """To say that this was all."""
    hello: tuple[Sentence, ...] = ()
    """To hear whether anyone is there."""
    wait: tuple[Sentence, ...] = ()
    """To ask for a moment."""
    thanks: tuple[Sentence, ...] = ()
    """To say thank you."""
    help: tuple[Sentence, ...] = ()
    """To hear what the agent can do."""
    elsewhere: tuple[Sentence, ...] = ()
    """Sentences that mean nothing to the dialplan: what is nearer to them is out of scope."""
    choose_wait: tuple[Sentence, ...] = ()
    """To wait for a person when nobody is free."""
    choose_callback: tuple[Sentence, ...] = ()
    """To be called back."""
    choose_message: tuple[Sentence, ...] = ()
    """To leave a message."""
    choose_go_on: tuple[Sentence, ...] = ()
    """To go on with the agent."""
    yes: tuple[Sentence, ...] = ()
    """Words that an answer begins with when it is a yes."""
    no: tuple[Sentence, ...] = ()
    """Words that an answer begins with when it is a no."""


class Phrases(Section):
    """The ``phrases`` section. Lists are said in turn, the last one from then on."""

    how_can_i_help: Sentence = "What can I do for you?"
    """Asked when nothing else is open."""
    anything_else: Sentence = "Is there anything else I can do for you?"
    """Asked after an answer."""
    go_ahead: Sentence = "Of course. What else can I do for you?"
    """Said when the caller says yes to `anything_else`."""
    take_your_time: Sentence = "Take your time."
    """Said when the caller asks for a moment."""
    welcome: Sentence = "You are welcome."
    """Said when the caller says thank you."""
    hello_again: Sentence = "Hello, I can hear you."
    """Said when the caller says hello or asks whether anyone is there."""
    no_input: Sentences = (
        "I did not hear anything.",
        "I still cannot hear you. If your phone is muted, please switch the sound back on.",
        "I am still here, but I cannot hear you.",
    )
    """Said when the caller is silent, before the question is asked again."""
    no_match: Sentences = (
        "Sorry, I did not get that. Could you say it in other words?",
        "I am afraid I still do not follow. In a few words, what is it about?",
        "I am sorry, I do not understand.",
    )
    """Said when a free question was not understood."""
    no_match_slot: Sentences = (
        "Sorry, I did not get that.",
        "I am afraid I missed that again.",
    )
    """Said when the answer to a slot was not understood, before it is asked for again."""
    can_help_with: Sentence = "I can help you with {{ labels }}."
    """Said after the second `no_match`: names what the dialplan speaks about."""
    did_you_mean: Sentence = "Did you want to know about {{ label }}?"
    """Asked when a wish was heard but is doubtful."""
    confirm: Sentence = "I have {{ value }}. Is that right?"
    """Reads back a number, a name, an e-mail address or a choice."""
    confirm_digits: Sentence = "I have {{ value | digits }}. Is that right?"
    """Reads back digits."""
    confirm_date: Sentence = "That is {{ value | date }}. Is that right?"
    """Reads back a date."""
    confirm_amount: Sentence = "That is {{ value | amount }}. Is that right?"
    """Reads back an amount of money."""
    confirm_time: Sentence = "That is {{ value | time }}. Is that right?"
    """Reads back a time of day."""
    confirm_spelled: Sentence = "I have {{ value }}, spelled {{ value | spell }}. Is that right?"
    """Reads back a name that was spelled, letter by letter."""
    confirm_code: Sentence = "I have {{ value | spell }}. Is that right?"
    """Reads back a code or a postcode."""
    confirm_phone: Sentence = "I have {{ value | phone }}. Is that right?"
    """Reads back a telephone number."""
    confirm_yes: Sentence = "I understood yes. Is that right?"
    """Reads back a yes."""
    confirm_no: Sentence = "I understood no. Is that right?"
    """Reads back a no."""
    yes_or_no: Sentence = "Please say yes or no."
    """Said before a yes-or-no question is asked again."""
    wrong_digits: Sentence = "I heard {{ value | digits }}, which is {{ count }} digits."
    """Said when the number of digits cannot be right, before the slot is asked for again."""
    let_me_look: Sentence = "Let me look that up."
    """Said while something is looked up."""
    lookup_failed: Sentence = "I am sorry, I cannot look that up at the moment."
    """Said when a look-up failed."""
    answer_failed: Sentence = "I am sorry, I cannot answer that at the moment."
    """Said when a template failed at run time; the log tells why."""
    offer_person: Sentence = "Would you like to speak to someone?"
    """Offers a person; answered by yes or no."""
    offer_again: Sentence = "Shall I put you through to someone? Please say yes or no."
    """Offers a person when the answer was neither."""
    go_on: Sentence = "All right, let us go on."
    """Said when the offer was declined."""
    handover: Sentence = (
        "I will put you through to a colleague, who will already know what this is about. "
        "Please stay on the line."
    )
    """Announces a handover."""
    hold: Sentence = "One moment, please."
    """Said before the music while a person is called."""
    nobody_free: Sentence = "I am sorry, nobody could take your call just now."
    """Said when no person could be reached, before the agent goes on."""
    handed_back: Sentence = "You are talking to the voice agent again."
    """Said when a person has given the caller back, before the agent goes on."""
    choose: Sentence = "You can {{ choices | spoken_list('or') }}. What would you like?"
    """Asked when nobody is free; `choices` are those below, as the settings offer them."""
    choose_by_key: Sentence = (
        "Please say it in a few words, or press {% for choice in choices %}"
        "{{ loop.index }} to {{ choice }}{{ '.' if loop.last else ', ' }}{% endfor %}"
    )
    """Asked when the choice was not understood: the first key is for the first choice."""
    choice_wait: Sentence = "wait for someone"
    """The choice to wait with music."""
    choice_callback: Sentence = "be called back"
    """The choice to be called back."""
    choice_message: Sentence = "leave a message"
    """The choice to leave a message."""
    choice_go_on: Sentence = "go on with me"
    """The choice to go on with the agent."""
    nobody_until: Sentence = "Somebody is here again {{ day | date }}, at {{ time | time }}."
    """Said when nobody works at this hour."""
    place_in_queue: Sentence = (
        "{{ 'One caller is' if ahead == 1 else ahead ~ ' callers are' }} waiting before you."
    )
    """Said to a caller who has others before them."""
    expected_wait: Sentence = (
        "It will probably take up to {{ 'a minute' if minutes == 1 else minutes ~ ' minutes' }}."
    )
    """Said where it is known from how long people talked of late."""
    longer_wait: Sentence = (
        "I am sorry, it takes longer than I said: probably up to "
        "{{ 'another minute' if minutes == 1 else minutes ~ ' more minutes' }}."
    )
    """The same, when less was said before."""
    wait_music: Sentence = (
        "I will keep trying, and play you some music. Press any key if you do not want to wait."
    )
    """Said before the music."""
    still_waiting: Sentence = "Thank you for waiting. I am still trying."
    """Said now and then to a caller who waits."""
    waited_long: Sentence = "I am sorry, nobody has become free."
    """Said when a caller has waited as long as they can."""
    callback_confirm: Sentence = "Shall we call you back on {{ number | phone }}?"
    """Asked before a callback is put down."""
    callback_number: Sentence = "On which number shall we call you? You can key it in."
    """Asks for another number."""
    callback_noted: Sentence = "Thank you. We will call you back as soon as somebody is free."
    """Said when a callback was put down."""
    leave_message: Sentence = (
        "Please speak after the tone. When you have finished, press any key, or just wait."
    )
    """Said before a message is recorded."""
    message_empty: Sentence = "I did not hear a message."
    """Said when there was none."""
    message_noted: Sentence = "Thank you. I pass your message on, with all that you have told me."
    """Said when a message was left."""
    speech_lost: Sentence = (
        "I am sorry, I have a technical problem and cannot hear you properly. "
        "I will put you through to someone."
    )
    """Said when recognition is gone; made beforehand."""
    resume: Sentence = (
        "I see that you {{ 'wrote to' if channel == 'text' else 'called' }} us about {{ label }}. "
        "Shall we go on with that?"
    )
    """Asked after the greeting when an earlier conversation has left something open; `channel` is
    "text" or "call"."""
    link_sent: Sentence = (
        "You can also write it: I have sent a link to the number that you are calling from."
    )
    """Said once the caller was sent a link where they can write."""
    text_handover: Sentence = (
        "I have passed this on to a colleague, with all that you have written. "
        "They will answer you here."
    )
    """Written instead of `handover`, where a conversation is in writing."""
    text_or_call: Sentence = (
        "If you would rather talk to somebody, call {{ number }} and say that you have the code "
        "{{ code }}."
    )
    """Written after it, when the settings have a number to call."""
    goodbye: Sentence = "Thank you for calling. Goodbye."
    """The last sentence."""
