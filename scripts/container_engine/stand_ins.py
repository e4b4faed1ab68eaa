"""Images built from Debian's packages, for machines that reach no registry.

They answer to the names that tests and examples use and do what those need; they are not the published images.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from scripts.container_engine import apt
from scripts.container_engine.commands import attempt, checked, find_program
from scripts.container_engine.console import CannotContinueError, step
from scripts.container_engine.tarball import Tarball

__all__ = ("alpine", "busybox", "debian_base", "postgres", "python", "redis")

_PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LABEL = 'LABEL org.opencontainers.image.vendor="stand-in built by scripts/container-engine"'
_BASE = "container-engine/debian:base"
_PACKAGES = "python3,python3-pip,python3-venv,redis-server,postgresql,procps"
_DPKG_OPTIONS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
)
_LEFT_OUT = (
    "dev/*",
    "proc/*",
    "sys/*",
    "run/*",
    "tmp/*",
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "var/lib/postgresql/*/main",
)
_POSTGRES_ENTRYPOINT = """\
#!/bin/sh
# Makes the database cluster on the first start, then serves it as the user postgres; any other command just runs.
set -eu
case "${1:-postgres}" in -*) set -- postgres "$@" ;; esac
[ "${1:-postgres}" = postgres ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /run/postgresql
  chown postgres: "$PGDATA" /run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "Error: Database is uninitialized and superuser password is not specified (POSTGRES_PASSWORD)." >&2
    exit 1
  fi
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  printf '%s\\n' "${POSTGRES_PASSWORD:-unused}" > /tmp/.pw
  initdb -D "$PGDATA" -U "$user" --pwfile=/tmp/.pw -E UTF8 --locale=C.UTF-8 \\
    --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  rm /tmp/.pw
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    printf 'CREATE DATABASE "%s";\\n' "$database" | postgres --single -j -D "$PGDATA" postgres >/dev/null
  fi
fi
[ $# = 0 ] || shift
exec postgres -D "$PGDATA" -c listen_addresses='*' "$@"
"""
_REDIS_ENTRYPOINT = """\
#!/bin/sh
# Options alone are meant for the server, as in the published image.
set -eu
case "${1:-}" in -*|*.conf) set -- redis-server "$@" ;; esac
case "$*" in
  redis-server\\ --version|redis-server\\ -v) ;;
  redis-server*) set -- "$@" --protected-mode no --save "" ;;
