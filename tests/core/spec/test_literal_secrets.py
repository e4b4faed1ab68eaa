from __future__ import annotations

import pytest

from core.spec.literal_secrets import find_token, looks_like_secret


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("AKIA" + "ABCDEFGHIJKLMNOP", "an access key of AWS"),
        ("login with ghp_" + "a1B2" * 9 + " now", "a token of GitHub"),
        ("xoxb-" + "1234567890-abcdefghij", "a token of Slack"),
        ("sk-" + "a1B2" * 6, "a key of an AI service"),
        ("sk-ant-api03-" + "a1B2" * 6, "a key of an AI service"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + "a1B2" * 6, "a JSON Web Token"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc", "a private key"),
    ],
)
def test_tokens_of_known_kinds_are_found_by_their_shape(text: str, kind: str) -> None:
    found = find_token(text)
    assert found is not None
    assert found.kind == kind
    assert 0 <= found.start < found.stop <= len(text)


@pytest.mark.parametrize(
    "text", ["", "sk-short", "risk-assessment-of-everything", "AKIAIOSFODNN7EXAMPLE", "eyJub3QuYSI6dG9rZW4", "a" * 99]
)
def test_what_only_looks_a_little_like_a_token_is_not_found(text: str) -> None:
    assert find_token(text) is None


@pytest.mark.parametrize("name", ["TOKEN", "GITHUB_TOKEN", "PGPASSWORD", "db_password", "MY_SECRET", "X_API_KEY"])
def test_a_variable_with_the_name_of_a_secret_and_a_value_looks_like_one(name: str) -> None:
    assert looks_like_secret(name, "abc-def")


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOKEN_URL", "abc-def"), ("TOKENS", "abc-def"), ("TOKEN", ""), ("TOKEN", "12345"), ("PASSWORD", "/run/secret")],
)
def test_other_names_and_values_that_are_none_do_not(name: str, value: str) -> None:
    assert not looks_like_secret(name, value)
