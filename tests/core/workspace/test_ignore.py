"""What ignore files leave out: as git and Docker do it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvalidArgumentError
from core.workspace.ignore import DockerRules, GitRules
from core.workspace.listing import list_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAMES = ("a", "b", "keep", "x.log", "a.b")


def written(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return root


def sent(folder: Path) -> list[str]:
    return [file.path for file in list_workspace(folder).files]


def git_sends(folder: Path) -> list[str]:
    """What git itself would add: the judge of these tests."""
    command = ("git", "-c", "core.excludesFile=/dev/null", "ls-files", "-z", "--others", "--exclude-standard")
    found = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return sorted(found.stdout.decode().split("\0")[:-1])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(("git", "init", "-q", tmp_path), check=True, capture_output=True)
    return tmp_path


CASES = {
    "a name at any depth": {".gitignore": "*.log\n", "x.log": "", "a/y.log": "", "a/z": ""},
    "an anchored name": {".gitignore": "/build\n", "build/x": "", "a/build/x": ""},
    "a folder only": {".gitignore": "out/\n", "out/x": "", "a/out": ""},
    "a path in the middle": {".gitignore": "a/b\n", "a/b": "", "c/a/b": ""},
    "taken back": {".gitignore": "*.log\n!keep.log\n", "x.log": "", "keep.log": ""},
    "not taken back out of a folder": {".gitignore": "out\n!out/keep\n", "out/keep": "", "out/x": ""},
    "taken back beside others": {".gitignore": "out/*\n!out/keep\n", "out/keep": "", "out/x": "", "out/d/keep": ""},
    "all below": {".gitignore": "out/**\n!out/d/\n!out/d/keep\n", "out/d/keep": "", "out/d/x": "", "out/x": ""},
    "a name below a folder taken back": {".gitignore": "*.log\n!d/\n", "d/x.log": "", "d/y": ""},
    "everything but": {".gitignore": "*\n!*/\n!*.py\n", "a.py": "", "d/b.py": "", "d/c.txt": ""},
    "stars in between": {".gitignore": "a/**/z\n", "a/z": "", "a/b/c/z": "", "b/a/z": ""},
    "a deeper file decides": {".gitignore": "*.log\n", "d/.gitignore": "!x.log\n", "d/x.log": "", "x.log": ""},
    "a deeper file stays below": {"d/.gitignore": "/x\n", "d/x": "", "x": "", "d/d/x": ""},
    "spaces, hashes, marks": {".gitignore": "a b  \n\\#c\n\\!d\n# e\n", "a b": "", "#c": "", "!d": "", "# e": ""},
    "lines of other systems": {".gitignore": "\ufeffx\r\ny\r\n", "x": "", "y": "", "z": ""},
    "classes": {".gitignore": "[ab]x\n[!c]y\nz[\nfoo[!q]bar\n", "ax": "", "cx": "", "cy": "", "dy": "", "foo/bar": ""},
    "question marks": {".gitignore": "?.txt\n", "a.txt": "", "ab.txt": ""},
}


@pytest.mark.parametrize("files", CASES.values(), ids=CASES)
def test_gits_rules_leave_out_what_git_leaves_out(repository: Path, files: dict[str, str]) -> None:
    written(repository, files)
    assert sent(repository) == git_sends(repository)


def _line(mark: str, start: str, parts: list[str], end: str) -> str:
    return mark + start + "/".join(parts) + end


SEGMENTS = st.sampled_from((*NAMES, "*", "**", "*.log", "?", "[ab]", "k*p", "[!a]"))
LINES = st.builds(
    _line,
    st.sampled_from(("", "", "!")),
    st.sampled_from(("", "/")),
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(("", "", "/")),
)
RULES = st.lists(LINES, min_size=1, max_size=5)
TREES = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), min_size=3, max_size=12)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=RULES, inner=RULES, tree=TREES)
def test_whatever_the_rules_git_agrees(
    tmp_path_factory: pytest.TempPathFactory, top: list[str], inner: list[str], tree: list[list[str]]
) -> None:
    root = tmp_path_factory.mktemp("r")
    subprocess.run(("git", "init", "-q", root), check=True, capture_output=True)
    for parts in tree:
        place = root.joinpath(*parts)
        if not place.exists() and not any(above.is_file() for above in place.parents):
            written(root, {"/".join(parts): ""})
    written(root, {".gitignore": "\n".join(top)})
    if (root / "a").is_dir():
        written(root, {"a/.gitignore": "\n".join(inner)})
    assert sent(root) == git_sends(root)


def test_a_folder_inside_a_repository_obeys_the_rules_above_it(repository: Path) -> None:
    files = {".gitignore": "*.log\n/sub/gone\n", "sub/x.log": "", "sub/gone": "", "sub/y": "", "sub/mine": ""}
    written(repository, files)
    (repository / ".git" / "info" / "exclude").write_text("mine\n", encoding="utf-8")
    assert sent(repository / "sub") == ["y"] == git_sends(repository / "sub")


def test_rules_without_a_repository_hold_all_the_same(tmp_path: Path) -> None:
    written(tmp_path, {".gitignore": "*.log\n", "x.log": "", "y": ""})
    assert sent(tmp_path) == [".gitignore", "y"]


@pytest.mark.parametrize(
    ("text", "path", "is_out"),
    [
        ("*.log", "x.log", True),
        ("*.log", "a/x.log", False),  # unlike git: from the folder's own place
        ("**/*.log", "a/b/x.log", True),
        ("out", "out/deep/er", True),
        ("/out/", "out/x", True),
        ("./out", "out/x", True),
        ("out\n!out/keep", "out/keep", False),
        ("out\n!out/keep", "out/x", True),
        ("*\n!a", "a/b", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-b]x", "bx", True),
        ("a.c", "abc", False),
        ("a\\*c", "a*c", True),
        ("# x", "# x", False),
        ("a/**", "a/b/c", True),
        ("  a  ", "a", True),
    ],
)
def test_dockers_rules_leave_out_what_docker_leaves_out(text: str, path: str, *, is_out: bool) -> None:
    rules, index = DockerRules(text), -1
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        index = rules.last("/".join(parts[:depth]), index)
    assert rules.leaves_out(index) is is_out


def test_both_kinds_of_rules_apply_and_a_file_is_taken_back_from_a_folder_that_docker_leaves_out(
    tmp_path: Path,
) -> None:
    written(
        tmp_path, {".gitignore": "a\n", ".dockerignore": "b\nd\n!d/keep\n", "a": "", "b": "", "d/keep": "", "d/x": ""}
    )
    assert sent(tmp_path) == [".dockerignore", ".gitignore", "d/keep"]


def test_a_line_that_is_no_pattern_is_refused_as_docker_refuses_it_and_passed_over_as_git_does() -> None:
    with pytest.raises(InvalidArgumentError, match="dockerignore"):
        DockerRules("a\n[z-a]\n")
    assert GitRules("[z-a]\n!\nx\n").decide("x", is_folder=False) is True


def test_no_pattern_makes_matching_slow() -> None:
    rules = GitRules("\n".join(["*a" * 40 + "b", "**/a/" * 40 + "b", *(f"n{index}*" for index in range(5000))]))
    assert rules.decide("a" * 200 + "c", is_folder=False) is None
    assert rules.decide("/".join(["a"] * 500), is_folder=False) is None
    assert rules.decide("n4999x", is_folder=False) is True
