"""From what somebody wrote to a spec, or to findings that help."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Finding, InvalidSpecError
from core.spec.job import JobSpec
from core.spec.load import parse_job

_SECRET = "hunter2-sekret"


def refusal(**request: Any) -> InvalidSpecError:
    with pytest.raises(InvalidSpecError) as caught:
        parse_job({"image": "busybox", **request})
    return caught.value


def places(error: InvalidSpecError) -> list[str]:
    return [finding.path for finding in error.findings]


def test_a_script_is_one_step() -> None:
    spec = parse_job({"image": "busybox", "script": "cd /tmp\nls"})
    assert [(step.name, step.run) for step in spec.commands] == [("script", "cd /tmp\nls")]


def test_an_entry_with_a_runtime_is_an_image_and_a_command() -> None:
    spec = parse_job({"entry": "main.py", "runtime": "python3.12", "args": ["-v"]})
    assert (spec.image, spec.command) == ("python:3.12-slim", ("python", "-u", "main.py", "-v"))


def test_a_runtimes_image_can_be_replaced() -> None:
    assert parse_job({"entry": "a.sh", "runtime": "sh", "image": "alpine:3.20"}).image == "alpine:3.20"


def test_fields_that_are_none_are_as_good_as_left_out_for_the_ways_to_run() -> None:
    request = {"image": "busybox", "script": None, "entry": None, "args": None, "runtime": None, "command": ["true"]}
    assert parse_job(request) == JobSpec.model_validate({"image": "busybox", "command": ["true"]})


@pytest.mark.parametrize(
    ("request_", "path", "message"),
    [
        ({"timeoutt_s": 5}, "timeoutt_s", "no such field; did you mean timeout_s?"),
        ({"artefacts": ["x"]}, "artefacts", "no such field; did you mean artifacts?"),
        ({"privileged": True}, "privileged", "no such field"),
        ({"commands": [{"runn": "x", "run": "y"}]}, "commands.0.runn", "no such field; did you mean run?"),
        ({"log_limit": {"byte": 5000}}, "log_limit.byte", "no such field; did you mean bytes?"),
        ({"files": [{"path": "a", "sha256": "0" * 64, "size": 1, "mode": 7}]}, "files.0.mode", "no such field"),
        ({"command": {}}, "command", "must be a list, such as"),
        ({"command": "echo hi"}, "command", "for text that a shell runs there is script"),
        ({"command": []}, "command", "empty; name the program first"),
        ({"command": ["a", "b\0c"]}, "command.1", "a NUL character cannot be passed"),
        ({"command": ["a", 5]}, "command.1", "must be a text"),
        ({"image": "--privileged"}, "image", "not an image reference; write it like alpine:3.20"),
        ({"image": "a" * 300}, "image", "at most 255 characters"),
        ({"image": 5}, "image", "must be a text"),
        ({"env": ["NOEQUALS"]}, "env", "entry 0 is not KEY=VALUE"),
        ({"env": 5}, "env", "must be an object, or a list of KEY=VALUE"),
        ({"env": {"A=B": "x"}}, "env.(key)", "a variable's name is letters"),
        ({"commands": 5}, "commands", "must be a list"),
        ({"commands": [5]}, "commands.0", "must be an object"),
        ({"timeout_s": -1}, "timeout_s", "must be greater than 0"),
        ({"timeout_s": "5 minutes"}, "timeout_s", "must be a valid number"),
        ({"network": "host"}, "network", "must be 'bridge', 'services' or 'none'"),
        ({"script": "x" * 10_000_000}, "script", "longer than 256 KiB"),
        ({"script": " "}, "script", "nothing to run"),
        ({"script": {}}, "script", "must be a text"),
        ({"tags": ["x"] * 100_000}, "tags", "at most 32 items, not 100000"),
        ({"tags": {"a": 1}}, "tags", "must be a list"),
        ({"artifacts": ["../../etc/passwd"]}, "artifacts.0", "may not climb with '..'"),
        ({"entry": "x.py", "runtime": "cobol"}, "runtime", "not one of bash, bun"),
        ({"entry": "x.py"}, "runtime", "needed with entry; one of bash, bun"),
        ({"entry": "x.py", "runtime": ["sh"]}, "runtime", "not one of"),
        ({"entry": "", "runtime": "sh"}, "entry", "the path of the file to run"),
        ({"entry": 5, "runtime": "sh"}, "entry", "the path of the file to run"),
        ({"entry": "x", "runtime": "sh", "args": 0}, "args", "a list of texts"),
        ({"entry": "x", "runtime": "sh", "args": "a b"}, "args", "a list of texts"),
        ({"entry": "x", "runtime": "sh", "args": ["a", 1]}, "args", "must be a text"),
        ({"runtime": "sh"}, "entry", "runtime and args go with entry"),
        ({"args": ["x"]}, "entry", "runtime and args go with entry"),
        ({"command": ["x"], "script": "y"}, "script", "command and script exclude each other"),
        ({"command": ["x"], "commands": ["y"]}, "commands", "command and commands exclude each other"),
        ({5: "x"}, "5", "Keys should be strings"),
    ],
)
def test_a_fault_is_named_once_with_its_place_and_the_way_out(
    request_: dict[Any, Any], path: str, message: str
) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse_job({"image": "busybox", **request_})
    assert len(caught.value.findings) == 1
    finding = caught.value.findings[0]
    assert finding.path == path
    assert message in finding.message
    assert caught.value.code == "invalid_spec"


def test_every_fault_is_told_at_once() -> None:
    error = refusal(command=["x", "\0"], retries=-1, tgas=[], entrypoint=[""])
    assert sorted(places(error)) == ["command.1", "entrypoint", "retries", "tgas"]
    assert all(str(finding) in error.message for finding in error.findings)


def test_a_missing_image_is_told_in_words() -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse_job({"command": ["x"]})
    assert caught.value.findings == (Finding("image", "required, and missing"),)


def test_an_unknown_field_that_resembles_nothing_comes_with_the_list_of_fields() -> None:
    hint = refusal(zzzz=1).findings[0].hint
    assert "artifacts" in hint
    assert "script" in hint


def test_what_stands_deeper_than_any_field_has_nothing_to_be_meant_for() -> None:
    assert refusal(env={"A": {"b": 1}}).findings[0] == Finding("env.A", "must be a text")


@pytest.mark.parametrize(
    "request_",
    [
        {"image": _SECRET + " x"},
        {"command": [_SECRET + "\0"]},
        {"env": [_SECRET]},
        {"env": {f"TOKEN={_SECRET}": "x"}},
        {"env": {"TOKEN": {"value": _SECRET}}},
        {f"password {_SECRET}": 1},
        {"name": f"{_SECRET}!"},
        {"user": f"{_SECRET} x"},
        {"timeout_s": _SECRET},
        {"network": _SECRET},
        {"retries": _SECRET},
        {"artifacts": [f"../{_SECRET}"]},
        {"runtime": _SECRET, "entry": "x"},
        {"files": [{"path": f"../{_SECRET}", "sha256": _SECRET, "size": _SECRET}]},
    ],
)
def test_a_refused_value_is_never_repeated(request_: dict[str, Any]) -> None:
    error = refusal(**request_)
    assert _SECRET not in repr((error.message, error.findings, error.hint, error.args))


@pytest.mark.parametrize(
    "request_",
    [
        {"tags": ["!"] * 100_000},
        {"env": {f"1x{number}": 1 for number in range(100_000)}},
        {f"field{number}": 1 for number in range(20_000)},
        {"x" * 1_000_000: 1},
        {"files": [{"path": "/", "sha256": "", "size": -1}] * 5000},
        {"env": {f"1x{number}": 1 for number in range(1000)}},
    ],
)
def test_a_request_with_faults_without_number_gets_a_short_answer_soon(request_: dict[str, Any]) -> None:
    began = time.process_time()
    error = refusal(**request_)
    assert time.process_time() - began < 2
    assert len(error.message) < 3000
    assert len(error.findings) <= 100


def test_the_message_says_how_many_more_faults_there_are() -> None:
    assert refusal(tags=["!"] * 12).message.endswith("; and 2 more")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_KEYS = st.sampled_from([*JobSpec.model_fields, "script", "entry", "args", "runtime"]) | st.text(max_size=10)


@given(st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_whatever_is_asked_gets_a_spec_or_findings(request: dict[str, Any]) -> None:
    try:
        spec = parse_job(request)
    except InvalidSpecError as error:
        findings = error.findings
    else:
        findings = None
        assert JobSpec.model_validate_json(spec.model_dump_json()) == spec
    assert findings is None or findings
