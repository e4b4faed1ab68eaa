"""What a git checkout tells of a workflow file in it, as git itself makes checkouts."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from orcaops_mcp.cli.workflow.checkout import github_context

if TYPE_CHECKING:
    from pathlib import Path

_REMOTE = "https://user:secret@git.example.org/team/app.git"


class Repository:
    """A checkout that git made.

    Args:
        folder: Its top.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ada Lovelace")
        self.git("config", "user.email", "ada@example.org")
        self.git("remote", "add", "origin", _REMOTE)
        self.git("commit", "-q", "--allow-empty", "-m", "first")

    def git(self, *words: str) -> str:
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=variables, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    if shutil.which("git") is None:
        pytest.skip("git makes the checkouts that are read")
    return Repository(tmp_path / "app")


def test_a_checkout_tells_branch_commit_repository_and_who_works_there(repository: Repository) -> None:
    (repository.folder / "ci" / "deep").mkdir(parents=True)
    assert github_context(repository.folder / "ci" / "deep") == {
        "ref": "refs/heads/main",
        "ref_name": "main",
        "ref_type": "branch",
        "sha": repository.git("rev-parse", "HEAD"),
        "repository": "team/app",
        "actor": "Ada Lovelace",
    }


def test_a_branch_with_slashes_keeps_them_and_packed_references_are_read(repository: Repository) -> None:
    repository.git("switch", "-q", "-c", "release/1.2")
    repository.git("pack-refs", "--all")
    told = github_context(repository.folder)
    assert (told["ref"], told["ref_name"]) == ("refs/heads/release/1.2", "release/1.2")
    assert told["sha"] == repository.git("rev-parse", "HEAD")


def test_a_commit_without_a_branch_has_no_reference(repository: Repository) -> None:
    repository.git("checkout", "-q", "--detach")
    told = github_context(repository.folder)
    assert told["sha"] == repository.git("rev-parse", "HEAD")
    assert not told.keys() & {"ref", "ref_name", "ref_type"}


def test_a_checkout_without_a_commit_has_a_branch_only(repository: Repository) -> None:
    repository.git("switch", "-q", "--orphan", "empty")
    told = github_context(repository.folder)
    assert (told["ref_name"], "sha" in told) == ("empty", False)


def test_a_further_work_tree_tells_its_own_branch_and_the_shared_remote(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    told = github_context(tmp_path / "side")
    assert (told["ref_name"], told["repository"]) == ("side", "team/app")
    assert told["sha"] == repository.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("address", "repository_name"),
    [
        ("git@git.example.org:team/app.git", "team/app"),
        ("file:///srv/git/team/app.git", None),
        ("ssh://git@git.example.org:2222/group/team/app/", "team/app"),
        ("https://git.example.org/app", None),
        ("/srv/git/team/app.git", None),
        ("../elsewhere", None),
    ],
)
def test_the_repository_is_the_end_of_a_remotes_address(
    repository: Repository, address: str, repository_name: str | None
) -> None:
    repository.git("remote", "set-url", "origin", address)
    assert github_context(repository.folder).get("repository") == repository_name


def test_outside_of_a_checkout_nothing_is_known(tmp_path: Path) -> None:
    assert github_context(tmp_path) == {}


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/../../secret", "ref: refs/heads/loop", "not a commit", "\0\0", "ref: /etc/hostname"]
)
def test_a_damaged_checkout_stops_nothing_and_leads_nowhere(tmp_path: Path, head: str) -> None:
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text(head)
    (tmp_path / ".git" / "refs" / "heads" / "loop").write_text("ref: refs/heads/loop")
    (tmp_path / "secret").write_text("0" * 40)
    assert "sha" not in github_context(tmp_path)


def test_settings_are_read_as_git_writes_them(repository: Repository) -> None:
    repository.git("config", "user.name", 'Ada "the first" # of many')
    assert github_context(repository.folder)["actor"] == 'Ada "the first" # of many'
