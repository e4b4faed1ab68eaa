"""What a job's texts name is all that they need: with that alone they come to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.workflow.named import named_by, secrets_named, values_of
from core.plan.compile import EVERYTHING, Templates
from core.plan.expressions.surroundings import Surroundings
from core.plan.foresight import Unknown
from core.plan.interpolate import interpolate_text, parse_template

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXTS: Mapping[str, Any] = {
    "inputs": {"who": "me", "Count": 3, "deep": {"list": [1, {"a": "b"}]}},
    "needs": {
        "build": {"outputs": {"tag": "1.0", "other": "x"}, "result": "success", "variants": None},
        "test": {"outputs": {}, "variants": [{"outputs": {"n": "1"}}, {"outputs": {"n": "2"}}]},
    },
    "jobs": {"build": {"status": "success"}},
    "matrix": {"key": "tag", "on": True},
    "vars": {"A": "a"},
    "github": {"ref": "refs/heads/main"},
}

EXPRESSIONS = (
    "inputs.who", "INPUTS.WHO", "inputs['count']", "inputs[matrix.key]", "needs.build.outputs[matrix.key]",
    "needs.*.result", "join(needs.test.variants.*.outputs.n, '+')", "toJSON(inputs.deep)", "needs.none.outputs.x",
    "format('{0}-{1}', github.ref, vars.A)", "matrix.on && jobs.build.status || 'no'", "contains(needs.*.result, 'x')",
    "github.nothing", "matrix", "inputs.deep.list[1].a == 'b'", "!vars.B", "case(matrix.on, inputs.who, vars.A)",
)  # fmt: skip


@given(st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=4))
def test_texts_come_to_the_same_with_what_they_name(expressions: list[str]) -> None:
    text = "/".join(f"${{{{ {each} }}}}" for each in expressions)
    template = parse_template(text, EVERYTHING)
    everything = Surroundings(CONTEXTS)
    given_them = Surroundings(values_of(named_by(Templates(), [text]), everything))
    assert interpolate_text(template, given_them) == interpolate_text(template, everything)


def test_entries_that_nobody_names_are_left_out() -> None:
    named = named_by(Templates(), ["${{ needs.build.outputs.tag }}"], ["inputs.who == 'me'"])
    values = values_of(named, Surroundings(CONTEXTS))
    assert {context: list(entries or ()) for context, entries in named.items()} == {
        "needs": ["BUILD"], "inputs": ["WHO"],
    }  # fmt: skip
    assert "test" not in str(values)
    assert "Count" not in str(values)


def test_what_only_the_job_makes_is_no_value() -> None:
    named = named_by(Templates(), ["${{ steps.a.outputs.b }} ${{ env.X }} ${{ secrets.Y }} ${{ services.db.host }}"])
    assert values_of(named, Surroundings(CONTEXTS)) == {}


def test_a_text_at_fault_names_nothing() -> None:
    assert named_by(Templates(), ["${{ inputs.", "${{ unknown.x }}"], ["&&"]) == {}


def test_what_is_not_known_yet_is_left_out() -> None:
    around = Surroundings({"run": Unknown("run", {"id": "wf_1"}, ["actor"]), "vars": Unknown("vars")})
    named = named_by(Templates(), ["${{ run.actor }} ${{ toJSON(run) }} ${{ vars.A }} ${{ toJSON(vars) }}"])
    assert values_of(named, around) == {"run": {"id": "wf_1"}, "vars": {}}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("${{ secrets.one }}", {"ONE"}),
        ("${{ secrets[matrix.key] }}", {"ONE", "TWO"}),
        ("${{ toJSON(secrets) }}", {"ONE", "TWO"}),
        ("${{ inputs.who }}", set[str]()),
    ],
)
def test_secrets_are_those_that_are_named(text: str, names: set[str]) -> None:
    assert set(secrets_named(named_by(Templates(), [text]), {"ONE": "A", "TWO": "B"})) == names
