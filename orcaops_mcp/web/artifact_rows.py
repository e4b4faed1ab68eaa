"""Artifacts in a table: what each is, what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core import Artifact, Engine

PICTURES: Final = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
"""Pictures that are shown, by the end of their names."""
TABLES: Final = {".csv": ",", ".tsv": "\t"}
"""Tables, with what separates their columns."""
_TEXTS: Final = frozenset(
    {
        *(".txt", ".log", ".md", ".rst", ".out", ".err", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".sql"),
        *(".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".env", ".properties", ".lock", ".diff", ".patch"),
        *(".xml", ".html", ".htm", ".svg", ".css", ".js", ".mjs", ".ts", ".py", ".sh", ".bash", ".rb", ".go", ".rs"),
        *(".java", ".kt", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs"),
    }
)
_MOST_PICTURE: Final = 16 * 1024 * 1024


async def artifact_rows(engine: Engine, artifacts: Sequence[Artifact], job_id: str) -> list[dict[str, Any]]:
    """What a table shows of a job's files, in their order."""
    there = await engine.artifacts_on_disk(job_id, artifacts)
    return [artifact_row(artifact, job_id, is_gone=artifact.sha256 not in there) for artifact in artifacts]


def artifact_row(artifact: Artifact, job_id: str, *, is_gone: bool = False) -> dict[str, Any]:
    """What a table shows of a file.

    Args:
        artifact: The file.
        job_id: Whose it is.
        is_gone: Whether its bytes are not where they should be.
    """
    path = quote(artifact.path, safe="/")
    is_kept = artifact.state == "kept"
    return {
        "path": artifact.path,
        "state": artifact.state,
        "size": artifact.size if is_kept else None,
        "type": artifact.media_type,
        "sha256": artifact.sha256,
        "note": artifact.note,
        "pattern": artifact.pattern,
        "attempt": artifact.attempt,
        "expires_at": artifact.expires_at,
        "is_gone": is_kept and is_gone,
        "download": f"/jobs/{job_id}/artifacts/{path}" if is_kept else None,
        "preview": f"/jobs/{job_id}/preview/{path}" if is_kept and preview_of(artifact) else None,
    }


def preview_of(artifact: Artifact) -> str:
    """How a file can be looked at: ``picture``, ``table``, ``json``, ``text``; empty for not at all."""
    end = ending(artifact.path)
    if end in PICTURES:
        return "picture" if artifact.size <= _MOST_PICTURE else ""
    if end in TABLES:
        return "table"
    if end == ".json":
        return "json"
    return "text" if end in _TEXTS or artifact.media_type.startswith("text/") or not end else ""


def ending(path: str) -> str:
    """The end of a file's name, such as ``.png``; empty if it has none."""
    name = path.rpartition("/")[2].lower()
    stem, dot, end = name.rpartition(".")
    return f".{end}" if dot and stem else ""
