"""The file of named tokens, and the command that keeps it."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import InvalidArgumentError
from orcaops_mcp.daemon.named_tokens import TokenExistsError, TokenFile, TokenNotFoundError, digest_of
from orcaops_mcp.daemon.token import UnusableTokenError

_NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
_ORCAOPS = Path(sys.executable).parent / "orcaops"


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "home")


def test_the_file_keeps_a_hash_and_only_its_owner_reads_it(file: TokenFile) -> None:
    assert file.read() == ()
    token = file.add("ci", "write", _NOW, _NOW + timedelta(days=90))
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert token not in file.path.read_text()
    kept = file.read()[0]
    assert (kept.name, kept.scope, kept.sha256) == ("ci", "write", digest_of(token.encode()))
    assert (kept.created_at, kept.expires_at, kept.last_used_at) == (_NOW, _NOW + timedelta(days=90), None)
    assert {path.name for path in file.path.parent.iterdir()} == {"tokens.json", "tokens.lock"}


def test_no_two_tokens_are_alike(file: TokenFile) -> None:
    tokens = {file.add(f"t{number}", "read", _NOW) for number in range(5)}
    assert len(tokens) == 5
    assert all(len(token) > 40 for token in tokens)


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "../x", "ü", "-x", ".x", "x" * 65, "a\n", "a\0"])
def test_a_name_is_a_plain_word(file: TokenFile, name: str) -> None:
    with pytest.raises(InvalidArgumentError):
        file.add(name, "read", _NOW)
    assert file.read() == ()


def test_a_name_is_given_once_and_can_be_given_again_after_its_removal(file: TokenFile) -> None:
    first = file.add("ci", "read", _NOW)
    with pytest.raises(TokenExistsError):
        file.add("ci", "write", _NOW)
    file.remove(["ci"])
    assert file.add("ci", "write", _NOW) != first


def test_either_all_names_are_removed_or_none(file: TokenFile) -> None:
    for name in ("a", "b", "c"):
        file.add(name, "read", _NOW)
    with pytest.raises(TokenNotFoundError, match="'x'"):
        file.remove(["a", "x"])
    file.remove(["a", "c"])
    assert [token.name for token in file.read()] == ["b"]


def test_many_writers_at_once_lose_nothing(file: TokenFile) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = [threads.submit(file.add, f"t{number}", "read", _NOW) for number in range(40)]
        tokens = [future.result() for future in made]
    assert {token.sha256 for token in file.read()} == {digest_of(token.encode()) for token in tokens}


def test_a_use_is_noted_for_the_one_token_and_not_for_one_that_is_gone(file: TokenFile) -> None:
    used = file.add("used", "read", _NOW)
    file.add("idle", "read", _NOW)
    file.note_use(digest_of(used.encode()), _NOW)
    file.note_use(digest_of(b"gone"), _NOW)
    assert [token.last_used_at for token in file.read()] == [_NOW, None]


_GOOD: dict[str, Any] = {"name": "a", "scope": "read", "sha256": "0" * 64, "created_at": "2026-01-31T12:00:00+00:00"}


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "3", "null", '{"tokens": {}}x', '{"tokens": [3]}', "[" * 100_000,
        json.dumps({"tokens": [_GOOD, _GOOD]}),
        *(json.dumps({"tokens": [_GOOD | more]}) for more in (
            {"name": "../a"}, {"name": 3}, {"scope": "admin"}, {"sha256": "short"}, {"sha256": None},
            {"created_at": None}, {"created_at": "today"}, {"created_at": "2026-01-31T12:00:00"}, {"expires_at": 3},
        )),
    ],
)  # fmt: skip
def test_a_damaged_file_is_said_to_be_and_left_as_it_is(file: TokenFile, content: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(content)
    file.path.chmod(0o600)
    for act in (file.read, lambda: file.add("b", "read", _NOW), lambda: file.remove(["a"])):
        with pytest.raises(UnusableTokenError, match="damaged"):
            act()
    assert file.path.read_text() == content


def test_a_home_has_a_thousand_tokens_at_most(file: TokenFile) -> None:
    file.path.parent.mkdir()
    tokens = [_GOOD | {"name": f"t{number}"} for number in range(1000)]
    file.path.write_text(json.dumps({"tokens": tokens}))
    file.path.chmod(0o600)
    with pytest.raises(InvalidArgumentError, match="1000"):
        file.add("one-more", "read", _NOW)
    file.path.write_text(json.dumps({"tokens": tokens}) + " " * 1024 * 1024)
    with pytest.raises(UnusableTokenError):
        file.read()


def test_a_file_that_others_may_read_is_not_trusted(file: TokenFile) -> None:
    file.add("ci", "read", _NOW)
    file.path.chmod(0o640)
    with pytest.raises(UnusableTokenError) as refused:
        file.read()
    assert "chmod 600" in refused.value.hint


def test_a_home_that_cannot_be_written_to_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(UnusableTokenError):
        TokenFile(tmp_path / "home").add("ci", "read", _NOW)


def _orcaops(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_ORCAOPS, *words, "--home", home], capture_output=True, text=True, timeout=60, check=False)


def test_the_command_adds_lists_and_removes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    added = _orcaops(home, "tokens", "add", "ci", "--scope", "write", "--expires", "90d")
    assert added.returncode == 0, added.stderr
    token = added.stdout.strip()
    assert token.startswith("orcaops_")
    assert "not shown again" in added.stderr
    kept = TokenFile(home).read()[0]
    assert kept.sha256 == digest_of(token.encode())
    assert kept.expires_at is not None
    assert kept.expires_at - kept.created_at == timedelta(days=90)

    listed = _orcaops(home, "tokens")
    assert (listed.returncode, listed.stdout.split("\t")[:2]) == (0, ["ci", "write"])
    document = json.loads(_orcaops(home, "tokens", "list", "--json").stdout)
    assert [item["name"] for item in document["items"]] == ["ci"]
    assert token not in listed.stdout + json.dumps(document)
    assert kept.sha256 not in json.dumps(document)

    assert _orcaops(home, "tokens", "remove", "ci").stdout == "removed ci\n"
    assert TokenFile(home).read() == ()


@pytest.mark.parametrize(
    ("words", "code", "saying"),
    [
        (("remove", "nobody"), 3, "no token 'nobody'"),
        (("add", "a b"), 2, "name:"),
        (("add", "a", "--expires", "soon"), 2, "--expires"),
        (("add", "a", "--expires", "0"), 2, "future"),
        (("add", "a", "--scope", "admin"), 2, "--scope"),
        (("add", "taken"), 6, "already"),
        (("list", "--url", "http://127.0.0.1:1"), 2, "on this machine"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, words: tuple[str, ...], code: int, saying: str) -> None:
    TokenFile(tmp_path).add("taken", "read", _NOW)
    ended = _orcaops(tmp_path, "tokens", *words)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert saying in ended.stderr
    assert "Traceback" not in ended.stderr
