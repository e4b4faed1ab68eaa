"""Jobs that ask for what no job gets, a row of the table a test: refused by name at REST and MCP, nothing is stored."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.refusals import CANARY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile.refusals import Doors

Case = tuple[dict[str, Any], str]

_LONG = "x" * 200_000


async def refuse_all(doors: Doors, *cases: Case) -> None:
    for fields, saying in cases:
        await doors.refuse(fields, saying)


@pytest.mark.hostile("B51")
async def test_an_image_is_refused_by_the_grammar_of_references(doors: Doors) -> None:
    said = "image: not an image reference"
    await refuse_all(
        doors,
        ({"image": "--privileged"}, said),
        ({"image": f"busybox;{CANARY}"}, said),
        ({"image": "BusyBox"}, said),
        ({"image": "a b"}, said),
        ({"image": "x" * 5000}, "image: an image reference has at most 255 characters"),
        ({"image": "busybox@sha256:zz"}, said),
        ({"image": "busybox\n"}, said),
        ({"image": "../../x"}, said),
        ({"image": "0" * 64}, said),
    )


@pytest.mark.hostile("B52")
async def test_a_registry_inside_the_operators_network_is_refused_whatever_listens_there(doors: Doors) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listening = server.getsockname()[1]
        told = {
            await doors.refuse({"image": f"{registry}/x"}, code="not_admitted")
            for registry in (f"127.0.0.1:{listening}", "127.0.0.1:1", "169.254.169.254", "host:22", "[::1]:2375")
        }
    assert told == {"image: its registry is an address or a private name that this engine does not use"}


@pytest.mark.hostile("B54")
@pytest.mark.parametrize(
    "field",
    ["privileged", "cap_add", "devices", "security_opt", "pid", "ipc", "uts", "userns", "userns_mode", "pid_mode",
     "volumes_from", "cgroup_parent", "runtime_class", "sysctls", "extra_hosts", "restart_policy", "restart",
     "host_config", "group_add", "dns", "ports", "links", "volumes", "labels", "mac_address", "storage_opt"],
)  # fmt: skip
async def test_what_would_open_the_sandbox_is_no_field_at_all(doors: Doors, field: str) -> None:
    await doors.refuse({field: CANARY}, f"{field}: no such field")


@pytest.mark.hostile("B54")
async def test_no_network_profile_or_capability_leads_to_the_host(doors: Doors) -> None:
    await refuse_all(
        doors,
        ({"network": "host"}, "network: must be 'bridge', 'services' or 'none'"),
        ({"network": "container:x"}, "network: must be"),
        ({"runtime": "runc"}, "runtime and args go with entry"),
        ({"profile": "privileged"}, "profile: must be 'strict', 'standard' or 'trusted'"),
        ({"profile": "trusted", "capabilities": ["SYS_ADMIN"]}, "capabilities.0: must be"),
        ({"profile": "trusted", "capabilities": ["ALL"]}, "capabilities.0: must be"),
        ({"sandbox": {"profile": "trusted"}}, "sandbox: set by the engine, never by a request"),
        ({"user": "root; id"}, "user: a user is a name or number"),
    )


@pytest.mark.hostile("B54")
async def test_an_agent_is_not_trusted_unless_the_operator_says_so(doors: Doors) -> None:
    said = await doors.refuse({"profile": "trusted"}, code="policy_denied")
    assert said.startswith("profile: trusted is looser than jobs of ")


@pytest.mark.hostile("B55")
async def test_nothing_of_the_machine_is_mounted_that_the_operator_does_not_list(doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    for source in ("/", "/var/run/docker.sock", "/etc/passwd", str(tmp_path / "link"), str(tmp_path / "absent")):
        await doors.refuse({"mounts": [f"{source}:/x"]}, "mounts.0.source: ", code="not_admitted")
    await refuse_all(
        doors,
        ({"mounts": ["../../etc:/x"]}, "mounts.0.source: an absolute path"),
        ({"mounts": ["relative:/x"]}, "mounts.0.source: an absolute path"),
        ({"mounts": ["/a:/proc/x"]}, "mounts.0.target: a place of its own"),
        ({"mounts": ["/a:/"]}, "mounts.0.target: a place of its own"),
        ({"mounts": ["/a:/b/../.."]}, "mounts.0.target: an absolute path inside the container without '..'"),
    )


@pytest.mark.hostile("B56")
@pytest.mark.parametrize(
    ("field", "values", "range_"),
    [
        ("memory_mb", [0, 1, 4, -5, 5.5], "memory_mb: must be"),
        ("cpus", [0, -1], "cpus: must be greater than or equal to 0.01"),
        ("pids", [0, -1], "pids: must be greater than or equal to 1"),
        ("gpus", [-1, 65], "gpus: must be"),
        ("disk_mb", [0, -1], "disk_mb: must be greater than or equal to 1"),
        ("memory_mb", [10**18], "memory_mb: must be less than or equal to 16777216"),
        ("cpus", [1e9], "cpus: must be less than or equal to 1024"),
        ("pids", [10**9], "pids: must be less than or equal to 1048576"),
    ],
)
async def test_resources_out_of_range_are_refused_with_the_range(
    doors: Doors, field: str, values: list[float], range_: str
) -> None:
    for value in values:
        await doors.refuse({field: value}, range_)


@pytest.mark.hostile("B56")
async def test_resources_beyond_this_host_are_refused_with_what_it_has(doors: Doors) -> None:
    for fields in ({"memory_mb": 16_000_000}, {"cpus": 1000}, {"pids": 100_000}, {"disk_mb": 10_000_000}):
        (field,) = fields
        await doors.refuse(fields, f"{field}: ", code="not_admitted")


@pytest.mark.hostile("B57")
async def test_a_time_limit_is_a_number_of_seconds_up_to_the_operators(doors: Doors) -> None:
    await refuse_all(
        doors,
        ({"timeout_s": 0}, "timeout_s: must be greater than 0"),
        ({"timeout_s": -1}, "timeout_s: must be greater than 0"),
        ({"timeout_s": 1e12}, "timeout_s: must be less than or equal to"),
        ({"timeout_s": "5 minutes"}, "timeout_s: must be a valid number"),
    )
    await doors.refuse({"timeout_s": 100_000}, "timeout_s: at most 86400 seconds here", code="not_admitted")


@pytest.mark.hostile("B58")
async def test_variables_that_linux_does_not_take_are_refused_by_name(doors: Doors) -> None:
    many = {f"V{number}": "x" * 100_000 for number in range(30)}
    await refuse_all(
        doors,
        ({"env": {"BIG": _LONG}}, "env.BIG: longer than 128 KiB"),
        ({"env": many}, "env holds more than 1 MiB in all"),
        ({"env": {f"A={CANARY}": "x"}}, "a variable's name is letters"),
        ({"env": {"": CANARY}}, "a variable's name is letters"),
        ({"env": {"A": f"{CANARY}\0"}}, "env.A: a NUL character"),
        ({"env": {"A\nB": CANARY}}, "a variable's name is letters"),
        ({"env": [CANARY]}, "env: entry 0 is not KEY=VALUE"),
    )


@pytest.mark.hostile("B59")
async def test_a_command_is_a_list_of_texts_that_linux_takes(doors: Doors) -> None:
    await refuse_all(
        doors,
        ({"command": []}, "command: empty"),
        ({"command": ""}, "command: must be a list"),
        ({"command": [""]}, "command: empty"),
        ({"command": ["echo", "x" * 3_000_000]}, "command.1: longer than 128 KiB"),
        ({"command": ["echo", f"{CANARY}\0"]}, "command.1: a NUL character"),
        ({"command": ["echo", ["x"]]}, "command.1: must be a text"),
        ({"command": {"a": CANARY}}, "command: must be a list"),
    )


@pytest.mark.hostile("B60")
async def test_names_and_tags_are_plain_words(doors: Doors) -> None:
    for bad in (f"{CANARY}\n", "\x1b[31m", "x" * 1_000_000, "__proto__", "", "a b", "-x", "../x", "naïve"):
        await doors.refuse({"name": bad}, "name: ")
        await doors.refuse({"tags": [bad]}, "tags.0: ")
    await doors.refuse({"tags": ["t"] * 33}, "tags: at most 32 items")


@pytest.mark.hostile("B61")
async def test_a_folder_is_absolute_and_a_user_is_a_name_or_a_number(doors: Doors) -> None:
    await refuse_all(
        doors,
        ({"workdir": "relative"}, "workdir: an absolute path"),
        ({"workdir": "/a/../../etc"}, "workdir: an absolute path"),
        ({"workdir": "/" + "x" * 2000}, "workdir: an absolute path"),
        ({"user": "x" * 300}, "user: a user is a name or number"),
        ({"user": "a:b:c"}, "user: a user is a name or number"),
        ({"hostname": "x" * 300}, "hostname: no such field"),
    )
