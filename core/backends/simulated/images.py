"""The images of the simulation: nearly every name is local; some names fail, and some take time."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Final

import anyio

from core.backends.base import ImageInfo
from core.backends.simulated.servers import HEALTHY_IMAGE, PORT, SERVER_PORTS
from core.errors import ImageError, ImageNotFoundError, RegistryDeniedError, RegistryUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.clock import Clock
    from core.spec.job import PullPolicy

_REFUSED: Final[dict[str, tuple[type[ImageError], str]]] = {
    "missing/": (ImageNotFoundError, "manifest unknown"),
    "private/": (RegistryDeniedError, "pull access denied"),
    "unreachable.invalid/": (RegistryUnreachableError, "no such host"),
    "broken/": (ImageError, "failed to register layer"),
}
_PULLED: Final = "slow/"
_PULL_PARTS: Final = 4
_PULL_SECONDS: Final = 2.0
_INFERENCE: Final = "simulated/inference"


class _Pull:
    """One pull that everybody asking for the image meanwhile shares."""

    def __init__(self) -> None:
        self.turn = anyio.Lock()
        self.listeners: list[Callable[[str], None]] = []
        self.is_done = False


class ImageShelf:
    """The images that are local, and the pulls on their way.

    Args:
        clock: The clock that a pull takes its time from.
        time_scale: Seconds of the clock in a scripted second.

    Attributes:
        pulls: How often each image was pulled.
    """

    def __init__(self, clock: Clock, time_scale: float) -> None:
        self.pulls: Counter[str] = Counter()
        self._clock = clock
        self._time_scale = time_scale
        self._local: dict[str, ImageInfo] = {}
        self._by_id: dict[str, ImageInfo] = {}
        self._pulling: dict[str, _Pull] = {}

    async def pull(self, image: str, policy: PullPolicy, on_progress: Callable[[str], None]) -> ImageInfo:
        """As `ContainerBackend.pull`."""
        if policy != "always" and (local := self.find(image)) is not None:
            return local
        if policy == "never":
            raise ImageNotFoundError(f"{image} is not local and may not be pulled")
        pull = self._pulling.setdefault(image, _Pull())
        pull.listeners.append(on_progress)
        try:
            async with pull.turn:
                if not pull.is_done:
                    await self._fetch(image, pull)
        finally:
            pull.listeners.remove(on_progress)
            if not pull.listeners or pull.is_done:
                self._pulling.pop(image, None)
        return self._keep(image)

    def find(self, image: str) -> ImageInfo | None:
        """The local image of that name or id, or None."""
        known = self._local.get(image) or self._by_id.get(image)
        if known is not None or image.startswith((*_REFUSED, _PULLED)):
            return known
        return self._keep(image)

    async def _fetch(self, image: str, pull: _Pull) -> None:
        for part in range(1, _PULL_PARTS + 1):
            for listener in pull.listeners:
                listener(f"pulling {image}, {100 * (part - 1) // _PULL_PARTS} %")
            if image.startswith(_PULLED):
                await self._clock.sleep(_PULL_SECONDS / _PULL_PARTS * self._time_scale)
        for prefix, (error, words) in _REFUSED.items():
            if image.startswith(prefix):
                raise error(f"{image}: {words}")
        self.pulls[image] += 1
        pull.is_done = True

    def _keep(self, image: str) -> ImageInfo:
        known = self._local.get(image)
        if known is None:
            known = self._local[image] = _describe(image)
            self._by_id[known.image_id] = known
        return known


def _describe(image: str) -> ImageInfo:
    name = _name(image)
    image_id = f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
    is_inference = name == _INFERENCE
    ports = (PORT,) if name == HEALTHY_IMAGE else SERVER_PORTS.get(name.rpartition("/")[2], ())
    command = ("infer",) if is_inference else ("serve", *map(str, ports)) if ports else ("sh",)
    return ImageInfo(
        reference=image,
        image_id=image_id,
        digest=image if "@" in image else f"{name}@{image_id}",
        command=command,
        workdir="/work" if is_inference else "",
        ports=ports,
        has_health_check=name == HEALTHY_IMAGE,
    )


def _name(image: str) -> str:
    """The reference without tag and digest; a colon before the last slash is a port."""
    plain = image.partition("@")[0]
    folder, slash, base = plain.rpartition("/")
    return folder + slash + base.partition(":")[0]
