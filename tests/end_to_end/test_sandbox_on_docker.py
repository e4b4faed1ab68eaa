"""How jobs are held on a real Docker Engine, looked at from inside their containers and from beside them."""

from __future__ import annotations

import io
import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import docker
import pytest

from core import Engine, FailureKind, JobStatus, parse_job
from tests.end_to_end.conftest import everything_is_settled, whole_log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from core import Job

    Run = Callable[..., Awaitable[Job]]

pytestmark = pytest.mark.docker

STANDARD_CAPABILITIES = 0b1100_1011
"""CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, SETGID 6, SETUID 7."""
SYS_PTRACE = 1 << 19


def facts(lines: list[str]) -> dict[str, str]:
    """What lines such as ``CapEff:	00`` say."""
    return {name: rest.strip() for name, colon, rest in (line.partition(":") for line in lines) if colon}


async def inspected(job: Job) -> dict[str, Any]:
    """What Docker says of a container that was kept; it is removed."""
    assert job.attempt is not None
    name = job.attempt.container_name

    def look() -> dict[str, Any]:
        client: Any = docker.APIClient(version="auto")
        try:
            found: dict[str, Any] = client.inspect_container(name)
            client.remove_container(name, v=True)
            return found
        finally:
            client.close()

    return await anyio.to_thread.run_sync(look)


@contextmanager
def a_server_on_all_addresses() -> Generator[int]:
    """The port of a server of this machine that says ``reached`` to whoever comes."""
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - what a container may reach is the question
        port: int = server.getsockname()[1]

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"reached\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield port
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


async def test_a_standard_job_has_what_package_managers_need_and_no_more(docker_engine: Engine, run: Run) -> None:
    script = """\
        grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
        echo "init: $(cat /proc/1/comm)"
        echo "files: $(ulimit -n)"
        echo "core: $(ulimit -c)"
        echo "shm: $(df -m /dev/shm | tail -n 1 | awk '{print $2}')"
        touch /made && chown 1000 /made && echo "owner: $(stat -c %u /made)"
        mknod /node b 8 0 2>/dev/null || echo "devices: refused"
        ls /dev/sd* /dev/vd* /dev/mem /var/run/docker.sock 2>/dev/null || echo "disks: none"
        true & wait; (sleep 0.1 &); sleep 0.3; echo "zombies: $(ps -o stat | grep -c Z)"
    """
    job = await run(script=script, cleanup="keep", memory_mb=64, pids=50, cpus=0.5, disk_mb=20)
    assert job.status is JobStatus.SUCCESS
    told = facts(await whole_log(docker_engine, job.job_id))
    assert (int(told["CapEff"], 16), int(told["CapBnd"], 16)) == (STANDARD_CAPABILITIES, STANDARD_CAPABILITIES)
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")
    assert told["init"] in {"docker-init", "tini", "init"}
    assert (told["files"], told["core"], told["shm"], told["owner"]) == ("1024", "0", "64", "1000")
    assert (told["devices"], told["disks"], told["zombies"]) == ("refused", "none", "0")
    held = (await inspected(job))["HostConfig"]
    assert held["Memory"] == held["MemorySwap"] == 64 * 1024 * 1024
    assert (held["PidsLimit"], held["NanoCpus"], held["Privileged"]) == (50, 500_000_000, False)
    assert (held["PidMode"], held["UTSMode"], held["UsernsMode"], held["Devices"] or []) == ("", "", "", [])
    assert held["IpcMode"] in {"private", "shareable"}
    assert {"Name": "fsize", "Soft": 20 * 1024 * 1024, "Hard": 20 * 1024 * 1024} in held["Ulimits"]
    assert held["RestartPolicy"]["Name"] == "no"


