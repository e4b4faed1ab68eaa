"""The configuration, for commands that show it; its faults as errors of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import OrcaOpsError
from orcaops_mcp.client.errors import ClientError
from orcaops_mcp.settings import load_configuration, setting_paths, value_at

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


def values_of(configuration: Configuration) -> dict[str, tuple[str, str]]:
    """Every setting's value as text and where it came from, by its dotted path; secrets by their names only."""
    shown = {
        path: (_text(value_at(configuration.settings, path)), configuration.origins[path]) for path in setting_paths()
    }
    names = ",".join(sorted(configuration.secrets)) or "-"
    return shown | {"secrets": (names, "ORCAOPS_SECRET_<NAME>")}


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "-"  # pyright: ignore[reportUnknownArgumentType] - a tuple of texts
    return "-" if value in (None, "", {}) else str(value)
