"""The container engine as an operator reaches it, past OrcaOps."""

from __future__ import annotations

from typing import Any, cast

import docker


class Operator:
    """What tests do to containers and images by hand. Every call blocks: use it from a worker thread."""

    def __init__(self) -> None:
        # docker-py's own types leave what it answers open
        self._client = cast("Any", docker.APIClient(version="auto"))

    def close(self) -> None:
        self._client.close()

    def containers(self, home_id: str, *, running_only: bool = False) -> list[str]:
        """Ids of the containers of a home."""
        found = self._client.containers(all=not running_only, filters={"label": f"orcaops.home={home_id}"})
        return [item["Id"] for item in found]

    def networks(self, home_id: str) -> list[str]:
        """Names of the networks of a home."""
        found = self._client.networks(filters={"label": f"orcaops.home={home_id}"})
        return [item["Name"] for item in found]

    def all_of(self, home_id: str) -> list[str]:
        """What stands of a home: ids of containers, names of networks."""
        return [*self.containers(home_id), *self.networks(home_id)]

    def labels(self, container_id: str) -> dict[str, str]:
        return self._client.inspect_container(container_id)["Config"]["Labels"]

    def kill(self, name: str, signal: str) -> None:
        self._client.kill(name, signal)

    def touch(self, container_id: str, path: str) -> None:
        """Make an empty file in a running container."""
        self._client.exec_start(self._client.exec_create(container_id, ["touch", path])["Id"])

    def until_ended(self, container_id: str) -> None:
        self._client.wait(container_id)

    def exit_code(self, name: str) -> int:
        return self._client.inspect_container(name)["State"]["ExitCode"]

    def remove(self, name: str) -> None:
        self._client.remove_container(name, force=True, v=True)

    def tag(self, image: str, name: str) -> None:
        """Give an image a further name, or take it from another image."""
        self._client.tag(image, name, tag="latest", force=True)

    def forget_image(self, image: str) -> None:
        """Remove an image if it is there."""
        if self._client.images(image):
            self._client.remove_image(image, force=True)
