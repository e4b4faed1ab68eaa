"""The JSON Schema says what the reader says."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from core.plan.findings import Severity, has_errors
from core.plan.keys.records import Record
from core.plan.keys.schema import SCHEMA_ID, workflow_schema
from core.plan.keys.workflow_keys import WORKFLOW
from core.plan.reading import read_workflow
from tests.core.plan.keys.documents import DOCUMENTS, WHOLE, records
from tests.core.plan.reading.asking import PIPELINE, told

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA: Any = json.loads(json.dumps(workflow_schema()))
VALIDATOR: Any = Draft7Validator(SCHEMA)


def accepts(document: object) -> bool:
    return VALIDATOR.is_valid(document)


def is_read(document: object) -> bool:
    return not has_errors(read_workflow(json.dumps(document)).findings)


def test_it_is_a_schema_of_draft_07_under_a_fixed_name() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert (SCHEMA["$id"], SCHEMA["$schema"]) == (SCHEMA_ID, "http://json-schema.org/draft-07/schema#")


def test_its_mappings_and_keys_are_the_readers_in_every_spelling() -> None:
    found = records()
    assert set(found) == set(SCHEMA["definitions"]) - {"expression"}
    for name, record in found.items():
        definition = SCHEMA["definitions"][name]
        assert set(definition["properties"]) == set(record.rows), name
        assert definition["additionalProperties"] is False
        needed = {choice["anyOf"][0]["required"][0] for choice in definition.get("allOf", ())}
        assert needed == {key.name for key in record.keys if key.required and not record.rules.partial}, name


def test_every_key_is_described() -> None:
    for definition in SCHEMA["definitions"].values():
        for name, value in definition.get("properties", {}).items():
            assert len(value["description"]) > 10, name
            assert value["description"].endswith("."), name
            assert value["markdownDescription"] == value["description"]


def test_names_are_written_with_either_mark() -> None:
    keys = SCHEMA["definitions"]["job"]["properties"]
    assert keys["continue-on-error"] == keys["continue_on_error"]
    assert {"needs", "requires", "depends_on", "depends-on", "run", "script", "commands"} <= set(keys)


def test_every_key_of_a_job_and_of_a_workflow_is_in_the_whole_example() -> None:
    written = set(WHOLE["jobs"]["whole"]) | set(WHOLE["jobs"]["other"]) | set(WHOLE["jobs"]["called"])
    job = records()["job"]
    assert {row.key.name for name in written if (row := job.rows.get(name))} >= {
        key.name for key in job.keys if not key.ignored
    }
    workflow = {row.key.name for name in WHOLE if (row := WORKFLOW.rows.get(name))}
    assert workflow >= {key.name for key in WORKFLOW.keys if not key.ignored} - {"on", "stages", "timeout_minutes"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["name"])
def test_an_example_is_accepted_by_both(document: dict[str, Any]) -> None:
    found = read_workflow(json.dumps(document))
    assert not has_errors(found.findings), told(found)
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


def test_the_pipeline_is_accepted_by_both() -> None:
    document = yaml.safe_load(PIPELINE)
    assert accepts(document)
    assert is_read(document)


MUTATIONS: list[tuple[str, tuple[str, ...], object]] = [
    ("an unknown key at the top", ("verison",), 1),
    ("an unknown key of a job", ("jobs", "whole", "tmieout"), 1),
    ("an unknown key of a retry", ("jobs", "whole", "retry", "maximum"), 1),
    ("an unknown key of a service", ("jobs", "whole", "services", "db", "imag"), "x"),
    ("an unknown trigger", ("on",), {"pusch": None}),
    ("no jobs", ("jobs",), {}),
    ("jobs as a list", ("jobs",), [1]),
    ("a job as a text", ("jobs", "whole"), "x"),
    ("a bad id", ("jobs", "a b"), {"image": "alpine", "run": "x"}),
    ("a reserved id", ("jobs", "__x"), {"image": "alpine", "run": "x"}),
    ("an image that is a number", ("jobs", "whole", "image"), 5),
    ("an image without a name", ("jobs", "whole", "image"), {"pull": "always"}),
    ("an unknown pull policy", ("jobs", "whole", "image"), {"name": "a", "pull": "sometimes"}),
    ("a command that is a mapping", ("jobs", "whole", "commands"), [{"a": "b"}]),
    ("a command that is a list", ("jobs", "whole", "commands"), [["a"]]),
    ("no steps", ("jobs", "other", "steps"), []),
    ("a step that says nothing", ("jobs", "other", "steps"), [{"name": "x"}]),
    ("a bad step id", ("jobs", "other", "steps"), [{"id": "9", "run": "x"}]),
    ("needs as a number", ("jobs", "whole", "needs"), {"optional": True}),
    ("a flag as a text", ("jobs", "whole", "fail_fast"), "maybe"),
    ("a number as a text", ("jobs", "whole", "max_parallel"), "two"),
    ("no parallel jobs", ("max_parallel",), 0),
    ("a duration of nothing", ("timeout",), 0),
    ("a duration with an unknown unit", ("timeout",), "3 parsecs"),
    ("a duration that is a list", ("jobs", "whole", "timeout"), [1]),
    ("too many retries", ("jobs", "whole", "retry"), 11),
    ("an unknown kind of failure", ("jobs", "whole", "retry", "when"), "sometimes"),
    ("an exit code out of range", ("jobs", "whole", "retry", "exit_codes"), [256]),
    ("jitter out of range", ("jobs", "whole", "retry", "backoff"), {"jitter": 2}),
    ("tolerance as a list", ("jobs", "whole", "continue_on_error"), [137]),
    ("a variable's name with a blank", ("env",), {"A B": "x"}),
    ("a variable that is a list", ("jobs", "whole", "env"), {"A": [1]}),
    ("a matrix that is a list", ("jobs", "whole", "matrix"), [1]),
    ("a group without a name", ("jobs", "whole", "concurrency"), {"queue": "max"}),
    ("an empty group", ("concurrency",), ""),
    ("an unknown queue", ("concurrency",), {"group": "g", "queue": "long"}),
    ("an artifact without paths", ("jobs", "whole", "artifacts"), {"name": "x"}),
    ("an artifact at an unknown time", ("jobs", "whole", "artifacts"), {"path": "x", "when": "never"}),
    ("an output's name with a blank", ("jobs", "whole", "outputs"), {"a b": 1}),
    ("cpus out of range", ("jobs", "whole", "resources"), {"cpus": 0}),
    ("memory with an unknown unit", ("jobs", "whole", "resources"), {"memory": "1 parsec"}),
    ("a service as a number", ("jobs", "whole", "services"), {"db": 5}),
    ("a service's unknown readiness", ("jobs", "whole", "services", "db", "ready"), {"udp": 1}),
    ("a port out of range", ("jobs", "whole", "services", "db", "ready"), {"tcp": 70_000}),
    ("secrets as a mapping", ("secrets",), {"A": 1}),
    ("an unknown version", ("version",), 2),
    ("unknown expressions", ("expressions",), "gitlab"),
    ("an unknown policy", ("cleanup_policy",), "never"),
    ("an input of an unknown type", ("inputs",), {"a": {"type": "bool"}}),
    ("an input's unknown key", ("inputs",), {"a": {"defualt": 1}}),
    ("a completion that is none", ("jobs", "other", "on_complete"), "sometimes"),
    ("parallel out of range", ("jobs", "other", "parallel"), 0),
    ("parallel without a matrix", ("jobs", "other", "parallel"), {"count": 1}),
    ("secrets handed on as a number", ("jobs", "called", "secrets"), 1),
    ("uses that is a number", ("jobs", "called", "uses"), 1),
]


@pytest.mark.parametrize(
    ("path", "value"), [mutation[1:] for mutation in MUTATIONS], ids=[name for name, *_ in MUTATIONS]
)
def test_what_is_wrong_is_refused_by_both(path: tuple[str, ...], value: object) -> None:
    document = copy.deepcopy(WHOLE)
    target: Any = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    assert not is_read(document)
    assert not accepts(document)


def values_in(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of everything in a document."""
    yield path
    if isinstance(document, dict):
        for key, value in cast("dict[str, Any]", document).items():
            yield from values_in(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(cast("list[Any]", document)):
            yield from values_in(value, (*path, index))


PATHS = sorted((path for path in values_in(WHOLE) if path), key=str)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 5000), st.floats(-2, 9, width=16),
    st.sampled_from([
        "x", "", "10m", "1.5", "${{ x }}", "always", "failure", "same", "inherit", "true", "alpine:3", "512m", "SIGINT",
        "sh", "A", "postgres:15", ".base", "[1]", "any",
    ]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["name", "image", "run", "max", "when", "group", "value", "path", "job", "A", "matrix", "tcp"]
            ),
            inner,
            max_size=2,
        )
    ),
    max_leaves=4,
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), VALUES)
def test_what_the_reader_accepts_the_schema_accepts(path: tuple[str | int, ...], value: object) -> None:
    document: Any = copy.deepcopy(WHOLE)
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    found = read_workflow(json.dumps(document))
    assert found.spec is not None
    if all(finding.severity is not Severity.ERROR for finding in found.findings):
        assert [error.message for error in VALIDATOR.iter_errors(document)] == []
        assert found.tree is not None
        again = read_workflow(json.dumps(found.tree.to_plain()), found.source.file)
        assert (again.spec, has_errors(again.findings)) == (found.spec, False)


def test_every_record_is_reached() -> None:
    assert all(isinstance(record, Record) for record in records().values())
    assert len(records()) > 25
