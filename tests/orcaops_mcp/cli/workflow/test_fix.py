"""`orcaops workflow validate --fix`: what is sure is mended in the file, and nothing else is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from orcaops_mcp.cli.workflow.files import read_file, write_file
from tests.orcaops_mcp.cli.workflow.conftest import NOTHING_WRONG, SEED, TYPO

if TYPE_CHECKING:
    from tests.orcaops_mcp.cli.workflow.conftest import Desk


def test_a_sure_fix_is_written_and_shown(desk: Desk) -> None:
    result = desk.run("validate", "--fix", desk.put("typo.yaml", TYPO))
    assert desk.text("typo.yaml") == TYPO.replace("requries", "requires")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "-    requries: build\n+    requires: build\n" in result.stderr
    assert result.stderr.endswith("typo.yaml: in order, 2 jobs\n")


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('build: {image: "docker:24-dind"', 'build: {image: "docker:24-dind", requires: [deploy-staging]'),
        ("requires: [build]", "requries: [build]"),
        ("'refs/heads/main'", r"\"refs/heads/main\""),
    ],
    ids=["a circle", "a key misspelt", "double quotes in a condition"],
)
def test_the_seeds_broken_pipeline_is_mended_to_what_it_was(desk: Desk, written: str, instead: str) -> None:
    file = desk.put("seed.yaml", SEED.replace(written, instead))
    assert desk.run("validate", "--fix", file).exit_code == 0
    assert desk.text("seed.yaml") == SEED


def test_what_is_not_sure_stays(desk: Desk) -> None:
    text = "jobs:\n  a: {image: 'alpine:3.20', needs: nowhere, commands: [ls]}\n"
    result = desk.run("validate", "--fix", desk.put("lost.yaml", text))
    assert (result.exit_code, desk.text("lost.yaml")) == (7, text)
    assert " E011 " in result.stdout


def test_other_spellings_are_no_faults_and_stay(desk: Desk) -> None:
    text = "jobs:\n  a: {container: 'alpine:3.20', script: [ls]}\n"
    assert desk.run("validate", "--fix", desk.put("gitlab.yaml", text)).exit_code == 0
    assert desk.text("gitlab.yaml") == text


def test_a_fix_keeps_permissions_line_ends_and_the_byte_order_mark(desk: Desk) -> None:
    path = desk.folder / "typo.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + TYPO.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    assert desk.run("validate", "--fix", "typo.yaml").exit_code == 0
    wanted = TYPO.replace("requries", "requires").replace("\n", "\r\n").encode()
    assert path.read_bytes() == b"\xef\xbb\xbf" + wanted
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in desk.folder.iterdir()] == ["typo.yaml"]


def test_a_link_stays_a_link_and_the_file_behind_it_is_mended(desk: Desk) -> None:
    desk.put("real/typo.yaml", TYPO)
    (desk.folder / "link.yaml").symlink_to("real/typo.yaml")
    assert desk.run("validate", "--fix", "link.yaml").exit_code == 0
    assert (desk.folder / "link.yaml").is_symlink()
    assert "requires" in desk.text("real/typo.yaml")


def test_a_file_in_order_is_not_written(desk: Desk) -> None:
    file = desk.put("ok.yaml", NOTHING_WRONG)
    before = (desk.folder / file).stat()
    assert desk.run("validate", "--fix", file).exit_code == 0
    after = (desk.folder / file).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_called_file_is_mended_only_when_it_is_named(desk: Desk) -> None:
    desk.put("part.yaml", TYPO)
    calls = desk.put("calls.yaml", "jobs:\n  part: {uses: ./part.yaml}\n")
    assert desk.run("validate", "--fix", calls).exit_code == 7
    assert desk.text("part.yaml") == TYPO
    assert desk.run("validate", "--fix", "part.yaml", calls).exit_code == 0


def test_a_file_that_cannot_be_written_is_told_and_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk.put("typo.yaml", TYPO)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    result = desk.run("validate", "--fix", file)
    assert (result.exit_code, desk.text(file)) == (1, TYPO)
    assert "typo.yaml cannot be written: Permission denied" in result.stderr


def test_what_somebody_else_wrote_meanwhile_is_not_written_over(desk: Desk) -> None:
    file = read_file(desk.put("typo.yaml", TYPO))
    desk.put("typo.yaml", NOTHING_WRONG)
    with pytest.raises(click.ClickException, match="changed by somebody else"):
        write_file(file, TYPO.replace("requries", "requires"))
    assert desk.text("typo.yaml") == NOTHING_WRONG


def test_json_is_printed_alone_while_fixes_are_told_beside_it(desk: Desk) -> None:
    document = desk.document("validate", "--fix", "--json", desk.put("typo.yaml", TYPO))
    assert document == {"valid": True, "findings": []}
