"""Signatures: the vectors on which Twilio's Python and Node libraries agree, and Twilio's own validator."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from pointsman.outbound.signature import signature

TOKEN = "12345"
BODY_HASH = hashlib.sha256(b'{"a":1}').hexdigest()


def test_a_form_to_a_url_with_a_query() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature(TOKEN, url, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_a_form_to_a_port_with_an_empty_value_and_other_letters() -> None:
    fields = {
        "AccountSid": "AC" + 32 * "a",
        "WorkspaceSid": "WS" + 32 * "c",
        "EventType": "task.created",
        "TaskAttributes": '{"a":"é"}',
        "TaskCanceledReason": "",
    }
    assert signature(TOKEN, "http://127.0.0.1:9000/events?x=1", fields) == "cHju2XpyT+u95jyhw0HWcdSf8uc="


def test_a_body_that_is_signed_by_its_hash_in_the_url() -> None:
    url = f"https://x.example/h?bodySHA256={BODY_HASH}"
    assert signature(TOKEN, url, {}) == "d5cRwg/b9lKaR9rkc4ffZgzN/0M="


@given(
    st.sampled_from(["https://example.com", "http://example.com:8080/a/b?c=%20d", "http://u:p@example.com/?x"]),
    st.dictionaries(st.text(min_size=1), st.text(), max_size=8),
    st.text(min_size=1),
)
def test_twilios_validator_agrees(url: str, fields: dict[str, str], token: str) -> None:
    fields = {_sendable(name): _sendable(value) for name, value in fields.items()}
    token = _sendable(token)
    assert signature(token, url, fields) == RequestValidator(token).compute_signature(url, fields)


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
