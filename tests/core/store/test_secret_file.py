from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from core.errors import InvalidArgumentError, NotFoundError, UnusableSecretsError
from core.store.secret_file import MOST_BYTES, SecretFile

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VALUE = "hunter2-hunter2"


def test_what_was_set_is_read_in_the_order_of_names_until_it_is_removed(tmp_path: Path) -> None:
    file = SecretFile(tmp_path / "home")
    assert file.read() == {}
    assert not file.put("TOKEN", VALUE, NOW)
    assert not file.put("API_KEY", "line one\nline two\n", NOW)
    assert file.put("TOKEN", "another value", NOW)
    assert [(name, secret.value) for name, secret in file.read().items()] == [
        ("API_KEY", "line one\nline two\n"),
        ("TOKEN", "another value"),
    ]
    with pytest.raises(NotFoundError, match="'NOPE'"):
        file.remove(["TOKEN", "NOPE"])
    file.remove(["TOKEN", "API_KEY"])
    assert file.read() == {}


def test_only_its_owner_may_read_the_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = SecretFile(tmp_path)
    (tmp_path / "secrets.json.part").write_text("left by a crash")
    file.put("TOKEN", VALUE, NOW)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secrets.json", "secrets.lock"]
    assert VALUE not in repr(file.read())


def test_a_file_that_others_may_read_is_refused_with_what_mends_it(tmp_path: Path) -> None:
    file = SecretFile(tmp_path)
    file.put("TOKEN", VALUE, NOW)
    file.path.chmod(0o640)
    with pytest.raises(UnusableSecretsError, match="Others may read") as caught:
        file.read()
    assert "chmod 600" in caught.value.hint
    with pytest.raises(UnusableSecretsError):
        file.put("OTHER", VALUE, NOW)


@pytest.mark.parametrize(
    "content",
    [
        "",
        f'{{"secrets": {{"TOKEN": {{"value": "{VALUE}"',
        "[1]",
        '{"secrets": [1]}',
        '{"secrets": {"TOKEN": "x"}}',
        '{"secrets": {"1X": {"value": "x", "set_at": "2026-01-01T00:00:00Z"}}}',
        '{"secrets": {"X": {"value": 1, "set_at": "2026-01-01T00:00:00Z"}}}',
        '{"secrets": {"X": {"value": "", "set_at": "2026-01-01T00:00:00Z"}}}',
        '{"secrets": {"X": {"value": "x", "set_at": "2026-01-01T00:00:00"}}}',
        '{"secrets": ' + '{"X": ' * 5000,
    ],
)
def test_a_torn_or_foreign_file_is_refused_and_nothing_of_it_repeated(tmp_path: Path, content: str) -> None:
    file = SecretFile(tmp_path)
    file.path.write_text(content)
    file.path.chmod(0o600)
    with pytest.raises(UnusableSecretsError, match="damaged") as caught:
        file.read()
    assert caught.value.__cause__ is None
    assert VALUE not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("name", ["", "1X", "A-B", "A B", "Ä", "A" * 129, "../x", "A\n"])
def test_a_secret_is_named_like_a_variable(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="named like a variable"):
        SecretFile(tmp_path).put(name, VALUE, NOW)


@pytest.mark.parametrize(
    ("value", "said"),
    [("", "nothing was given"), ("a\0b", "NUL"), ("\udcff", "Unicode"), ("x" * (MOST_BYTES + 1), "at most")],
)
def test_values_that_no_variable_can_have_are_refused_and_not_repeated(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=said) as caught:
        SecretFile(tmp_path).put("TOKEN", value, NOW)
    assert not value or value not in str(caught.value)


def test_as_many_as_may_be_fit_and_one_more_is_refused(tmp_path: Path) -> None:
    file = SecretFile(tmp_path)
    entries = {f"N{number}": {"value": "x", "set_at": NOW.isoformat()} for number in range(1000)}
    file.path.write_text(json.dumps({"secrets": entries}))
    file.path.chmod(0o600)
    assert file.put("N1", "y", NOW)
    with pytest.raises(InvalidArgumentError, match="1000 secrets"):
        file.put("ONE_MORE", "y", NOW)
