"""The configuration as it may be shown: every value with where it came from, secrets by their names only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orcaops_mcp.settings import setting_paths, value_at

if TYPE_CHECKING:
    from orcaops_mcp.settings import Configuration


def values_of(configuration: Configuration) -> dict[str, tuple[str, str]]:
    """Every setting's value as text and where it came from, by its dotted path; secrets by their names only."""
    shown = {
        path: (_text(value_at(configuration.settings, path)), configuration.origins[path]) for path in setting_paths()
    }
    names = ",".join(sorted({*configuration.secrets, *configuration.secret_files})) or "-"
    return shown | {"secrets": (names, "ORCAOPS_SECRET_<NAME>, ORCAOPS_SECRET_<NAME>_FILE")}


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "-"  # pyright: ignore[reportUnknownArgumentType] - a tuple of texts
    return "-" if value in (None, "", {}) else str(value)
