"""Two registries on the loopback address: an open one, and one that asks for a password.

They let pulling, and being denied a pull, be tested for real.
"""

from __future__ import annotations

import base64
import ctypes
import json
import secrets
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from scripts.container_engine import apt, engine, images
from scripts.container_engine.commands import checked, start_detached
from scripts.container_engine.console import CannotContinueError, say, step
from scripts.container_engine.state import Daemon, wait_until

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ("OPEN", "PROTECTED", "Registry", "bcrypt", "configuration", "daemon", "is_up", "up")

_USER = "orcaops"
_START_S = 15.0
_ASK_S = 3.0
_BCRYPT_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_OTHERWISE = "Or serve one yourself: `docker run -d -p 127.0.0.1:5000:5000 registry:2`."


@dataclass(frozen=True)
class Registry:
    """A registry that this script serves, and what it holds."""

    name: str
    port: int
    holds: tuple[str, ...]
    protected: bool = False

    @property
    def address(self) -> str:
        """What image references begin with."""
        return f"127.0.0.1:{self.port}"


OPEN = Registry("registry", 5000, ("library/busybox:1.35", "library/busybox:latest"))
PROTECTED = Registry("registry-protected", 5001, ("private/busybox:1",), protected=True)


def daemon(folder: Path, registry: Registry) -> Daemon:
    """The process that serves it."""
    return Daemon(folder, registry.name)


def configuration(registry: Registry, folder: Path) -> str:
    """The registry's configuration; JSON is YAML."""
    settings: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / f"{registry.name}-data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": registry.address},
    }
    if registry.protected:
        settings["auth"] = {"htpasswd": {"realm": "orcaops tests", "path": str(folder / "htpasswd")}}
    return json.dumps(settings, indent=2) + "\n"


def bcrypt(password: str) -> str:
    """The password's bcrypt hash, by the C library's own crypt (Python's module for it is gone since 3.13)."""
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    salt = "".join(secrets.choice(_BCRYPT_ALPHABET) for _ in range(21)) + "."
    hashed = cast("bytes | None", crypt(password.encode(), f"$2b$05${salt}".encode()))
    if not hashed or not hashed.startswith(b"$2b$"):
        raise CannotContinueError("this system's libcrypt knows no bcrypt, so no protected registry can be set up")
    return hashed.decode()


def is_up(registry: Registry) -> bool:
    """Whether a registry answers on its port."""
    return _ask(registry, "/v2/", None) in {200, 401}


def up(folder: Path) -> None:
    """Serve both registries and fill them.

    Raises:
        CannotContinueError: A port is taken by something else, or the registry cannot be installed.
    """
    images.ensure(images.select("busybox"))
    password = _password(folder)
    for registry in (OPEN, PROTECTED):
        if not is_up(registry):
            _serve(folder, registry)
        _fill(folder, registry, password)
        say(f"a registry serves {', '.join(registry.holds)} on {registry.address}")


def _password(folder: Path) -> str:
    """The protected registry's password, made up once and kept beside its data."""
    kept = folder / "registry-password"
    if not kept.exists():
        password = secrets.token_urlsafe(18)
        (folder / "htpasswd").write_text(f"{_USER}:{bcrypt(password)}\n")
        kept.touch(mode=0o600)
        kept.write_text(password)
    return kept.read_text()


def _serve(folder: Path, registry: Registry) -> None:
    apt.need("docker-registry", program="docker-registry", otherwise=_OTHERWISE)
    if is_up(registry):  # a service manager may have started Debian's own
        return
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", registry.port)) == 0:
            raise CannotContinueError(f"Something that is not a registry listens on {registry.address}.")
    config = folder / f"{registry.name}.yml"
    config.write_text(configuration(registry, folder))
    ours = daemon(folder, registry)
    with step(f"starting a registry on {registry.address}"):
        ours.note(start_detached(["docker-registry", "serve", str(config)], ours.log))
        wait_until(lambda: is_up(registry) or ours.started_by_us() is None, seconds=_START_S)
    if not is_up(registry):
        raise CannotContinueError(f"The registry does not answer; the end of {ours.log}:\n{ours.last_lines()}")


def _fill(folder: Path, registry: Registry, password: str) -> None:
    credentials = base64.b64encode(f"{_USER}:{password}".encode()).decode() if registry.protected else None
    for image in registry.holds:
        repository, _, tag = image.partition(":")
        if _ask(registry, f"/v2/{repository}/manifests/{tag}", credentials) != 200:  # HTTP's own number
            _push(folder, f"{registry.address}/{image}", credentials)


def _push(folder: Path, reference: str, credentials: str | None) -> None:
    """Push busybox; with a login of our own, so that the user's docker never learns the password."""
    login = folder / "docker-login"
    login.mkdir(exist_ok=True)
    auths = {reference.partition("/")[0]: {"auth": credentials}} if credentials else {}
    (login / "config.json").write_text(json.dumps({"auths": auths}))
    docker = ("docker", "--config", str(login), "--host", engine.endpoint())
    checked(*docker, "tag", "busybox:latest", reference)
    try:
        checked(*docker, "push", reference)
    finally:
        checked(*docker, "image", "rm", reference)


def _ask(registry: Registry, path: str, credentials: str | None) -> int:
    """The status that the registry answers with; 0 when none does."""
    request = urllib.request.Request(  # the address is a constant of this file
        f"http://{registry.address}{path}", headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    )
    if credentials:
        request.add_header("Authorization", f"Basic {credentials}")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=_ASK_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0
