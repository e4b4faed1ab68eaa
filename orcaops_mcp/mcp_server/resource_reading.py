"""Reads of resources: what the engine refuses becomes the protocol's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from core import NotFoundError, OrcaOpsError

if TYPE_CHECKING:
    from collections.abc import Awaitable

Result = TypeVar("Result")


async def as_resource(reading: Awaitable[Result]) -> Result:
    """What is read.

    Raises:
        ResourceNotFoundError: There is no such thing.
        ResourceError: It cannot be read.
    """
    try:
        return await reading
    except NotFoundError as error:
        raise ResourceNotFoundError(f"{error.message} {error.hint}") from error
    except OrcaOpsError as error:
        raise ResourceError(f"{error.message} {error.hint}") from error
