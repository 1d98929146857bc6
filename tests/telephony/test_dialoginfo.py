"""Whether a phone is in a call, from dialog-info documents."""

from __future__ import annotations

import pytest

from voiceagent.telephony.dialoginfo import Dialogs, NoDialogInfo


def document(*dialogs: tuple[str, str], state: str = "full") -> str:
    inside = "".join(f'<dialog id="{i}"><state>{s}</state></dialog>' for i, s in dialogs)
    return (
        '<?xml version="1.0"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" '
        f'version="0" state="{state}" entity="sip:6001@pbx">{inside}</dialog-info>'
    )


@pytest.mark.parametrize(
    ("dialogs", "busy"),
    [
        ((), ""),
        ((("1", "terminated"),), ""),
        ((("1", "early"),), "early"),
        ((("1", "terminated"), ("2", "confirmed")), "confirmed"),
    ],
)
def test_a_call_that_has_not_ended_makes_busy(
    dialogs: tuple[tuple[str, str], ...], busy: str
) -> None:
    calls = Dialogs()
    calls.take(document(*dialogs))
    assert calls.busy == busy


def test_a_partial_document_changes_what_it_names_and_a_full_one_everything() -> None:
    calls = Dialogs()
    calls.take(document(("1", "confirmed"), ("2", "early")))
    calls.take(document(("2", "terminated"), state="partial"))
    assert calls.busy == "confirmed"
    calls.take(document(("3", "terminated")))
    assert calls.busy == ""


@pytest.mark.parametrize(
    "body",
    [
        "busy",
        "<presence/>",
        '<!DOCTYPE x [<!ENTITY a "b">]><dialog-info/>',
        '<dialog-info xmlns="urn:else"/>',
    ],
)
def test_what_is_no_dialog_info_is_refused(body: str) -> None:
    with pytest.raises(NoDialogInfo):
        Dialogs().take(body)
