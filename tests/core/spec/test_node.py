"""What only the workflow engine may put into a spec."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import InvalidSpecError
from core.spec.job import JobSpec
from core.spec.load import parse_job
from core.spec.node import KeepSpec, LateEnv, NodeSpec

LATE = {"variables": [{"name": "A", "text": "${{ secrets.B }}"}], "secrets": {"B": "B"}}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"node": {"keep": [{"paths": ["a"]}]}}, "node"),
        ({"services": [{"id": "db", "image": "postgres", "late": LATE}]}, "services.0.late"),
    ],
)
def test_a_request_cannot_hold_it(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse_job({"image": "busybox", **fields})
    (finding,) = caught.value.findings
    assert (finding.path, finding.message) == (path, "set by the engine, never by a request")


def test_a_job_that_is_repeated_keeps_it() -> None:
    node = NodeSpec(late=LateEnv.model_validate(LATE), keep=(KeepSpec(paths=("out",)),))
    spec = parse_job({"image": "busybox", "services": [{"id": "db", "image": "postgres", "late": LATE}]}, node=node)
    assert (spec.node, spec.services[0].late) == (node, node.late)
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize("pattern", ["", "../x", "/", "/proc/1", "a\0b", "x" * 300])
def test_patterns_are_those_of_artifacts_unless_they_are_filled_in_later(pattern: str) -> None:
    with pytest.raises(ValidationError):
        KeepSpec(paths=(pattern,))
    with pytest.raises(ValidationError):
        KeepSpec(paths=("a",), exclude=(pattern,))
    assert KeepSpec(paths=(pattern,), is_late=True).paths == (pattern,)


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a/../b"])
def test_files_of_other_jobs_stay_below_their_folder(path: str) -> None:
    file = {"path": path, "job_id": "job_1", "sha256": "0" * 64, "size": 1}
    with pytest.raises(ValidationError):
        NodeSpec.model_validate({"needed": [file]})
