"""The token file, and the port that the door listens on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orcaops_mcp.daemon.door import CannotListenError, open_door
from orcaops_mcp.daemon.token import UnusableTokenError, read_or_make_token
from orcaops_mcp.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_token_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "home" / "token"
    token = read_or_make_token(path)
    assert len(token) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_make_token(path) == token


@pytest.mark.parametrize(("content", "mode"), [("short", 0o600), ("x" * 40, 0o644), ("", 0o600), ("a b" * 10, 0o600)])
@pytest.mark.hostile("B63")
def test_a_token_file_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(UnusableTokenError):
        read_or_make_token(path)


def test_a_folder_in_a_tokens_place_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UnusableTokenError, match="cannot be read"):
        read_or_make_token(tmp_path)


def test_without_a_token_only_loopback_is_served(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotListenError, match="needs a token"),
        open_door(Settings(home=tmp_path, host="0.0.0.0", port=0), with_token=False),  # noqa: S104 - it is refused
    ):
        pass


def test_a_port_that_is_taken_is_said_plainly(tmp_path: Path) -> None:
    with (
        open_door(Settings(home=tmp_path, port=0)) as door,
        pytest.raises(CannotListenError, match=f"port {door.port}"),
        open_door(Settings(home=tmp_path, port=door.port)),
    ):
        pass
    with (
        pytest.raises(CannotListenError, match="not an address"),
        open_door(Settings(home=tmp_path, host="no.invalid")),
    ):
        pass
