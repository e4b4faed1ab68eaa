"""The configuration, for commands that show it; its faults as errors of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import OrcaOpsError
from orcaops_mcp.client.errors import ClientError
from orcaops_mcp.settings import load_configuration

if TYPE_CHECKING:
    from orcaops_mcp.settings import Configuration


def read_configuration(**overrides: Any) -> Configuration:
    """The effective configuration.

    Args:
        overrides: Values from the command line; None means not given.

    Raises:
        ClientError: It has faults; all of them are named.
    """
    try:
        return load_configuration(overrides=overrides)
    except OrcaOpsError as error:
        raise as_client_error(error) from None


def as_client_error(error: OrcaOpsError) -> ClientError:
    """An error of the engine's, in this process, as the command line tells errors."""
    findings = [{"path": finding.path, "message": finding.message} for finding in error.findings]
    return ClientError(error.code, error.message, hint=error.hint, retryable=error.retryable, findings=findings)
