"""The engine's knobs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from core.settings import (
    MIB,
    DockerSettings,
    EngineSettings,
    LimitSettings,
    QueueSettings,
    RetentionSettings,
    SimulationSettings,
)

_SECTIONS = (QueueSettings, LimitSettings, DockerSettings, SimulationSettings, RetentionSettings, EngineSettings)


def test_a_home_is_enough() -> None:
    settings = EngineSettings(home=Path("/somewhere"))
    assert settings.backend == "docker"
    assert settings.queue.max_running == 4
    assert settings.limits.timeout_s == 600
    assert settings.limits.log_bytes == 8 * MIB


def test_no_default_asks_for_more_than_its_ceiling() -> None:
    limits = LimitSettings()
    assert limits.memory_mb <= limits.max_memory_mb
    assert limits.cpus <= limits.max_cpus == (os.cpu_count() or 1)
    assert limits.pids <= limits.max_pids
    assert limits.timeout_s <= limits.max_timeout_s
    assert limits.log_bytes <= limits.max_log_bytes
    assert limits.artifact_file_bytes <= limits.artifact_total_bytes


@pytest.mark.parametrize(
    ("host_mb", "most_mb", "usual_mb"), [(65_536, 64_512, 2048), (2048, 1024, 1024), (512, 256, 256)]
)
def test_jobs_leave_the_host_a_gibibyte_where_it_has_one(
    monkeypatch: pytest.MonkeyPatch, host_mb: int, most_mb: int, usual_mb: int
) -> None:
    facts = {"SC_PAGE_SIZE": MIB, "SC_PHYS_PAGES": host_mb}
    monkeypatch.setattr(os, "sysconf", facts.__getitem__)
    limits = LimitSettings()
    assert (limits.max_memory_mb, limits.memory_mb) == (most_mb, usual_mb)


@pytest.mark.parametrize("section", _SECTIONS)
def test_every_knob_says_what_it_is(section: type[BaseModel]) -> None:
    told = {name for name, field in section.model_fields.items() if field.description}
    sections = {name for name, field in section.model_fields.items() if isinstance(field.default, BaseModel)}
    assert told | sections == set(section.model_fields)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (QueueSettings, {"max_running": 0}),
        (QueueSettings, {"max_running": 65}),
        (QueueSettings, {"max_queued": 0}),
        (QueueSettings, {"max_overtakes": -1}),
        (LimitSettings, {"timeout_s": 0}),
        (LimitSettings, {"cancel_grace_s": 61}),
        (LimitSettings, {"memory_mb": 5}),
        (LimitSettings, {"pids": 0}),
        (DockerSettings, {"call_timeout_s": 0}),
        (SimulationSettings, {"time_scale": 0}),
        (RetentionSettings, {"days": 0}),
        (RetentionSettings, {"max_runs": 0}),
        (RetentionSettings, {"max_bytes": 1}),
        (EngineSettings, {"home": "/x", "backend": "magic"}),
        (EngineSettings, {"home": "/x", "hoem": "/y"}),
    ],
)
def test_a_setting_out_of_range_or_unknown_is_refused(section: type[BaseModel], values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        section.model_validate(values)


def test_settings_cannot_be_changed_and_do_not_print_secrets() -> None:
    settings = EngineSettings.model_validate({"home": "/x", "secrets": {"TOKEN": "hunter2"}})
    assert "hunter2" not in repr(settings) + settings.model_dump_json()
    with pytest.raises(ValidationError, match="frozen"):
        settings.backend = "simulated"  # pyright: ignore[reportAttributeAccessIssue] -- the test's point