esac
exec "$@"
"""


def busybox(reference: str) -> None:
    """Import Debian's static busybox with a link for each of its applets."""
    apt.need("busybox-static", program="busybox", otherwise="Pull the image from a registry.")
    program = Path(find_program("busybox") or "/bin/busybox")
    applets = checked(str(program), "--list").split()
    tar = Tarball()
    for path in ("bin", "etc", "home", "root", "usr", "usr/bin", "var"):
        tar.folder(path)
    tar.folder("tmp", 0o1777)
    tar.program("bin/busybox", program)
    tar.links({f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"})
    tar.links({"usr/bin/env": "../../bin/busybox"})
    tar.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n")
    tar.text("etc/group", "root:x:0:\nnobody:x:65534:\n")
    _import(reference, tar.done(), 'CMD ["/bin/sh"]')


def alpine(reference: str) -> None:
    """The same busybox under alpine's name."""
    busybox(reference)


def python(reference: str) -> None:
    """Debian's Python with `python` as its name, pip and venv."""
    tar = Tarball()
    tar.links({"usr/local/bin/python": "/usr/bin/python3", "usr/local/bin/python3": "/usr/bin/python3"})
    # in an image of its own there is no system to protect from pip
    tar.text("etc/pip.conf", "[global]\nbreak-system-packages = true\n")
    _derive(reference, tar.done(), 'CMD ["python3"]', "ENV LANG=C.UTF-8")


def redis(reference: str) -> None:
    """Debian's Redis, open to its network and without persistence."""
    tar = Tarball()
    tar.folder("data")
    tar.text("usr/local/bin/docker-entrypoint.sh", _REDIS_ENTRYPOINT, 0o755)
    _derive(
        reference,
        tar.done(),
        'ENTRYPOINT ["docker-entrypoint.sh"]',
        'CMD ["redis-server"]',
        "WORKDIR /data",
        "EXPOSE 6379",
    )


def postgres(reference: str) -> None:
    """Debian's PostgreSQL behind an entrypoint that reads POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB."""
    listing = checked("docker", "run", "--rm", "--network=none", _BASE, "sh", "-c", "ls /usr/lib/postgresql/*/bin/*")
    tar = Tarball()
    tar.links({f"usr/local/bin/{Path(path).name}": path for path in listing.split()})
    tar.text("usr/local/bin/docker-entrypoint.sh", _POSTGRES_ENTRYPOINT, 0o755)
    _derive(
        reference,
        tar.done(),
        'ENTRYPOINT ["docker-entrypoint.sh"]',
        'CMD ["postgres"]',
        "ENV PGDATA=/var/lib/postgresql/data",
        "EXPOSE 5432",
    )


def _import(reference: str, archive: bytes, *changes: str) -> None:
    options = [f"--change={change}" for change in (_PATH, _LABEL, *changes)]
    checked("docker", "import", *options, "-", reference, stdin=archive)


def _derive(reference: str, archive: bytes, *changes: str) -> None:
    """The base with more files and another configuration; needs no builder and runs nothing."""
    container = checked("docker", "create", _BASE)
    try:
        checked("docker", "cp", "-", f"{container}:/", stdin=archive)
        checked("docker", "commit", *[f"--change={change}" for change in changes], container, reference)
    finally:
        attempt("docker", "rm", container)


def debian_base() -> None:
    """The Debian system below the larger stand-ins, made once."""
    if attempt("docker", "image", "inspect", _BASE).returncode == 0:
        return
    name, codename = apt.distribution()
    otherwise = "Connect this machine to a registry: the image is then pulled."
    apt.need("debootstrap", program="debootstrap", otherwise=otherwise)
    suite = "bookworm" if name == "debian" else codename  # the release whose versions the images' names promise
    sources = [source for source in apt.machine_sources() if name != "debian" or source.suite.startswith(codename)]
    mirror = apt.choose_mirror(sources, codename)
    with tempfile.TemporaryDirectory(prefix="container-engine-", dir="/var/tmp", ignore_cleanup_errors=True) as scratch:
        root = Path(scratch) / "root"
        with step("building a Debian system for python, redis and postgres (a minute or two, once)"):
            _bootstrap(root, suite, mirror, extra=("--components=main,universe",) if name == "ubuntu" else ())
        with step("importing it"):
            _import_folder(root)


def _bootstrap(root: Path, suite: str, mirror: str, *, extra: tuple[str, ...]) -> None:
    options = root / "etc" / "dpkg" / "dpkg.cfg.d" / "container-engine"
    options.parent.mkdir(parents=True)
    options.write_text("\n".join(_DPKG_OPTIONS) + "\n")
    try:
        checked(
            "debootstrap",
            "--variant=minbase",
            *extra,
            f"--include={_PACKAGES}",
            suite,
            str(root),
            mirror,
            env=apt.proxy(),
        )
    finally:
        for mounted in _mounts_under(root):
            attempt("umount", "--lazy", mounted)


def _mounts_under(root: Path) -> list[str]:
    """What debootstrap left mounted, deepest first."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{root}/")), reverse=True)


def _import_folder(root: Path) -> None:
    options = [f"--change={change}" for change in (_PATH, _LABEL, 'CMD ["/bin/bash"]')]
    left_out = [f"--exclude=./{pattern}" for pattern in _LEFT_OUT]
    with subprocess.Popen(
        ["tar", "-C", str(root), "--numeric-owner", *left_out, "-c", "."],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as tar:
        result = subprocess.run(
            ["docker", "import", *options, "-", _BASE], stdin=tar.stdout, capture_output=True, check=False
        )
    if result.returncode != 0 or tar.returncode != 0:
        attempt("docker", "image", "rm", _BASE)
        raise CannotContinueError(f"docker import failed: {result.stderr.decode(errors='replace').strip()}")
