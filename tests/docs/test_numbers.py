"""The numbers on the page about limits are the settings' numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import DockerSettings, LimitSettings, QueueSettings, RetentionSettings, WorkspaceSettings
from orcaops_mcp.settings import HttpSettings

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "explanation" / "limits.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `(queue|limits|docker|retention|workspace|http)\.(\w+)` \| ([0-9,]+)( MiB)?", re.MULTILINE)
_CEILING = re.compile(r"`limits\.(max_\w+)`: ([0-9,]+)( MiB)?")
_SECTIONS = {
    "queue": QueueSettings,
    "limits": LimitSettings,
    "docker": DockerSettings,
    "retention": RetentionSettings,
    "workspace": WorkspaceSettings,
    "http": HttpSettings,
}
_OF_THE_HOST = {"memory_mb": 2048, "cpus": 2}
_NOT_NUMBERS = {
    "queue": {"slots"},
    "limits": {"max_memory_mb", "max_cpus"},
    "docker": {"base_url", "local_registries"},
    "retention": set[str](),
    "workspace": set[str](),
    "http": {"require_token_to_read"},
}


def figure(text: str, unit: str) -> int:
    return int(text.replace(",", "")) * (1024 * 1024 if unit else 1)


def stated() -> dict[tuple[str, str], int]:
    rows = {(section, name): figure(text, unit) for section, name, text, unit in _ROW.findall(_PAGE)}
    return rows | {("limits", name): figure(text, unit) for name, text, unit in _CEILING.findall(_PAGE)}


@pytest.mark.parametrize("section", sorted(_SECTIONS))
def test_every_setting_is_on_the_page_with_its_default(section: str) -> None:
    page = {name: value for (where, name), value in stated().items() if where == section}
    settings = _SECTIONS[section]()
    expected = {
        name: _OF_THE_HOST.get(name, getattr(settings, name))
        for name in _SECTIONS[section].model_fields
        if name not in _NOT_NUMBERS[section]
    }
    assert page == expected


def test_defaults_that_depend_on_the_host_never_pass_what_the_page_says() -> None:
    limits = LimitSettings()
    assert limits.memory_mb <= 2048
    assert limits.cpus <= 2
