"""What an engine names cannot be written anywhere but below the folder that was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orcaops_mcp.client.client import client_of_url
from orcaops_mcp.client.errors import UNREACHABLE, ClientError
from orcaops_mcp.client.files import save_artifact, send_file, send_workspace

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = client_of_url("http://127.0.0.1:1")


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/../x", "..", "", "/", "a/.."])
def test_a_path_that_climbs_is_refused_before_anything_is_asked(tmp_path: Path, path: str) -> None:
    with pytest.raises(ClientError) as caught:
        save_artifact(NOBODY, "job_x", {"path": path, "sha256": ""}, str(tmp_path))
    assert caught.value.code == "not_allowed"


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "f").symlink_to("/etc/hostname")
    with pytest.raises(ClientError) as caught:
        save_artifact(NOBODY, "job_x", {"path": "f", "sha256": ""}, str(tmp_path))
    assert caught.value.code == "not_allowed"


def test_a_path_that_was_absolute_in_the_container_stands_below_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ClientError) as caught:
        save_artifact(NOBODY, "job_x", {"path": "/etc/x", "sha256": ""}, str(tmp_path))
    assert caught.value.code == UNREACHABLE
    assert (tmp_path / "etc").is_dir()
    assert list((tmp_path / "etc").iterdir()) == []


@pytest.mark.parametrize("path", ["/etc/hostname", "../x", "nothing-here"])
def test_a_file_to_send_stands_below_this_folder(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ClientError) as caught:
        send_file(NOBODY, path)
    assert caught.value.code in {"invalid_argument", "failed"}


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ClientError):
        send_workspace(NOBODY, str(tmp_path / "none"))
