from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records.job import Failure, FailureKind, StepResult, Usage
from core.records.log import LogSummary
from core.records.service import ServiceResult
from core.spec.job import InputFile
from core.store import encoding
from core.testing.factories import a_job_spec

_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
_TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
_WHOLE = st.integers(0, 2**63)
_FAILURES = st.builds(Failure, st.sampled_from(FailureKind), _TEXTS, _TEXTS, st.booleans(), st.none() | _WHOLE)
_STEPS = st.builds(
    StepResult,
    _WHOLE,
    _TEXTS,
    st.sampled_from(["pending", "running", "success", "failed", "timed_out", "cancelled", "skipped"]),
    st.none() | _WHOLE,
    st.none() | _MOMENTS,
    st.none() | _MOMENTS,
    st.none() | _WHOLE,
    st.none() | _WHOLE,
)
_USAGES = st.builds(
    Usage,
    st.none() | st.floats(0, allow_infinity=False),
    st.none() | _WHOLE,
    st.none() | _WHOLE,
    st.none() | _WHOLE,
    st.booleans(),
)
_SERVICES = st.builds(
    ServiceResult,
    _TEXTS,
    _TEXTS,
    _TEXTS,
    st.sampled_from(["pending", "starting", "ready", "failed", "exited", "lost", "stopped"]),
    st.none() | _TEXTS,
    st.none() | _MOMENTS,
    st.none() | _MOMENTS,
    st.none() | _WHOLE,
    _TEXTS,
)
_LOGS = st.builds(LogSummary, _WHOLE, _WHOLE, st.booleans(), st.none() | _WHOLE, st.booleans())


@given(_FAILURES)
def test_a_failure_reads_back(failure: Failure) -> None:
    assert encoding.failure_from_json(encoding.failure_to_json(failure)) == failure


@given(st.lists(_STEPS, max_size=3).map(tuple))
def test_steps_read_back(steps: tuple[StepResult, ...]) -> None:
    assert encoding.steps_from_json(encoding.steps_to_json(steps)) == steps


@given(st.lists(_SERVICES, max_size=3).map(tuple))
def test_services_read_back(services: tuple[ServiceResult, ...]) -> None:
    assert encoding.services_from_json(encoding.services_to_json(services)) == services


@given(_USAGES)
def test_usage_reads_back(usage: Usage) -> None:
    assert encoding.usage_from_json(encoding.usage_to_json(usage)) == usage


@given(_LOGS)
def test_a_log_summary_reads_back(log: LogSummary) -> None:
    assert encoding.log_from_json(encoding.log_to_json(log)) == log


@given(st.dictionaries(_TEXTS, _TEXTS), st.lists(_TEXTS).map(tuple))
def test_texts_read_back(mapping: dict[str, str], texts: tuple[str, ...]) -> None:
    assert encoding.texts_from_json(encoding.mapping_to_json(mapping)) == mapping
    assert encoding.list_from_json(encoding.list_to_json(texts)) == texts


@given(_MOMENTS)
def test_a_time_reads_back_to_the_microsecond(moment: datetime) -> None:
    assert encoding.moment(encoding.micros(moment)) == moment


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False) | _TEXTS,
    lambda some: st.lists(some, max_size=3) | st.dictionaries(_TEXTS, some, max_size=3),
    max_leaves=10,
)


@given(_JSON)
def test_what_json_can_say_reads_back_and_is_json_for_others_too(value: Any) -> None:
    text = encoding.dump(value)
    assert encoding.load(text) == json.loads(text) == value


def test_not_a_number_reads_back() -> None:
    assert math.isnan(encoding.load(encoding.dump(math.nan)))


def test_hundreds_of_levels_read_back() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    assert encoding.load(encoding.dump(deep)) == deep


def test_half_a_surrogate_pair_is_a_mark_in_json() -> None:
    assert encoding.load(encoding.dump({"a": "x\ud800"})) == {"a": "x?"}


def test_what_is_no_json_is_not_read() -> None:
    with pytest.raises(json.JSONDecodeError):
        encoding.load("{")


@given(st.text())
def test_any_text_becomes_unicode_and_unicode_stays(text: str) -> None:
    mended = encoding.utf8(text)
    assert len(mended) == len(text)
    assert encoding.utf8(mended) == mended
    mended.encode()


@pytest.mark.parametrize("absent", [encoding.failure_from_json, encoding.usage_from_json, encoding.moment])
def test_nothing_reads_back_as_nothing(absent: Any) -> None:
    assert absent(None) is None


def test_a_manifest_reads_back() -> None:
    files = (InputFile(path="a/é.txt", sha256="0" * 64, size=3, executable=True),)
    assert encoding.files_from_json(encoding.files_to_json(files)) == files


def test_specs_that_are_read_are_kept_for_a_page_of_a_list_and_not_for_every_job() -> None:
    texts = [encoding.spec_to_json(a_job_spec(name=f"job-{number}")) for number in range(500)]
    page = [encoding.spec_from_json(text) for text in texts[:200]]
    assert all(encoding.spec_from_json(text) is spec for text, spec in zip(texts, page, strict=False))
    for text in texts[200:]:
        encoding.spec_from_json(text)
    again = [encoding.spec_from_json(text) for text in texts[:200]]
    assert again == page
    assert not any(one is other for one, other in zip(again, page, strict=True))
