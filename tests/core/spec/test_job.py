"""A job's specification as a value."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.spec.job import JobSpec, StepSpec
from core.testing.factories import a_job_spec

_HASH = "0" * 64


def refusal(**fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        JobSpec.model_validate({"image": "busybox", **fields})
    return str(caught.value)


def test_an_image_alone_is_a_job_that_runs_the_images_own_command() -> None:
    spec = JobSpec.model_validate({"image": "busybox"})
    assert (spec.command, spec.commands, spec.has_steps) == (None, (), False)


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        a_job_spec().image = "alpine"  # pyright: ignore[reportAttributeAccessIssue] -- the test's point


def test_texts_become_steps_and_steps_keep_their_own_form() -> None:
    spec = a_job_spec(commands=["make", {"run": "make test", "timeout_s": 5}, StepSpec(run="true")])
    assert [step.run for step in spec.commands] == ["make", "make test", "true"]
    assert spec.commands[1].timeout_s == 5
    assert spec.has_steps


@pytest.mark.parametrize(
    ("step", "title"),
    [
        ({"run": "make", "name": "Build"}, "Build"),
        ({"run": "\n  make all\nmake test"}, "make all"),
        ({"run": "x" * 80}, "x" * 80),
        ({"run": "x" * 81}, "x" * 79 + "…"),
        ({"run": "printf '\x1b[31m'"}, "printf ' [31m'"),
    ],
)
def test_a_step_is_called_by_its_name_or_its_first_line_without_control_characters(
    step: dict[str, str], title: str
) -> None:
    assert StepSpec.model_validate(step).title == title


def test_variables_may_be_lines_with_an_equals_sign() -> None:
    assert a_job_spec(env=["A=1", "B=x=y", "C="]).env == {"A": "1", "B": "x=y", "C": ""}
    assert a_job_spec(env={"A": "1"}).env == {"A": "1"}


@pytest.mark.parametrize("line", ["NOVALUE", "", 5, None])
def test_a_line_without_an_equals_sign_is_named_by_its_number(line: object) -> None:
    assert "entry 1 is not KEY=VALUE" in refusal(env=["A=1", line])


@pytest.mark.parametrize("field", ["command", "entrypoint"])
@pytest.mark.parametrize("value", [[], [""], ["", "x"]])
def test_a_command_begins_with_a_program(field: str, value: list[str]) -> None:
    assert "name the program first" in refusal(**{field: value})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"command": ["x"], "commands": ["y"]}, "exclude each other"),
        ({"entrypoint": ["x"], "commands": ["y"]}, "entrypoint goes with command"),
        ({"commands": ["é" * 65_536] * 3}, "commands hold more than 256 KiB"),
        ({"command": ["x" * 131_000] * 5}, "command hold more than 512 KiB"),
        ({"env": {f"V{n}": "é" * 60_000 for n in range(9)}}, "env holds more than 1 MiB"),
        ({"env": {"LONGER": "x" * 131_066}}, "env.LONGER is longer than 128 KiB"),
        ({"commands": [{"run": "x", "env": {f"V{n}": "x" * 120_000 for n in range(9)}}]}, "commands.0.env holds more"),
        ({"env": {"A": "1"}, "secrets": ["A", "B"]}, "both set A"),
        ({"files": [{"path": "a", "sha256": _HASH, "size": 0}] * 2}, "same path twice"),
        (
            {"files": [{"path": path, "sha256": _HASH, "size": 0} for path in ("a/b", "a/b/c")]},
            "both as a file and as a folder",
        ),
    ],
)
def test_what_contradicts_itself_or_linux_is_refused(fields: dict[str, Any], reason: str) -> None:
    assert reason in refusal(**fields)


def test_files_are_kept_of_a_job_that_names_some_or_has_services() -> None:
    assert not a_job_spec().keeps_files
    assert a_job_spec(artifacts=["out"]).keeps_files
    assert a_job_spec(services=["redis"]).keeps_files


def test_a_variable_may_fill_what_linux_takes_with_its_name() -> None:
    assert len(a_job_spec(env={"V": "x" * 131_069}).env["V"]) == 131_069


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("memory_mb", [0, 1, 4, 5, -5, 10**18, "lots", float("nan")]),
        ("cpus", [0, -1, 0.001, 1e9, 1e308, float("nan"), float("inf")]),
        ("pids", [0, -1, 10**9]),
        ("gpus", [-1, 65]),
        ("timeout_s", [0, -1, 1e12, "5 minutes", float("inf"), float("nan"), [1]]),
        ("cancel_grace_s", [-1, 61]),
        ("retries", [-1, 11, 1.5, 2**63]),
        ("retry_delay_s", [-1, 3601]),
        ("priority", [-101, 101]),
        ("success_exit_codes", [[], [256], [-1], "0"]),
        ("network", ["host", "container:x", ""]),
        ("cleanup", ["never"]),
        ("pull", ["sometimes"]),
        ("init", ["perhaps"]),
        ("workdir", ["work", "/a/../b"]),
        ("user", ["a b"]),
        ("name", ["a\n", "__proto__"]),
        ("log_limit", [{"bytes": 1023}, {"lines": 0}, {"bites": 5}]),
    ],
)
def test_values_out_of_range_are_refused(field: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ValidationError):
            JobSpec.model_validate({"image": "busybox", field: value})


@pytest.mark.parametrize(
    "field",
    [
        "privileged",
        "cap_add",
        "devices",
        "security_opt",
        "pid",
        "ipc",
        "uts",
        "userns",
        "volumes",
        "binds",
        "volumes_from",
        "cgroup_parent",
        "runtime_options",
        "sysctls",
        "extra_hosts",
        "restart_policy",
        "network_mode",
        "auto_remove",
    ],
)
def test_what_would_loosen_the_sandbox_is_no_field_at_all(field: str) -> None:
    assert "Extra inputs are not permitted" in refusal(**{field: True})


def test_a_refused_value_is_not_in_the_error() -> None:
    assert "sekret" not in refusal(image="sekret value", command={"sekret": 1}, env=["sekret"])


@pytest.mark.parametrize(("gpus", "slots"), [(0, {}), (2, {"gpus": 2})])
def test_gpus_are_slots(gpus: int, slots: dict[str, int]) -> None:
    assert a_job_spec(gpus=gpus).slots == slots


def test_equal_specs_have_equal_digests_and_others_do_not() -> None:
    assert a_job_spec(tags=["a"]).digest() == a_job_spec(tags=("a",)).digest()
    assert a_job_spec(tags=["a"]).digest() != a_job_spec(tags=["b"]).digest()


def test_a_spec_survives_its_json() -> None:
    spec = a_job_spec(
        commands=["a\nb"], env={"A": "é"}, timeout_s=1.5, files=[{"path": "x", "sha256": _HASH, "size": 3}]
    )
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec
