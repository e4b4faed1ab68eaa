"""What a running engine tells of Docker, as checks with what mends them."""

from __future__ import annotations

from typing import Any

import pytest

from orcaops_mcp.intake.checks import Check, system_checks


def told(blocked_at: str | None = None, **facts: str) -> dict[str, Check]:
    system: dict[str, Any] = {
        "containers": {"available": True, "backend": "docker", "version": "29", "facts": facts},
        "remarks": [], "running": 1, "queued": 2, "blocked": "Docker is away" if blocked_at else None,
        "blocked_at": blocked_at,
    }  # fmt: skip
    return {check.name: check for check in system_checks(system)}


def test_a_backend_that_tells_nothing_is_asked_nothing_more() -> None:
    assert list(told()) == ["containers", "queue"]


@pytest.mark.parametrize(
    ("facts", "state", "said"),
    [
        ({"rootless": "no", "cgroup": "1"}, "ok", "Docker runs as root"),
        ({"rootless": "yes", "cgroup": "2"}, "ok", "Docker runs without root"),
        ({"rootless": "yes", "cgroup": "1"}, "warning", "sets jobs no limits"),
    ],
)
def test_docker_without_root_needs_cgroup_2_for_its_limits(facts: dict[str, str], state: str, said: str) -> None:
    check = told(**facts)["rootless"]
    assert check.state == state
    assert said in check.said
    assert bool(check.hint) is (state == "warning")


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [
        ("0", "ok", "agree"),
        ("-4", "ok", "agree"),
        ("7", "warning", "7 s ahead of"),
        ("-3600", "warning", "3600 s behind"),
    ],
)
def test_clocks_that_differ_are_told_with_how_much(ahead: str, state: str, said: str) -> None:
    check = told(clock_ahead_s=ahead)["clock"]
    assert (check.state, said in check.said) == (state, True)
    assert ("NTP" in check.hint) is (state == "warning")


def test_an_engine_that_waits_says_since_when() -> None:
    check = told(blocked_at="2026-01-02T03:04:05.000Z")["queue"]
    assert (check.state, check.said) == ("warning", "Docker is away, since 2026-01-02T03:04:05.000Z")
    assert "by themselves" in check.hint
