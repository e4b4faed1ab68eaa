"""Pulling from real registries: an open one, one with a password, and one that is not there."""

from __future__ import annotations

import io
import random
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from core.backends.docker.pull import PullProgress
from core.errors import ImageNotFoundError, RegistryDeniedError, RegistryUnreachableError
from tests.core.backends.docker.conftest import BUSYBOX, docker

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from core.backends.docker.backend import DockerBackend

pytestmark = pytest.mark.docker

_REGISTRY = ("127.0.0.1", 5000)
_LARGE = "127.0.0.1:5000/orcaops-tests/large:1"
_ENGINE_SCRIPT = Path(__file__).parents[4] / "scripts" / "container-engine"


@pytest.fixture(scope="module", autouse=True)
def registries() -> None:
    """Both registries, started if nothing answers."""
    with socket.socket() as probe:
        if probe.connect_ex(_REGISTRY) != 0:
            subprocess.run([sys.executable, str(_ENGINE_SCRIPT), "registry"], check=True)


@pytest.fixture
def large_image() -> Generator[str]:
    """An image of 8 MiB that is in the registry and not local."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("data")
        data = random.Random(1).randbytes(8 * 1024 * 1024)  # noqa: S311 - the same bytes each time, for one blob
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    subprocess.run(
        ["docker", "import", "--change", 'CMD ["/hello"]', "--change", "WORKDIR /w", "-", _LARGE],
        input=packed.getvalue(),
        capture_output=True,
        check=True,
    )
    docker("push", "--quiet", _LARGE)
    docker("image", "rm", _LARGE)
    yield _LARGE
    subprocess.run(["docker", "image", "rm", "--force", _LARGE], capture_output=True, check=False)


@pytest.fixture
def pulls() -> Callable[[], int]:
    """How often the engine pulled the large image since the test began, by its own account."""
    since = f"{time.time():.6f}"
    wanted = ("--filter", "event=pull", "--filter", f"image={_LARGE}")
    return lambda: len(docker("events", "--since", since, "--until", f"{time.time():.6f}", *wanted).splitlines())


async def test_a_local_image_is_not_pulled_again(backend: DockerBackend) -> None:
    told: list[str] = []
    info = await backend.pull(BUSYBOX, "missing", told.append)
    assert (info.reference, info.command, told) == (BUSYBOX, ("/bin/sh",), [])
    assert info.image_id.startswith("sha256:")


async def test_an_image_that_is_not_local_is_pulled_and_its_digest_noted(
    backend: DockerBackend, large_image: str
) -> None:
    told: list[str] = []
    with anyio.fail_after(60):
        info = await backend.pull(large_image, "missing", told.append)
    assert info.digest.startswith("127.0.0.1:5000/orcaops-tests/large@sha256:")
    assert (info.command, info.workdir) == (("/hello",), "/w")
    assert told[0] == f"pulling {large_image}"


async def test_an_image_is_asked_for_again_when_the_job_says_always(
    backend: DockerBackend, large_image: str, pulls: Callable[[], int]
) -> None:
    with anyio.fail_after(60):
        first = await backend.pull(large_image, "always", _ignore)
        assert await backend.pull(large_image, "always", _ignore) == first
    assert pulls() == 2


async def test_an_image_that_is_not_local_is_missing_when_the_job_forbids_a_pull(
    backend: DockerBackend, large_image: str
) -> None:
    with pytest.raises(ImageNotFoundError, match="forbids"):
        await backend.pull(large_image, "never", _ignore)


async def test_two_who_want_the_same_image_share_one_pull(
    backend: DockerBackend, large_image: str, pulls: Callable[[], int]
) -> None:
    digests: list[str] = []

    async def pull() -> None:
        digests.append((await backend.pull(large_image, "missing", _ignore)).digest)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(pull)
            group.start_soon(pull)
    assert len(digests) == 2
    assert len(set(digests)) == 1
    assert pulls() == 1


async def test_one_who_gives_up_does_not_end_the_pull_of_the_others(
    backend: DockerBackend, large_image: str, pulls: Callable[[], int]
) -> None:
    impatient = anyio.CancelScope()
    begun = anyio.Event()

    async def give_up() -> None:
        with impatient:
            await backend.pull(large_image, "always", lambda _: begun.set())

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(give_up)
            group.start_soon(backend.pull, large_image, "always", _ignore)
            await begun.wait()
            impatient.cancel()
    assert impatient.cancelled_caught
    assert pulls() == 1


async def test_a_pull_that_nobody_waits_for_any_more_is_broken_off(backend: DockerBackend, large_image: str) -> None:
    async with anyio.create_task_group() as group:
        with anyio.fail_after(60):
            await backend.pull(large_image, "always", lambda _: group.cancel_scope.cancel())
    assert group.cancel_scope.cancelled_caught
    with anyio.fail_after(60):
        assert (await backend.pull(large_image, "always", _ignore)).digest


@pytest.mark.parametrize("image", ["127.0.0.1:5000/library/busybox:no-such-tag", "127.0.0.1:5000/no/such-image:1"])
async def test_an_image_that_its_registry_does_not_have_is_not_found(backend: DockerBackend, image: str) -> None:
    with anyio.fail_after(60), pytest.raises(ImageNotFoundError, match="does not know"):
        await backend.pull(image, "missing", _ignore)


async def test_a_registry_that_nobody_serves_is_unreachable(backend: DockerBackend) -> None:
    with anyio.fail_after(60), pytest.raises(RegistryUnreachableError):
        await backend.pull("127.0.0.1:1/library/busybox:1", "missing", _ignore)


async def test_a_registry_that_wants_a_login_denies(backend: DockerBackend) -> None:
    with anyio.fail_after(60), pytest.raises(RegistryDeniedError, match="private, or does not exist"):
        await backend.pull("127.0.0.1:5001/private/busybox:1", "missing", _ignore)


def test_progress_is_summed_over_the_layers_that_told_their_size() -> None:
    progress = PullProgress("alpine:3.20")
    assert str(progress) == "pulling alpine:3.20"
    progress.take({"status": "Pulling from library/alpine", "id": "3.20"})
    progress.take({"status": "Downloading", "id": "a", "progressDetail": {"current": 10, "total": 100}})
    progress.take({"status": "Downloading", "id": "b", "progressDetail": {"current": 80, "total": 100}})
    assert str(progress) == "pulling alpine:3.20, 45 %"
    progress.take({"status": "Download complete", "id": "a", "progressDetail": {}})
    progress.take({"status": "Extracting", "id": "b", "progressDetail": {"current": 1, "total": 100}})
    assert str(progress) == "pulling alpine:3.20, 100 %"


def _ignore(_: str) -> None:
    return
