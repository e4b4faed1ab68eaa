"""Uploads as doors show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core import Upload


def upload_view(upload: Upload) -> dict[str, Any]:
    """Files sent in, ready to be named by a job."""
    return {
        "upload_id": upload.upload_id,
        "files": [
            {"path": file.path, "sha256": file.sha256, "size": file.size, "executable": file.executable}
            for file in upload.files
        ],
    }