async def test_a_strict_job_is_nobody_has_no_network_and_writes_only_where_it_works(
    docker_engine: Engine, run: Run
) -> None:
    uploaded = await docker_engine.upload_files({"in/data.txt": b"from outside\n"})
    script = """\
        grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
        echo "user: $(id -u):$(id -g)"
        echo "folder: $PWD $(stat -c %u:%a .)"
        echo "input: $(cat in/data.txt)"
        echo "links: $(ls /sys/class/net | tr '\\n' ' ')"
        (touch /x || touch /usr/x || touch /orcaops/x) 2>/dev/null || echo "root: refused"
        echo 'echo ran' > /tmp/program; chmod +x /tmp/program; /tmp/program 2>/dev/null || echo "program: refused"
        dd if=/dev/zero of=/tmp/fill bs=1M count=65 2>/dev/null || echo "tmp: full at $(stat -c %s /tmp/fill)"
        rm -f /tmp/fill; echo "home: $HOME"
        echo made > out.txt; echo answer=42 >> "$ORCAOPS_OUTPUT"
    """
    job = await run(
        profile="strict", script=script, files=uploaded.files, artifacts=["out.txt"], outputs=["answer"], cleanup="keep"
    )
    assert job.failure is None
    told = facts(await whole_log(docker_engine, job.job_id))
    assert (int(told["CapEff"], 16), int(told["CapBnd"], 16), told["NoNewPrivs"], told["Seccomp"]) == (0, 0, "1", "2")
    assert (told["user"], told["folder"], told["home"]) == ("65534:65534", "/work/job 65534:777", "/tmp")
    assert (told["input"], told["links"], told["root"]) == ("from outside", "lo", "refused")
    assert (told["program"], told["tmp"]) == ("refused", f"full at {64 * 1024 * 1024 - 4096}")
    assert job.outputs == {"answer": "42"}
    (artifact,) = await docker_engine.list_artifacts(job.job_id)
    assert (artifact.path, artifact.state) == ("out.txt", "kept")
    container = await inspected(job)
    assert container["HostConfig"]["ReadonlyRootfs"] is True
    volumes = [mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume"]
    assert len(volumes) == 2
    assert not await anyio.to_thread.run_sync(_volumes_left, volumes)


def _volumes_left(names: list[str]) -> list[str]:
    client: Any = docker.APIClient(version="auto")
    try:
        found: list[dict[str, Any]] = client.volumes()["Volumes"] or []
        return [each["Name"] for each in found if each["Name"] in names]
    finally:
        client.close()


async def test_a_strict_command_works_without_steps_too(docker_engine: Engine, run: Run) -> None:
    command = ["sh", "-c", "echo answer=1 > $ORCAOPS_OUTPUT; pwd; touch here && ls"]
    job = await run(profile="strict", command=command, outputs=["answer"])
    assert (job.failure, job.outputs) == (None, {"answer": "1"})
    assert await whole_log(docker_engine, job.job_id) == ["/work/job", "here"]


async def test_root_in_a_container_that_cannot_be_written_works_in_the_folder_it_names(
    docker_engine: Engine, run: Run
) -> None:
    job = await run(read_only=True, workdir="/app", script="touch made && ls; touch /etc/x || echo refused")
    assert job.failure is None
    assert [line for line in await whole_log(docker_engine, job.job_id) if "Read-only" not in line] == [
        "made",
        "refused",
    ]


async def test_a_trusted_job_has_what_it_names_and_its_record_says_so(docker_engine: Engine, run: Run) -> None:
    job = await run(
        profile="trusted",
        capabilities=["cap_sys_ptrace"],
        may_gain_privileges=True,
        tmpfs=["/fast:8m:exec"],
        command=[
            "sh",
            "-c",
            "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; cp /bin/busybox /fast/echo; /fast/echo x: y",
        ],
    )
    told = facts(await whole_log(docker_engine, job.job_id))
    assert int(told["CapEff"], 16) == STANDARD_CAPABILITIES | SYS_PTRACE
    assert (told["NoNewPrivs"], told["x"]) == ("0", "y")
    assert job.spec.sandbox is not None
    assert {"capabilities", "privileges", "executable_tmpfs"} <= set(job.spec.sandbox.loosened)


async def test_a_job_with_its_services_alone_reaches_nothing_else_not_even_this_machine(
    docker_engine: Engine, run: Run
) -> None:
    web = {
        "id": "web",
        "image": "busybox:latest",
        "command": ["sh", "-c", "echo served > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"],
        "ready": {"tcp": 8080},
    }
    with a_server_on_all_addresses() as port:
        script = f"""\
            echo "service: $(wget -q -O- http://web:8080/)"
            for host in $(ip route | awk '/default/ {{print $3}}') 172.17.0.1 $MACHINE; do
              nc -w 1 $host {port} < /dev/null && echo "machine: $host"
            done 2>/dev/null
            echo "dns: $(cat /etc/resolv.conf | grep -c 127.0.0.11)"
            echo "end: yes"
        """
        env = {"MACHINE": socket.gethostbyname(socket.gethostname())}
        cut_off = await run(network="services", services=[web], script=script, env=env)
        lines = await whole_log(docker_engine, cut_off.job_id)
        assert facts(lines) == {"service": "served", "dns": "1", "end": "yes"}
        # the same job on the bridge, which reaches what this machine serves: the test can tell the difference
        reaching = await run(network="bridge", services=[web], script=script, env=env)
        assert "reached" in await whole_log(docker_engine, reaching.job_id)


_HEARS_SIGNALS = "trap 'echo usr1' USR1; trap 'echo term; exit 0' TERM; echo up; while :; do sleep 0.1; done"


_DOCKERFILE = f"""\
FROM busybox:latest
USER 0
VOLUME /data
HEALTHCHECK --interval=1s CMD touch /checked
STOPSIGNAL SIGUSR1
ENTRYPOINT {json.dumps(["sh", "-c", _HEARS_SIGNALS])}
LABEL orcaops.home=stolen
"""


@pytest.fixture
def loaded_image() -> Generator[str]:
    """An image that asks for all that an image can ask for."""
    client: Any = docker.APIClient(version="auto")
    name = "orcaops-test/loaded:latest"
    try:
        list(client.build(fileobj=io.BytesIO(_DOCKERFILE.encode()), tag=name, rm=True, forcerm=True))
        yield name
        client.remove_image(name, force=True)
    finally:
        client.close()


@pytest.mark.hostile("B53")
async def test_what_an_image_asks_for_is_not_done(docker_engine: Engine, loaded_image: str) -> None:
    spec = parse_job({"image": loaded_image, "cleanup": "keep", "cancel_grace_s": 10, "user": "0"})
    job = (await docker_engine.submit_job(spec)).job
    with anyio.fail_after(60):
        await docker_engine.wait([job.job_id], until="log_match", pattern="up")
        await docker_engine.cancel_job(job.job_id)
        job = await docker_engine.wait_for_job(job.job_id)
        await everything_is_settled(docker_engine)
    assert job.status is JobStatus.CANCELLED
    assert await whole_log(docker_engine, job.job_id) == ["up", "term"]
    container = await inspected(job)
    assert container["Config"]["Healthcheck"]["Test"] == ["NONE"]
    assert container["Config"]["StopSignal"] == "SIGTERM"
    assert container["Config"]["Labels"]["orcaops.home"] == docker_engine.home_id
    assert "Health" not in container["State"]
    volumes = [mount["Name"] for mount in container["Mounts"]]
    assert len(volumes) == 1
    assert not await anyio.to_thread.run_sync(_volumes_left, volumes)


@pytest.mark.fault("F42")
async def test_a_job_that_fills_its_container_is_stopped_and_says_so(docker_engine: Engine, run: Run) -> None:
    script = "for n in 1 2 3 4; do dd if=/dev/zero of=/fill$n bs=1M count=7; done; echo filled; sleep 600"
    job = await run(script=script, disk_mb=16, cancel_grace_s=1)
    assert job.failure is not None
    assert (job.failure.kind, job.failure.step) == (FailureKind.DISK_LIMIT, 0)
    assert job.failure.message == "The job wrote 28 MiB into its container, more than its 16 MiB."
    assert "filled" in await whole_log(docker_engine, job.job_id)


@pytest.mark.fault("F42")
async def test_a_single_file_stops_at_the_limit_at_once(docker_engine: Engine, run: Run) -> None:
    job = await run(
        command=["sh", "-c", "dd if=/dev/zero of=/fill bs=1M count=40; echo $?; stat -c %s /fill"], disk_mb=16
    )
    numbers = [line for line in await whole_log(docker_engine, job.job_id) if line.isdecimal()]
    assert numbers == ["153", str(16 * 1024 * 1024)]


@pytest.mark.fault("F37")
async def test_a_fork_bomb_stays_within_its_own_processes(docker_engine: Engine, run: Run) -> None:
    bomb = parse_job({
        "image": "busybox:latest", "command": ["sh", "-c", "echo on; b() { b | b & }; b; sleep 600"],
        "pids": 64, "timeout_s": 6, "cancel_grace_s": 1,
    })  # fmt: skip
    bombed = (await docker_engine.submit_job(bomb)).job
    with anyio.fail_after(60):
        await docker_engine.wait([bombed.job_id], until="log_match", pattern="on")
        beside = await run(command=["echo", "well"])
        ended = await docker_engine.wait_for_job(bombed.job_id)
    assert beside.status is JobStatus.SUCCESS
    assert ended.status is JobStatus.TIMED_OUT


@pytest.mark.fault("F32")
async def test_a_child_that_takes_too_much_memory_is_a_warning_of_a_job_that_went_on(run: Run) -> None:
    eater = "head -c 200000000 /dev/zero | tail"
    job = await run(command=["sh", "-c", f"({eater}) > /dev/null; exit 0"], memory_mb=32)
    assert job.status is JobStatus.SUCCESS
    assert any("killed a process of the job for memory" in warning for warning in job.warnings)
