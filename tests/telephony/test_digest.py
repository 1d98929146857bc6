"""Answers to digest challenges, by the examples of the RFCs."""

from __future__ import annotations

import re

import pytest

from voiceagent.telephony import digest


def test_a_challenge_without_qop_is_answered_as_in_rfc_2069() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    given = digest.answer(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in given
    assert "qop" not in given


def test_a_challenge_with_qop_is_answered_as_in_rfc_2617(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest.secrets, "token_hex", lambda size: "0a4f113b")
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", algorithm=MD5, '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    given = digest.answer(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life")
    assert 'response="6629fae49393a05397450978507c4ef1"' in given
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in given
    assert re.search(r"qop=auth, nc=00000001$", given)


@pytest.mark.parametrize(
    ("challenge", "asks_for"),
    [
        ('Basic realm="x"', "Basic"),
        ('Digest realm="x", nonce="y", algorithm=AKAv1-MD5', "AKAv1"),
        ('Digest realm="x", nonce="y", qop="auth-int"', "auth-int"),
    ],
)
def test_what_cannot_be_answered_is_told(challenge: str, asks_for: str) -> None:
    with pytest.raises(digest.CannotAnswer, match=asks_for):
        digest.answer(challenge, "OPTIONS", "sip:a@b", "u", "p")
