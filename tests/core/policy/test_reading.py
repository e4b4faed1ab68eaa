"""From a policy's file to the policy, or to all that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidPolicyError
from core.policy.policy import BUILT_IN
from core.policy.reading import load_policy, read_policy

WHOLE = """\
# what agents may do here
version: 1
default: strict
floor: standard
forbid: [writable_mounts, gpus]
networks: [none, services]

callers:
  - who: [cli, token release]
    floor: trusted
    forbid: []
    networks: [none, services, bridge]
  - who: mcp
    floor: strict

images:
  - allow: [python:*, 'ghcr.io/acme/**@*']
  - deny: '**'
    why: Ask the platform team.

registries: 127.0.0.1:5000
mounts:
  - folder: /srv/data
  - folder: /srv/scratch
    write: true
    who: cli
resources:
  memory_mb: 2048
  cpus: 1.5
secrets:
  - names: [NPM_*, PIP_TOKEN]
    who: [cli]
"""


def findings(text: str | bytes) -> list[str]:
    with pytest.raises(InvalidPolicyError) as caught:
        read_policy(text)
    return [str(finding) for finding in caught.value.findings]


def test_a_file_says_who_may_do_what() -> None:
    policy = read_policy(WHOLE)
    assert (policy.stance.default, policy.stance.floor) == ("strict", "standard")
    assert policy.stance.forbid == {"writable_mounts": "policy.yaml:5", "gpus": "policy.yaml:5"}
    assert policy.stance.networks == {"none", "services"}
    assert policy.registries == ("127.0.0.1:5000",)
    assert policy.resources["memory_mb"] == (2048, "policy.yaml:28")
    assert [rule.folder for rule in policy.mounts or ()] == [Path("/srv/data"), Path("/srv/scratch")]
    assert [(rule.allows, rule.pattern.text, rule.place) for rule in policy.images or ()] == [
        (True, "python:*", "policy.yaml:17"),
        (True, "ghcr.io/acme/**@*", "policy.yaml:17"),
        (False, "**", "policy.yaml:18"),
    ]


def test_the_first_exception_that_names_a_caller_counts_and_keeps_what_it_does_not_say() -> None:
    policy = read_policy(WHOLE)
    assert policy.stance_for("cli").floor == "trusted"
    assert policy.stance_for("token release").networks == {"none", "services", "bridge"}
    assert policy.stance_for("cli").default == "strict"
    agent = policy.stance_for("agent")
    assert (agent.floor, agent.default, set(agent.forbid)) == ("strict", "strict", {"writable_mounts", "gpus"})
    assert policy.stance_for("token other") is policy.stance


def test_a_floor_brings_a_default_down_that_nobody_wrote() -> None:
    assert read_policy("floor: strict").stance.default == "strict"


def test_all_tokens_can_be_named_at_once() -> None:
    policy = read_policy("callers: [{who: token *, floor: trusted}]")
    assert policy.stance_for("token ci").floor == "trusted"
    assert policy.stance_for("operator").floor == "standard"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "images: []\n", "version: 1\nfloor:\n"])
def test_whoever_runs_the_engine_may_loosen_until_the_file_has_a_floor_or_callers(text: str) -> None:
    assert [read_policy(text).stance_for(by).floor for by in ("cli", "operator", "agent")] == ["trusted"] * 2 + [
        "standard"
    ]


def test_whoever_runs_the_engine_is_held_by_all_else_that_the_file_says() -> None:
    stance = read_policy("default: strict\nnetworks: none\nforbid: root\n").stance_for("cli")
    assert (stance.default, stance.floor, stance.networks, set(stance.forbid)) == (
        "strict",
        "trusted",
        {"none"},
        {"root"},
    )


@pytest.mark.parametrize("text", ["floor: standard", "callers: []"])
def test_a_floor_or_callers_take_the_place_of_that(text: str) -> None:
    assert read_policy(text).stance_for("cli").floor == "standard"


def test_an_empty_list_of_rules_allows_nothing_and_none_allows_everything() -> None:
    assert read_policy("images: []").images == ()
    assert read_policy("registries: []").images is None


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("flor: strict", "policy.yaml:1:1: flor: no such key; did you mean floor?"),
        ("a: 1", "policy.yaml:1:1: a: no such key"),
        ("- x", "policy.yaml:1:1: must be a mapping"),
        ("version: 2", "policy.yaml:1:10: version: not one of 1"),
        ("floor: loose", "policy.yaml:1:8: floor: not one of strict, standard, trusted"),
        ("default: trusted", "policy.yaml:1:10: default: looser than the floor, which is standard"),
        ("forbid: [mount]", "policy.yaml:1:10: forbid[0]: not one of root, writable_root, mounts, writable_mounts"),
        ("networks: host", "policy.yaml:1:11: networks: not one of bridge, services, none"),
        ("forbid: {a: 1}", "policy.yaml:1:9: forbid: must be a list"),
        ("callers:\n  - floor: strict", "policy.yaml:2:5: callers[0]: says nobody"),
        ("callers:\n  - who: bob", "policy.yaml:2:10: callers[0].who: nobody is called so"),
        ("images:\n  - allow: a\n    deny: b", "policy.yaml:2:5: images[0]: needs one of allow and deny"),
        ("images:\n  - python", "policy.yaml:2:5: images[0]: must be a mapping"),
        ("images:\n  - allow: a b", "policy.yaml:2:12: images[0].allow: not a pattern for images"),
        ("images:\n  - allow: 5:6\n    why: []", "policy.yaml:3:10: images[0].why: must be a text"),
        ("registries: ['http://x']", "policy.yaml:1:14: registries[0]: not a registry"),
        ("mounts: [{write: true}]", "policy.yaml:1:10: mounts[0]: names no folder"),
        ("mounts: [{folder: data}]", "policy.yaml:1:19: mounts[0].folder: has to be an absolute path"),
        ("mounts: [{folder: /a, write: 1}]", "policy.yaml:1:30: mounts[0].write: must be true or false"),
        ("resources: {cpus: many}", "policy.yaml:1:19: resources.cpus: must be a number from 0 on"),
        ("resources: {cpus: -1}", "policy.yaml:1:19: resources.cpus: must be a number from 0 on"),
        ("resources: {ram: 1}", "policy.yaml:1:13: resources.ram: no such key"),
        ("secrets: [{who: cli}]", "policy.yaml:1:11: secrets[0]: names no secrets"),
        ("secrets: [{names: [a-b]}]", "policy.yaml:1:20: secrets[0].names[0]: not the name of a secret"),
    ],
)
def test_a_fault_is_told_with_line_and_column(text: str, finding: str) -> None:
    assert findings(text)[0].startswith(finding)


@pytest.mark.parametrize(
    "text",
    [
        "floor: strict\nfloor: trusted",
        "a: &x [1]\nb: *y",
        "floor: !!python/name:os.system x",
        "\tfloor: x",
        b"\xff\xfe",
        "a: [",
        "x: " + "[" * 5000,
        "# " + "x" * 300_000,
    ],
)
def test_hostile_yaml_is_refused_with_its_place(text: str | bytes) -> None:
    assert findings(text)[0].startswith("policy.yaml:")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert len(findings("floor: x\ndefault: y\nimages: [{}]\n")) == 3


def test_a_home_without_a_file_has_the_built_in_policy(tmp_path: Path) -> None:
    assert load_policy(tmp_path) is BUILT_IN
    assert BUILT_IN.stance_for("agent").floor == "standard"
    assert BUILT_IN.stance_for("cli").floor == "trusted"


def test_the_file_of_a_home_is_read(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("floor: strict\n")
    assert load_policy(tmp_path).stance.floor == "strict"


def test_a_file_that_cannot_be_read_is_no_missing_file(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").mkdir()
    with pytest.raises(InvalidPolicyError, match="cannot be read"):
        load_policy(tmp_path)
