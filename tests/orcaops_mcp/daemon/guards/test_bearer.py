"""The Authorization header, whatever stands in it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops_mcp.daemon.guards.bearer import UnreadableTokenError, has_token_in_address, offered_token

_PRINTABLE = string.digits + string.ascii_letters + string.punctuation
_SPACES = st.text(" ", max_size=4)
_FAULTS = {
    "",
    "There is more than one Authorization header.",
    "The Authorization header is not of the Bearer scheme.",
    "The Authorization header must hold one token: printable ASCII without spaces.",
}


@given(st.lists(st.binary(max_size=64), max_size=3))
def test_any_bytes_are_a_token_without_spaces_or_a_fault_that_repeats_nothing(values: list[bytes]) -> None:
    try:
        token = offered_token(values)
    except UnreadableTokenError as error:
        fault = str(error)
        token = None
    else:
        fault = ""
    assert fault in _FAULTS
    if fault:
        return
    if token is None:
        assert values == []
    else:
        assert token in values[0]
        assert token.isascii()
        assert not any(chr(byte).isspace() for byte in token)


@given(
    token=st.text(_PRINTABLE, min_size=1, max_size=512),
    scheme=st.sampled_from(["Bearer", "bearer", "BEARER", "bEaReR"]),
    before=_SPACES,
    between=st.text(" ", min_size=1, max_size=4),
    after=_SPACES,
)
def test_a_bearer_token_is_read_as_it_was_written(
    token: str, scheme: str, before: str, between: str, after: str
) -> None:
    assert offered_token([f"{before}{scheme}{between}{token}{after}".encode()]) == token.encode()


@given(st.text(min_size=1, max_size=20).filter(lambda text: text.strip().lower() != "bearer" and " " not in text))
def test_no_other_scheme_is_taken(scheme: str) -> None:
    with pytest.raises(UnreadableTokenError):
        offered_token([f"{scheme} correct-horse-battery".encode()])


@given(st.binary(max_size=200))
def test_any_query_can_be_looked_at(query: bytes) -> None:
    assert has_token_in_address(query) in (True, False)


@pytest.mark.parametrize("query", [b"", b"name=token", b"tokens=1", b"q=a%26token%3Dx", b"&&=&"])
def test_only_what_is_called_a_token_is_one(query: bytes) -> None:
    assert not has_token_in_address(query)
