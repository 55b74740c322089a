"""Page tokens: opaque, and nothing but what was given out is taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.refusal import Refusal
from pointsman.operations.filters import ordering
from pointsman.operations.paging import Cursor, decode_token, encode_token

keys = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4).map(tuple)


@given(keys, st.booleans())
def test_a_token_is_what_it_was_made_of(key: tuple[int, ...], back: bool) -> None:
    token = encode_token(Cursor(key, back))
    assert token.startswith("PA") and token[2:].isalnum()
    assert decode_token(token, len(key)) == Cursor(key, back)
    with pytest.raises(Refusal):
        decode_token(token, len(key) + 1)


@given(st.text(max_size=40))
def test_anything_else_is_refused(text: str) -> None:
    for token in (text, "PA" + text, "PA" + text.encode().hex()):
        with pytest.raises(Refusal) as caught:
            decode_token(token, 3)
        assert (caught.value.status, caught.value.code) == (400, 21481)


@pytest.mark.parametrize("text", ["A:asc,A:desc", "B:asc", "A", "A:", ":asc", "A:ASC", "A:asc;", "A:asc,C:desc"])
def test_orders_that_make_no_sense(text: str) -> None:
    with pytest.raises(Refusal, match="Ordering"):
        ordering(text, {"A": id, "C": id}, frozenset({"A", "C"}))
