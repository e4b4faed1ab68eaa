"""What a success was of."""

from __future__ import annotations

from core.plan.fingerprint import fingerprint

DEFINITION = {"image": "alpine", "steps": [{"commands": ["make"]}], "env": {"A": "1", "B": "${{ secrets.B }}"}}


def test_equal_definitions_have_equal_fingerprints_whatever_the_order_of_keys() -> None:
    other = {key: DEFINITION[key] for key in reversed(DEFINITION)}
    one, same = fingerprint(DEFINITION), fingerprint(other)
    assert one == same
    assert len(one.digest) == 64
    assert one.changes(same) == ()


def test_what_says_how_a_job_is_run_and_shown_does_not_count() -> None:
    shown = {**DEFINITION, "name": "x", "timeout_s": 5, "retry": {"max": 3}, "concurrency": {"group": "g"}}
    steps = {"steps": [{"commands": ["make"], "name": "Make", "timeout_s": 5, "retry": {"max": 1}}]}
    assert fingerprint({**shown, **steps}) == fingerprint(DEFINITION)
    assert fingerprint({**DEFINITION, "steps": [{"commands": ["make"], "if": "always()"}]}) != fingerprint(DEFINITION)


def test_a_change_is_told_by_its_part() -> None:
    before = fingerprint(DEFINITION, images={"alpine": "sha256:1"}, matrix={"os": "a"}, read=[("inputs.x", 1)])
    after = fingerprint(
        {**DEFINITION, "env": {"A": "2", "C": ""}},
        images={"alpine": "sha256:2"},
        matrix={"os": "b"},
        read=[("inputs.x", 2)],
    )
    assert after.changes(before) == ("digest of alpine", "env.A", "env.B", "env.C", "inputs.x", "matrix.os")


def test_the_values_of_secrets_stay_out() -> None:
    one = fingerprint(DEFINITION, read=[("secrets.B", "one"), ("SECRETS['B']", "one")])
    assert one == fingerprint(DEFINITION, read=[("secrets.B", "two")])


def test_an_empty_definition_has_a_fingerprint() -> None:
    assert fingerprint({"env": None}).parts.keys() == {"env"}
